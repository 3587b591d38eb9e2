import Algebra
import Markets

/// One market path with a reference portfolio on it, and what the penalty says at each of its steps.
///
/// Shapes are [steps, assets] where nothing else is said. At step t the reference trades from weights w
/// to v̂, the market multiplies by G, and weights become φ(v̂) with `φ(v) = v ∘ G / (v·G)`.
struct RelaxedPath: Sendable {
  /// The regime in force at each step.
  var regimes: [Int] = []
  /// v̂
  var held: [Double] = []
  /// g = G / (v̂·G), so that φ(v̂) = v̂ ∘ g.
  var growth: [Double] = []
  /// λ of the reference's weights before the trade; with a row of zeros for the end, shape
  /// [steps + 1, assets].
  var prices: [Double] = []
  /// E Y − Y, where Y is the gradient of λ·φ(v) at v̂: the slope of the penalty.
  var slopes: [Double] = []
  /// What the reference costs.
  var cost = 0.0
}

extension InformationRelaxation {
  /// Plays the reference on one path, with E Y at every step from fresh draws of the market.
  func path(copy: UInt32, source: RandomSource) -> RelaxedPath {
    let n = task.count
    var path = RelaxedPath()
    var walk = ReferenceWalk(task, copy: copy, source: source)
    var expectation = SlopeExpectation(task, prices, pairs: pairs, copy: copy, source: source)
    var weights = task.targets
    var lambda = price(weights, left: task.horizon, regime: walk.regime)
    for step in 0..<task.horizon {
      let (left, regime) = (task.horizon - step, walk.regime)
      let held = prices.destination(
        from: weights, deviations: deviations(weights), left: left, regime: regime)
      path.cost += cost(from: weights, to: held, regime: regime)
      expectation.take(held, step: step, left: left, regime: regime)
      walk.move(step: step)
      let total = (0..<n).reduce(0) { $0 + held[$1] * walk.growth[$1] }
      let growth = walk.growth.map { $0 / total }
      weights = (0..<n).map { held[$0] * growth[$0] }
      let next =
        left == 1
        ? task.costs.map { _ in 0 }
        : price(
          weights, left: left - 1, regime: walk.regime)
      let level = (0..<n).reduce(0) { $0 + next[$1] * weights[$1] }
      path.regimes.append(regime)
      path.held += held
      path.growth += growth
      path.prices += lambda
      path.slopes += (0..<n).map { expectation.slope[$0] - (next[$0] - level) * growth[$0] }
      lambda = next
    }
    path.prices += lambda
    return path
  }

  private func deviations(_ weights: [Double]) -> [Double] {
    zip(weights, task.targets).map { $0 - $1 }
  }

  /// λ
  private func price(_ weights: [Double], left: Int, regime: Int) -> [Double] {
    var y = weights
    let deviations = deviations(weights)
    var span = y.mutableSpan
    prices.project(deviations.span, into: &span)
    return (0..<task.count).map {
      task.costs[$0] * prices.tables[$0].price(left: left, regime: regime, at: y[$0])
    }
  }

  private func cost(from weights: [Double], to held: [Double], regime: Int) -> Double {
    let n = task.count
    let d = deviations(held)
    let drift = (0..<n).reduce(0) { sum, i in
      (0..<n).reduce(sum) { $0 + d[i] * task.drifts[regime][i * n + $1] * d[$1] / 2 }
    }
    return (0..<n).reduce(drift) { $0 + task.costs[$1] * abs(held[$1] - weights[$1]) }
  }
}

/// The market along one path, as the environment of the same seed and copy meets it.
private struct ReferenceWalk {
  private let market: Market<Double>
  private let source: RandomSource
  private let copy: UInt32
  private var state: [Double]
  private var logReturns: [Double]
  private(set) var growth: [Double]

  init(_ task: RelaxedTask, copy: UInt32, source: RandomSource) {
    market = task.market
    self.source = source
    self.copy = copy
    growth = [Double](repeating: 1, count: task.count)
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
