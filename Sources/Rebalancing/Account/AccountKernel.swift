import Algebra
import Markets

/// The trade of a step where more happens than proportional costs paid pro rata: filters, costs in
/// currency, a cash account, tax lots.
///
/// One value serves the scalar environment (one lane) and the batched one. Everything is a fraction
/// of the value before the trade; lots and taxes are in currency. In this order: tax that has become
/// due is paid; losses are harvested; trades are cut to what can be done; sells, then buys, meet the
/// lots; the year's tax follows; costs and tax are paid, from cash where there is a cash account, and
/// what cash lacks is raised by selling the other assets pro rata, with costs and tax of its own.
struct AccountKernel<L: Lanes>: Sendable {
  let assetCount: Int
  let targets: [L.Scalar]
  let costs: TradingCosts.Prepared<L>
  /// The asset that pays, where payment is not pro rata.
  let cash: Int?
  /// The flat rate on gains over average cost; 0 without this tax.
  let averageCostRate: L.Scalar
  let lotTax: LotTax?
  let book: LotBook<L>?
  /// Whether assets are ever halted.
  let hasInterruptions: Bool
  /// Whether half spreads are ever multiplied.
  let changesSpreads: Bool
  let longTerm: LongTermTable
  private let initialValue: L.Scalar
  private let initialPrices: [L.Scalar]

  init(_ task: RebalancingTask) {
    assetCount = task.assets.count
    targets = task.targets.map { L.Scalar($0) }
    costs = TradingCosts.Prepared(task.costs)
    cash = task.payment.cash
    averageCostRate = L.Scalar(task.tax.averageCostRate)
    lotTax = task.tax.lots
    book = task.tax.lots.map { $0.book(assets: task.assets.count) }
    hasInterruptions = task.market.hasInterruptions
    changesSpreads = task.market.changesSpreads
    longTerm = LongTermTable(task)
    initialValue = L.Scalar(task.initialValue)
    initialPrices = task.initialPrices.map { L.Scalar($0) }
  }

  /// What a trade meets: the portfolio of one group at the moment of the decision.
  struct Situation {
    /// Fraction of the way to the goals.
    var fraction: L
    /// Where losses are to be harvested.
    var isHarvesting: L.Mask
    /// Where the episode ends with this step, which settles all tax.
    var isLast: L.Mask
    /// V in currency.
    var value: L
    var day: TradingDay<L>
  }

  /// What the market says of an asset, rows of a [4, assets] span.
  enum Quote: Int {
    /// In currency per unit.
    case price
    /// Per √day; only where costs need it.
    case volatility
    /// `Availability` as a number; only where trade is ever interrupted.
    case availability
    /// The factor of the half spread; only where it ever changes.
    case spread
  }

  /// Place of a quote in the span.
  @inline(__always) func place(_ quote: Quote, _ i: Int) -> Int {
    quote.rawValue &* assetCount &+ i
  }

  /// What a trade came to, as fractions of value.
  struct Result {
    /// Transaction costs and tax.
    var cost = L(repeating: 0)
    var tax = L(repeating: 0)
    /// The part of the wanted trades that the cap on volume forbade.
    var capped = L(repeating: 0)
    /// Costs that the traded asset itself has paid, by a harvest.
    var paidByAssets = L(repeating: 0)
    /// What cash has paid so far.
    var paidByCash = L(repeating: 0)
    /// What has been realised and not yet taxed: of lots in currency, over average cost as a fraction.
    var gains = RealizedGains<L>.none
    var averageGains = L(repeating: 0)
  }

  /// Numbers of a group's lots and tax position.
  var ledgerCount: Int {
    book.map { $0.layout.count + TaxPosition<L>.count } ?? 0
  }

  /// Opens lots and tax position at an episode's start.
  ///
  /// - Parameters:
  ///   - day: days since 1970-01-01.
  ///   - ledger: of one group.
  func begin(on day: L, where lanes: L.Mask, ledger: inout MutableSpan<L>) {
    guard let book else { return }
    for i in 0..<assetCount {
      let price = L(repeating: initialPrices[i])
      let units = i == cash ? L(repeating: 0) : L(repeating: targets[i] * initialValue) / price
      book.open(i, units: units, unitBasis: price, on: day, where: lanes, in: &ledger)
    }
    var position = TaxPosition<L>(ledger.span, at: accountOffset)
    position.begin(on: day, where: lanes)
    position.write(to: &ledger, at: accountOffset)
  }

  /// Enters qualified dividends, in currency.
  func receive(dividend: L, ledger: inout MutableSpan<L>) {
    guard book != nil else { return }
    var position = TaxPosition<L>(ledger.span, at: accountOffset)
    position.dividends = position.dividends + dividend
    position.write(to: &ledger, at: accountOffset)
  }

  /// What the lots of an asset have cost, as a fraction of value; of cash its weight.
  func basis(of i: Int, weight: L, price: L, value: L, ledger: Span<L>) -> L {
    guard let book, i != cash else { return weight }
    let holding = book.holding(i, at: SecurityPrices(price), in: ledger)
    return (holding.value - holding.unrealizedGain) / value
  }

  /// What the rules of holding periods say of a day.
  func tradingDay(_ day: L) -> TradingDay<L> {
    book == nil ? TradingDay(day: day, longSince: day) : longTerm.tradingDay(day)
  }

  /// Trades, pays and writes the post-trade weights.
  ///
  /// - Parameters:
  ///   - goals: the weights that are traded to, of sum 1; shape [assets], as all spans of one group here.
  ///   - weights: before the trade.
  ///   - quotes: shape [4, assets].
  ///   - basis: acquisition cost as a fraction of value; moves along, without lots.
  ///   - ledger: lots and tax account; moves along, with lots.
  ///   - trades: receives u, what is traded of each asset in all.
  ///   - held: receives the post-trade weights, which sum to 1.
  ///   - sales, orders: [assets], to compute in.
  func trade(
    _ now: Situation, goals: Span<L>, weights: Span<L>, quotes: Span<L>,
    basis: inout MutableSpan<L>,
    ledger: inout MutableSpan<L>, trades: inout MutableSpan<L>, held: inout MutableSpan<L>,
    sales: inout MutableSpan<L>, orders: inout MutableSpan<L>
  ) -> Result {
    var result = Result()
    openDay(now, &result, &ledger)
    for i in 0..<assetCount { held[i] = weights[i] }
    harvest(now, quotes, &result, &held, &ledger)
    if isTrading(now, quotes) {
      wish(now, goals, quotes, held.span, into: &trades)
      filter(now, &result, &trades, weights: held.span)
      execute(now, quotes, &result, trades.span, &held, &basis, &ledger)
    } else {
      for i in trades.indices { trades[i] = L(repeating: 0) }
    }
    payTax(now, &result, &ledger)
    if let cash {
      debit(cash, &result, &held)
      raise(cash, now, quotes, &result, &trades, &held, &basis, &ledger, &sales, &orders)
      let left = L(repeating: 1) - (result.cost + result.tax)
      for i in held.indices { held[i] = held[i] / left }
      for i in basis.indices { basis[i] = basis[i] / left }
      // Cash has no gain.
      basis[cash] = held[cash]
    }
    return result
  }
}
