// Replacements are matched in order of purchase, losses in order of sale and within a sale in order
// of acquisition (Treas. Reg. § 1.1091-1).

extension Ledger {
  /// Purchases up to this many days before or after a sale replace what it sold.
  public static let washSaleDays = 30

  /// Lets the newest lot of a group replace open losses of the last 30 days, the oldest sale first.
  mutating func replaceOpenLosses(of group: String, on day: Day) {
    guard let losses = books[group]?.openLosses, !losses.isEmpty else { return }
    let first = day.adding(days: -Self.washSaleDays)
    let open = losses.filter { realized[$0].sold >= first && realized[$0].openUnits > 0 }
    for row in open {
      guard let last = books[group]?.lots.indices.last,
        books[group]?.lots[last].isReplacement == false
      else { break }
      replace(row, by: last, of: group)
    }
    books[group]?.openLosses = open.filter { realized[$0].openUnits > 0 }
  }

  /// Replaces the loss of a row by lots bought in the last 30 days and still held, the oldest first.
  ///
  /// What is left of the loss stays open for purchases to come.
  mutating func replaceLoss(_ row: Int) {
    let group = group(of: realized[row].asset)
    let first = realized[row].sold.adding(days: -Self.washSaleDays)
    let lots = books[group]?.lots ?? []
    var index = (lots.lastIndex { $0.acquired < first } ?? -1) + 1
    while realized[row].openUnits > 0, let lot = books[group]?.lot(at: index) {
      // What is left of a lot does not replace what was sold of it.
      if !lot.isReplacement, lot.id != realized[row].lot { replace(row, by: index, of: group) }
      index += 1
    }
    if realized[row].openUnits > 0 { books[group]?.openLosses.append(row) }
  }

  /// Replaces as many units of a loss as possible by a lot that has replaced nothing yet.
  ///
  /// Where the lot is larger it is split: the units that replace stand first.
  private mutating func replace(_ row: Int, by index: Int, of group: String) {
    guard var replacement = books[group]?.splitReplacement(realized[row].openUnits, at: index)
    else { return }
    let disallowed = realized[row].disallow(replacement.units)
    years[realized[row].sold.year, default: YearTotals()].disallow(
      disallowed, realized[row].term)
    replacement.isReplacement = true
    switch replacement.account.kind {
    case .taxable:
      replacement.basis += disallowed
      let held = realized[row].sold.days(since: realized[row].holdingFrom)
      replacement.holdingFrom = replacement.acquired.adding(days: -held)
    case .ira: realized[row].lost += disallowed
    }
    books[group]?.lots[index] = replacement
  }
}

extension RealizedSale {
  /// Disallows the loss of units that were replaced.
  ///
  /// - Returns: how much of the loss.
  fileprivate mutating func disallow(_ replaced: Double) -> Double {
    let isAll = openUnits - replaced <= roundingTolerance * openUnits
    let loss = isAll ? -recognized : -recognized * (replaced / openUnits)
    openUnits = isAll ? 0 : openUnits - replaced
    disallowed = isAll ? -gain : disallowed + loss
    return loss
  }
}

extension Ledger.Book {
  fileprivate func lot(at index: Int) -> Lot? { index < lots.count ? lots[index] : nil }

  /// Splits units off a lot so that they stand before the rest of it, and returns them.
  fileprivate mutating func splitReplacement(_ units: Double, at index: Int) -> Lot {
    let available = lots[index].units
    guard units < available, takable(units, of: available) < available else { return lots[index] }
    let part = lots[index].split(off: units)
    lots.insert(part, at: index)
    return part
  }
}
