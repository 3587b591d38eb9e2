extension Ledger {
  /// Adds the lot of a purchase.
  mutating func open(_ purchase: Fill, on day: Day) {
    let group = group(of: purchase.asset)
    let lot = Lot(
      id: nextLot, account: purchase.account, asset: purchase.asset, units: purchase.units,
      basis: purchase.cost, acquired: day, holdingFrom: day)
    nextLot += 1
    books[group, default: Book()].lots.append(lot)
    replaceOpenLosses(of: group, on: day)
  }

  /// Takes the lots of a sale and realizes them.
  mutating func close(_ sale: Fill, on day: Day) {
    guard let selection = sale.selection else { return }
    let group = group(of: sale.asset)
    if selection == .averageCost { averageBasis(of: sale, on: day) }
    var open = sale.units
    var parts: [(place: Int, lot: Lot)] = []
    for place in order(of: sale, selection, on: day) where open > 0 {
      guard let part = books[group]?.take(open, at: place) else { continue }
      parts.append((place, part))
      open -= part.units
    }
    books[group]?.lots.removeAll { $0.units <= 0 }
    // Whatever the selection, rows stand in order of purchase: so their losses are replaced.
    realize(parts.sorted { $0.place < $1.place }.map(\.lot), for: sale.proceeds, on: day)
  }

  /// Divides the proceeds of a sale among its parts by units; the last takes what rounding leaves.
  private mutating func realize(_ parts: [Lot], for proceeds: Double, on day: Day) {
    var (proceeds, units) = (proceeds, parts.reduce(0) { $0 + $1.units })
    for part in parts {
      let share = part.units >= units ? proceeds : proceeds * (part.units / units)
      proceeds -= share
      units -= part.units
      book(RealizedSale(part, on: day, proceeds: share))
    }
  }

  private mutating func book(_ row: RealizedSale) {
    realized.append(row)
    if row.account.kind == .taxable {
      years[row.sold.year, default: YearTotals()].add(row.gain, row.term)
    }
  }

  /// Places of the lots that a sale may take, the first one first.
  private func order(of sale: Fill, _ selection: LotSelection, on day: Day) -> [Int] {
    let lots = books[group(of: sale.asset)]?.lots ?? []
    let price = sale.proceeds / sale.units
    let candidates = lots.indices.filter { index in
      lots[index].asset == sale.asset && lots[index].account == sale.account
        && selection.admits(lots[index])
    }.map { index in
      (
        isNew: lots[index].acquired == day ? 1 : 0,
        rank: selection.rank(of: lots[index], price: price, on: day), index: index
      )
    }
    return candidates.sorted {
      ($0.isNew, $0.rank, $0.index) < ($1.isNew, $1.rank, $1.index)
    }.map(\.index)
  }

  /// Gives every unit of a position the average basis: those held before the day, and the day's.
  private mutating func averageBasis(of sale: Fill, on day: Day) {
    for isNew in [false, true] {
      books[group(of: sale.asset)]?.averageBasis {
        $0.asset == sale.asset && $0.account == sale.account && ($0.acquired == day) == isNew
      }
    }
  }
}

extension Ledger.Book {
  /// Takes up to `units` from the lot at `index`, which stays in place, perhaps without units.
  mutating func take(_ units: Double, at index: Int) -> Lot {
    let available = lots[index].units
    let taken = units < available ? takable(units, of: available) : available
    return lots[index].split(off: taken)
  }

  /// Gives every unit of some lots their average basis.
  mutating func averageBasis(where isMember: (Lot) -> Bool) {
    let members = lots.indices.filter { isMember(lots[$0]) }
    let units = members.reduce(0) { $0 + lots[$1].units }
    let basis = members.reduce(0) { $0 + lots[$1].basis }
    for index in members { lots[index].basis = basis * (lots[index].units / units) }
  }
}
