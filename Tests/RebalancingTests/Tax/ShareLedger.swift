import Algebra
import Markets
import Rebalancing

/// The slow truth of tax lots: every share on its own, so that no lot is ever split or merged.
///
/// One asset, in two securities; shares are kept in order of purchase.
struct ShareLedger {
  struct Share {
    var security: Int
    var acquired: Int
    var heldFrom: Int
    var basis: Double
    var hasReplaced = false
  }

  struct Loss {
    var security: Int
    var day: Int
    var amount: Double
    var daysHeld: Int
    var isLong: Bool
  }

  var shares: [Share] = []
  private var losses: [Loss] = []
  let order: SaleOrder
  let rates: TaxRates
  let rule = LongTermRule.moreThanOneYear

  init(order: SaleOrder, rates: TaxRates) {
    self.order = order
    self.rates = rates
  }

  func isLong(_ heldFrom: Int, on day: Int) -> Bool {
    rule.firstLongTermDay(boughtOn: CalendarDate(daysSinceEpoch: heldFrom)).daysSinceEpoch <= day
  }

  /// Buys share by share; returns the losses whose credit is taken back, as gains.
  mutating func buy(
    _ count: Int, unitCost: Double, on day: Int, security: Int = 0
  ) -> RealizedGains<Double> {
    var gains = RealizedGains<Double>.none
    for _ in 0..<count {
      var share = Share(security: security, acquired: day, heldFrom: day, basis: unitCost)
      let match = losses.firstIndex { $0.security == security && day - $0.day <= 30 }
      if let match {
        let loss = losses.remove(at: match)
        share.basis += loss.amount
        share.heldFrom = day - loss.daysHeld
        share.hasReplaced = true
        gains.disallow(loss.amount, loss.isLong)
      }
      shares.append(share)
    }
    return gains
  }

  /// Sells the shares that the order of sale names, and matches losses one by one.
  mutating func sell(_ count: Int, prices: [Double], on day: Int) -> RealizedGains<Double> {
    if order == .averageCost { averageBasis() }
    let sold = Array(ranked(prices, on: day).prefix(count)).sorted()
    let rows = sold.map { shares[$0] }
    for index in sold.reversed() { shares.remove(at: index) }
    var gains = RealizedGains<Double>.none
    for row in rows {
      let gain = prices[row.security] - row.basis
      let isLong = isLong(row.heldFrom, on: day)
      if isLong { gains.long += gain } else { gains.short += gain }
      guard gain < 0 else { continue }
      let loss = Loss(
        security: row.security, day: day, amount: -gain, daysHeld: day - row.heldFrom,
        isLong: isLong)
      let replacement = shares.firstIndex {
        $0.security == row.security && $0.acquired != row.acquired && !$0.hasReplaced
          && day - $0.acquired <= 30
      }
      if let replacement {
        shares[replacement].basis += loss.amount
        shares[replacement].heldFrom = shares[replacement].acquired - loss.daysHeld
        shares[replacement].hasReplaced = true
        gains.disallow(loss.amount, isLong)
      } else {
        losses.append(loss)
      }
    }
    return gains
  }

  /// Indices of shares in order of sale.
  func ranked(_ prices: [Double], on day: Int) -> [Int] {
    let keys = shares.map { share -> Double in
      switch order {
      case .fifo, .averageCost: 0
      case .lifo: 0
      case .hifo: -share.basis
      case .minimumTax:
        (prices[share.security] - share.basis)
          * (isLong(share.heldFrom, on: day) ? rates.long : rates.short)
      }
    }
    let sorted = shares.indices.sorted {
      keys[$0] != keys[$1] ? keys[$0] < keys[$1] : $0 < $1
    }
    return order == .lifo ? sorted.reversed() : sorted
  }

  private mutating func averageBasis() {
    for security in 0...1 {
      let held = shares.indices.filter { shares[$0].security == security }
      let average = held.reduce(0) { $0 + shares[$1].basis } / Double(max(1, held.count))
      for index in held { shares[index].basis = average }
    }
  }

  var basis: Double { shares.reduce(0) { $0 + $1.basis } }
}

extension RealizedGains<Double> {
  /// Takes a loss out again.
  fileprivate mutating func disallow(_ loss: Double, _ isLong: Bool) {
    if isLong { long += loss } else { short += loss }
    disallowed += loss
  }

  /// The largest difference of any part.
  func distance(to other: Self) -> Double {
    max(
      abs(short - other.short), abs(long - other.long), abs(disallowed - other.disallowed))
  }
}
