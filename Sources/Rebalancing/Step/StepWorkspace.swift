import Algebra
import Markets

/// Storage that a step works in, for a block of groups.
struct StepWorkspace<L: Lanes>: Sendable {
  /// Groups of a block: few enough for the first-level cache, enough to pay for entering a pass.
  static var blockSize: Int { 32 }

  var paths: [MarketPath<L>]
  /// Post-trade weights and gross returns, [groups, assets].
  var held: [L]
  var growth: [L]
  /// Dividends over the price before, [groups, assets]; empty where there are none.
  var income: [L]
  /// Gross return of the portfolio and of one at its target, per group.
  var totals: [L]
  var targetTotals: [L]
  /// Cost, tax and drift cost per group, as fractions of value.
  var costs: [L]
  var taxes: [L]
  var drifts: [L]
  /// Where trades are accounted for; per group, what the volume cap forbade and the sum of trades.
  var desk: TradingDesk<L>
  var capped: [L]
  var traded: [L]
  /// Of one group, the observed facts.
  var facts: [L]
  /// Of one group: [assets], [assets, assets] and [features].
  var deviations: [L]
  var covariance: [L]
  var columns: [L]

  init(_ task: RebalancingTask) {
    let zero = L(repeating: 0)
    let words = L.Words(word: 0)
    let assets = task.assets.count
    let path = MarketPath<L>(
      source: RandomSource(seed: 0), copy: words, episode: words, step: words)
    paths = Array(repeating: path, count: Self.blockSize)
    held = Array(repeating: zero, count: Self.blockSize * assets)
    growth = held
    income = task.market.paysDividends ? held : []
    costs = Array(repeating: zero, count: Self.blockSize)
    totals = costs
    targetTotals = costs
    taxes = costs
    drifts = costs
    desk = TradingDesk(targets: task.needsAccount ? task.targets : [])
    capped = costs
    traded = costs
    facts = Array(repeating: zero, count: task.observation.factCount)
    deviations = Array(repeating: zero, count: assets)
    covariance = Array(repeating: zero, count: assets * assets)
    columns = Array(repeating: zero, count: task.observation.size)
  }
}
