import Algebra

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
  /// q(v̂), one per step.
  var drifts: [Double] = []
  /// H (v̂ − w*) + E Y − Y: the slope at v̂ of drift cost and penalty, where Y is the gradient of λ·φ(v).
  var pulls: [Double] = []
  /// What the reference costs.
  var cost = 0.0
}

extension InformationRelaxation {
  /// Plays the reference on one path, with E Y at every step from fresh draws of the market.
  func path(copy: UInt32, source: RandomSource) -> RelaxedPath {
    let n = task.count
    var path = RelaxedPath()
    var walk = MarketWalk(task.market, copy: copy, source: source)
    var expectation = SlopeExpectation(
      task, prices, pairs: effort.pairs, copy: copy, source: source)
    var weights = task.targets
    var lambda = price(weights, left: task.horizon, regime: walk.regime)
    for step in 0..<task.horizon {
      let (left, regime) = (task.horizon - step, walk.regime)
      let held = prices.destination(
        from: weights, deviations: deviations(weights), left: left, regime: regime)
      let slope = driftSlope(held, regime: regime)
      let drift = (0..<n).reduce(0) { $0 + slope[$1] * (held[$1] - task.targets[$1]) / 2 }
      path.cost += (0..<n).reduce(drift) {
        $0 + task.costs[$1] * abs(held[$1] - weights[$1])
      }
      expectation.take(held, step: step, left: left, regime: regime)
      walk.move(step: step)
      let total = (0..<n).reduce(0) { $0 + held[$1] * walk.growth[$1] }
      let growth = walk.growth.map { $0 / total }
      weights = (0..<n).map { held[$0] * growth[$0] }
      let next = price(weights, left: left - 1, regime: walk.regime)
      let level = (0..<n).reduce(0) { $0 + next[$1] * weights[$1] }
      path.regimes.append(regime)
      path.held += held
      path.growth += growth
      path.prices += lambda
      path.drifts.append(drift)
      path.pulls += (0..<n).map {
        slope[$0] + expectation.slope[$0] - (next[$0] - level) * growth[$0]
      }
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

  /// H (v − w*)
  private func driftSlope(_ held: [Double], regime: Int) -> [Double] {
    let n = task.count
    let matrix = task.drifts[regime]
    return (0..<n).map { i in
      (0..<n).reduce(0) { $0 + matrix[i * n + $1] * (held[$1] - task.targets[$1]) }
    }
  }
}
