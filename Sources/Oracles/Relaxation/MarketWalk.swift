import Algebra
import Markets

/// The market along one path, as the environment of the same seed and copy meets it.
struct MarketWalk {
  private let market: Market<Double>
  private let source: RandomSource
  private let copy: UInt32
  private var state: [Double]
  /// Log returns of the last step, one per asset.
  private(set) var logReturns: [Double]
  /// Gross returns of the last step, one per asset.
  private(set) var growth: [Double]

  init(_ market: Market<Double>, copy: UInt32, source: RandomSource) {
    self.market = market
    self.source = source
    self.copy = copy
    growth = [Double](repeating: 1, count: market.assetCount)
    logReturns = growth
    var state = [Double](repeating: 0, count: market.stateCount)
    var span = state.mutableSpan
    market.begin(
      MarketPath(source: source, copy: copy, episode: 0, step: 0), where: true, state: &span)
    self.state = state
  }

  /// The regime in force.
  var regime: Int { state.first.map { Int($0) } ?? 0 }

  mutating func move(step: Int) {
    let paths = [MarketPath<Double>(source: source, copy: copy, episode: 0, step: UInt32(step))]
    var (state, growth, logReturns) = (state, growth, logReturns)
    var states = state.mutableSpan
    var growths = growth.mutableSpan
    var returns = logReturns.mutableSpan
    market.move(paths.span, state: &states, growth: &growths, logReturns: &returns)
    (self.state, self.growth, self.logReturns) = (state, growth, logReturns)
  }
}
