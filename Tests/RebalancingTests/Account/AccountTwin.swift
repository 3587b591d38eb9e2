import Ledgers
import Markets
import Rebalancing

/// A taxable account kept by hand: units, cash and the exact ledger, in currency; the slow truth of
/// trades that are accounted for.
struct AccountTwin {
  private let task: RebalancingTask
  private let cash: Int
  private let costPerUnit: [Double]
  private let rates: TaxRates
  private let account = Account("taxable")
  private(set) var ledger = Ledger()
  private var prices: [Double]
  private(set) var cashAmount: Double
  private var taxPaid = 0.0

  /// One lot per asset, bought on the first day.
  init(_ task: RebalancingTask, tax: LotTax, on date: CalendarDate) throws {
    self.task = task
    cash = task.payment.cash ?? 0
    costPerUnit = task.costs.assets.map(\.halfSpread)
    rates = TaxRates(
      shortTerm: tax.rates.short, longTerm: tax.rates.long,
      qualifiedDividends: tax.rates.dividends)
    prices = task.initialPrices
    cashAmount = task.targets[cash] * task.initialValue
    for i in risky {
      try ledger.buy(
        task.targets[i] * task.initialValue / prices[i], of: task.assets[i], at: prices[i],
        in: account, on: Day(daysSinceEpoch: date.daysSinceEpoch))
    }
  }

  private var risky: [Int] { task.assets.indices.filter { $0 != cash } }

  private func amount(_ i: Int) -> Double {
    ledger.units(of: task.assets[i], in: account) * prices[i]
  }

  var value: Double { risky.reduce(cashAmount) { $0 + amount($1) } }

  /// Weight per asset.
  var weights: [Double] {
    task.assets.indices.map { ($0 == cash ? cashAmount : amount($0)) / value }
  }

  /// Trades a fraction of the way, pays costs and this year's tax from cash, raises what is missing
  /// by selling in proportion, and lets prices grow.
  ///
  /// - Returns: costs and tax in currency.
  mutating func step(
    fraction: Double, growth: [Double], on date: CalendarDate
  ) throws -> (cost: Double, tax: Double) {
    let day = Day(daysSinceEpoch: date.daysSinceEpoch)
    let before = value
    var trades = task.assets.indices.map { i in
      fraction * (task.targets[i] * before - (i == cash ? cashAmount : amount(i)))
    }
    var (cost, tax) = (0.0, 0.0)
    for _ in 0..<30 {
      let charged = try execute(trades, on: day)
      let paid = try settleYear(day.year)
      cost += charged
      tax += paid
      cashAmount -= charged + paid
      guard cashAmount < -1e-14 * before else { break }
      let available = risky.reduce(0) { $0 + amount($1) }
      let missing = -cashAmount
      trades = task.assets.indices.map {
        $0 == cash ? missing : -amount($0) * missing / available
      }
    }
    for i in risky { prices[i] *= growth[i] }
    cashAmount *= growth[cash]
    return (cost, tax)
  }

  /// Sells and buys at a half spread.
  private mutating func execute(_ trades: [Double], on day: Day) throws -> Double {
    var cost = 0.0
    for i in risky where trades[i] < 0 {
      let fee = -trades[i] * costPerUnit[i]
      try ledger.sell(
        -trades[i] / prices[i], of: task.assets[i], at: prices[i], fee: fee, in: account, on: day,
        selection: .fifo)
      cost += fee
      cashAmount -= trades[i]
    }
    for i in risky where trades[i] > 0 {
      let fee = trades[i] * costPerUnit[i]
      try ledger.buy(
        trades[i] / prices[i], of: task.assets[i], at: prices[i], fee: fee, in: account, on: day)
      cost += fee
      cashAmount -= trades[i]
    }
    return cost
  }

  /// Pays by how much the taxes of all years so far have changed.
  private mutating func settleYear(_ year: Int) throws -> Double {
    let due = ledger.taxReturns(through: year, rates: rates).reduce(0) { $0 + $1.tax }
    let paid = due - taxPaid
    taxPaid = due
    return paid
  }
}
