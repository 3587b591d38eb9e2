import Ledgers

/// The naive twin of a ledger: every unit is a share of its own with its own history.
///
/// Whole units only, one group of identical assets. Slow, and short enough to be read against the
/// rules of Publication 550.
struct ShareBook {
  struct Share {
    let lot: Int
    let account: Account
    let asset: String
    let acquired: Day
    var holdingFrom: Day
    var basis: Double
    var hasReplaced = false
  }

  struct Loss {
    let sale: Int
    let lot: Int
    let sold: Day
    let daysHeld: Int
    let amount: Double
    var isReplaced = false
  }

  /// What a sale has realized of a lot, by the number of the sale.
  struct Row: Hashable {
    let sale: Int
    let lot: Int
    let term: HoldingTerm
  }

  var shares: [Share] = []
  var losses: [Loss] = []
  var gains: [Row: Double] = [:]
  var disallowed: [Row: Double] = [:]
  private var lots = 0
  private var sales = 0

  mutating func trade(_ fills: [Fill], on day: Day) {
    for fill in fills where fill.side == .buy { buy(fill, on: day) }
    let first = losses.count
    for fill in fills.filter({ $0.side != .buy }) { sell(fill, on: day) }
    for loss in first..<losses.count {
      if let share = shares.firstIndex(where: { share in
        !share.hasReplaced && share.lot != losses[loss].lot
          && day.days(since: share.acquired) <= 30
      }) {
        replace(loss, by: share)
      }
    }
  }

  private mutating func buy(_ fill: Fill, on day: Day) {
    lots += 1
    for _ in 0..<Int(fill.units) {
      shares.append(
        Share(
          lot: lots, account: fill.account, asset: fill.asset, acquired: day, holdingFrom: day,
          basis: fill.price + fill.fee / fill.units))
      if let loss = losses.firstIndex(where: { !$0.isReplaced && day.days(since: $0.sold) <= 30 }) {
        replace(loss, by: shares.count - 1)
      }
    }
  }

  private mutating func sell(_ fill: Fill, on day: Day) {
    sales += 1
    let price = fill.price - fill.fee / fill.units
    var taken = shares.indices.filter {
      shares[$0].account == fill.account && shares[$0].asset == fill.asset
    }.sorted { a, b in
      let (x, y) = (shares[a], shares[b])
      if (x.acquired == day) != (y.acquired == day) { return y.acquired == day }
      return key(x, fill, price, day) < key(y, fill, price, day)
        || key(x, fill, price, day) == key(y, fill, price, day) && a < b
    }
    taken = taken.prefix(Int(fill.units)).sorted()
    for share in taken.map({ shares[$0] }) { realize(share, price, on: day) }
    for index in taken.reversed() { shares.remove(at: index) }
  }

  private func key(_ share: Share, _ fill: Fill, _ price: Double, _ day: Day) -> Double {
    guard case .sell(let selection) = fill.side else { return 0 }
    switch selection {
    case .lifo: return -Double(share.lot)
    // Shares of one lot part may differ in their last bits.
    case .hifo: return -(share.basis * 1e6).rounded()
    case .minimumTax(let rates):
      let rate = share.account.kind == .ira ? 0 : rates[term(of: share, day)]
      return ((price - share.basis) * rate * 1e6).rounded()
    default: return 0
    }
  }

  private func term(of share: Share, _ day: Day) -> HoldingTerm {
    day >= share.holdingFrom.firstLongTermDay ? .long : .short
  }

  private mutating func realize(_ share: Share, _ price: Double, on day: Day) {
    let gain = price - share.basis
    gains[Row(sale: sales, lot: share.lot, term: term(of: share, day)), default: 0] += gain
    if gain < 0, share.account.kind == .taxable {
      losses.append(
        Loss(
          sale: sales, lot: share.lot, sold: day, daysHeld: day.days(since: share.holdingFrom),
          amount: -gain))
      rows.append(Row(sale: sales, lot: share.lot, term: term(of: share, day)))
    }
  }

  /// The row of each loss.
  private var rows: [Row] = []

  private mutating func replace(_ loss: Int, by share: Int) {
    losses[loss].isReplaced = true
    disallowed[rows[loss], default: 0] += losses[loss].amount
    shares[share].hasReplaced = true
    guard shares[share].account.kind == .taxable else { return }
    shares[share].basis += losses[loss].amount
    shares[share].holdingFrom = shares[share].acquired.adding(days: -losses[loss].daysHeld)
  }
}
