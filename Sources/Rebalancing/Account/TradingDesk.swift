import Algebra
import Markets

/// Storage of one group's trade, reused for every group.
struct TradingDesk<L: Lanes>: Sendable {
  /// The weights that trades go to: the targets, or a destination.
  var goals: [L]
  /// What was traded of each asset, as fractions of value.
  private(set) var trades: [L]
  private(set) var quotes: [L]
  /// Sum of the absolute trades.
  var traded: L { trades.reduce(L(repeating: 0)) { $0 + $1.absolute } }
  /// What is sold to raise cash, and the orders that these sales add to.
  private var sales: [L]
  private var orders: [L]

  /// - Parameter targets: empty where no trade is accounted for.
  init(targets: [Double]) {
    goals = targets.map { L(repeating: L.Scalar($0)) }
    let assets = targets.count
    trades = Array(repeating: L(repeating: 0), count: assets)
    sales = trades
    orders = trades
    quotes = Array(repeating: L(repeating: 1), count: 4 * assets)
  }

  /// Takes the destinations of a group from the numbers of its actions.
  ///
  /// - Returns: 1 where there is one, 0 elsewhere.
  mutating func setDestination(_ values: Span<Float>, _ group: Int, weights: Span<L>) -> L {
    var wanted = goals
    var span = wanted.mutableSpan
    let isGiven = ActionFamily.read(values, group, weights: weights, into: &span)
    setDestination(wanted, weights: weights)
    return L(repeating: 0).replacing(with: L(repeating: 1), where: isGiven)
  }

  /// Takes destinations. What differs from the weights by rounding alone stays, so that no ticket is
  /// paid for it.
  mutating func setDestination(_ wanted: [L], weights: Span<L>) {
    let rounding = L(repeating: 16 * L.Scalar.ulpOfOne)
    for i in goals.indices {
      goals[i] = wanted[i].replacing(
        with: weights[i], where: (wanted[i] - weights[i]).absolute .<= rounding)
    }
  }

  /// Takes what the market says of a group's assets.
  mutating func setQuotes(
    _ account: AccountKernel<L>, _ market: Market<L.Scalar>, _ path: MarketPath<L>,
    state: Span<L>, prices: Span<L>
  ) {
    let n = prices.count
    for i in 0..<n { quotes[account.place(.price, i)] = prices[i] }
    if account.costs.needsVolatilities {
      // Costs count in days, of which a year has 252.
      let perDay = L(repeating: L.Scalar(1 / 252.0.squareRoot()))
      for i in 0..<n {
        quotes[account.place(.volatility, i)] =
          market.volatility(of: i, path, state: state) * perDay
      }
    }
    if account.changesSpreads {
      for i in 0..<n { quotes[account.place(.spread, i)] = market.spreadFactor(of: i, path) }
    }
    guard account.hasInterruptions else { return }
    var availability = sales.mutableSpan
    market.availability(path, state: state, into: &availability)
    for i in 0..<n { quotes[account.place(.availability, i)] = sales[i] }
  }

  /// Trades; see `AccountKernel.trade`.
  mutating func trade(
    _ account: AccountKernel<L>, _ now: AccountKernel<L>.Situation, weights: Span<L>,
    basis: inout MutableSpan<L>, ledger: inout MutableSpan<L>, held: inout MutableSpan<L>
  ) -> AccountKernel<L>.Result {
    Self.trade(
      account, now, goals: goals, weights: weights, quotes: quotes, basis: &basis, ledger: &ledger,
      trades: &trades, held: &held, sales: &sales, orders: &orders)
  }

  private static func trade(
    _ account: AccountKernel<L>, _ now: AccountKernel<L>.Situation, goals: [L], weights: Span<L>,
    quotes: [L], basis: inout MutableSpan<L>, ledger: inout MutableSpan<L>, trades: inout [L],
    held: inout MutableSpan<L>, sales: inout [L], orders: inout [L]
  ) -> AccountKernel<L>.Result {
    var trades = trades.mutableSpan
    var sales = sales.mutableSpan
    var orders = orders.mutableSpan
    return account.trade(
      now, goals: goals.span, weights: weights, quotes: quotes.span, basis: &basis, ledger: &ledger,
      trades: &trades, held: &held, sales: &sales, orders: &orders)
  }
}
