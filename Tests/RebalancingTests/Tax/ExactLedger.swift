import Algebra
import Ledgers
import Rebalancing

/// The exact ledger of one taxable account and one asset, spoken to as a lot book is.
struct ExactLedger {
  private(set) var ledger = Ledger()
  let selection: LotSelection
  private let account = Account("taxable")
  private let asset = "asset"

  init(order: SaleOrder) {
    let rates = CapitalTaxRates.test
    selection =
      switch order {
      case .fifo: .fifo
      case .lifo: .lifo
      case .hifo: .hifo
      case .minimumTax: .minimumTax(TaxRates(shortTerm: rates.short, longTerm: rates.long))
      case .averageCost: .averageCost
      }
  }

  /// Buys, or sells where negative; returns by how much what is recognised has changed.
  mutating func trade(
    _ units: Double, at price: Double, on day: Int
  ) throws -> RealizedGains<Double> {
    let before = totals
    let day = Day(daysSinceEpoch: day)
    if units > 0 {
      try ledger.buy(units, of: asset, at: price, in: account, on: day)
    } else if units < 0 {
      try ledger.sell(-units, of: asset, at: price, in: account, on: day, selection: selection)
    }
    let after = totals
    return RealizedGains(
      short: after.short - before.short, long: after.long - before.long,
      disallowed: after.disallowed - before.disallowed)
  }

  mutating func trade(_ trade: TradeSequence.Trade) throws -> RealizedGains<Double> {
    try self.trade(Double(trade.shares), at: trade.price, on: trade.day)
  }

  /// Over all years.
  private var totals: RealizedGains<Double> {
    ledger.years.values.reduce(.none) { sum, year in
      sum
        + RealizedGains(
          short: year.gains.shortTerm, long: year.gains.longTerm, disallowed: year.disallowed)
    }
  }
}

extension RealizedGains<Double> {
  /// The largest difference of any part.
  func distance(to other: Self) -> Double {
    max(
      abs(short - other.short), abs(long - other.long), abs(disallowed - other.disallowed))
  }
}
