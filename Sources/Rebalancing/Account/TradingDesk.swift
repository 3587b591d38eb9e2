import Algebra

/// Storage of one group's trade, reused for every group.
struct TradingDesk<L: Lanes>: Sendable {
  /// What was traded of each asset, as fractions of value.
  private(set) var trades: [L]
  private var quotes: [L]
  private var scratch: [L]

  init(assets: Int) {
    trades = Array(repeating: L(repeating: 0), count: assets)
    scratch = trades
    quotes = Array(repeating: L(repeating: 1), count: 3 * assets)
  }

  /// Takes the prices of a group.
  mutating func setQuotes(_ prices: Span<L>) {
    for i in prices.indices { quotes[i] = prices[i] }
  }

  /// Trades; see `AccountKernel.trade`.
  mutating func trade(
    _ account: AccountKernel<L>, _ now: AccountKernel<L>.Situation, weights: Span<L>,
    basis: inout MutableSpan<L>, ledger: inout MutableSpan<L>, held: inout MutableSpan<L>
  ) -> AccountKernel<L>.Result {
    Self.trade(
      account, now, weights: weights, quotes: quotes, basis: &basis, ledger: &ledger,
      trades: &trades, held: &held, scratch: &scratch)
  }

  private static func trade(
    _ account: AccountKernel<L>, _ now: AccountKernel<L>.Situation, weights: Span<L>,
    quotes: [L], basis: inout MutableSpan<L>, ledger: inout MutableSpan<L>, trades: inout [L],
    held: inout MutableSpan<L>, scratch: inout [L]
  ) -> AccountKernel<L>.Result {
    var trades = trades.mutableSpan
    var scratch = scratch.mutableSpan
    return account.trade(
      now, weights: weights, quotes: quotes.span, basis: &basis, ledger: &ledger,
      trades: &trades, held: &held, scratch: &scratch)
  }
}
