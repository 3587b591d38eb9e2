import Algebra
import Markets
import Rebalancing

/// Approximate marginal costs to come of every weight, `λᵢ = κᵢ Fᵢ(yᵢ)` with `y = B d`, `d = w − w*`.
///
/// They decide how tight the bound is, never whether it holds. Were trades to cost ½ uᵀΘu, costs to
/// come would be ½ dᵀAd with `A Θ⁻¹ A = H`, H the drift cost of a step (Gârleanu and Pedersen 2013).
/// Θ makes that like the proportional cost: an asset of weights' deviation sᵢ a step is traded at the
/// edge hᵢ = κᵢ / Aᵢᵢ about sᵢ² / (2hᵢ) a step, so Θᵢ = 2 κᵢ hᵢ / sᵢ². A is then the geometric mean of Θ
/// and H on trades, which sum to 0. The coordinate `yᵢ = ((A d)ᵢ − μ) / κᵢ` with μ the mean of A d by
/// 1/κ says in units of cost how far the asset is off, hedges of the others counted; each walks
/// alone in its own `PriceTable`. With two assets this is the whole problem up to the curvature of
/// the market's move.
struct ShadowPrices: Sendable {
  let count: Int
  let costs: [Double]
  /// B, shape [assets, assets].
  let loadings: [Double]
  /// B times what the normal numbers of a regime do to weights near the target, shape
  /// [regimes][assets, assets].
  let shockLoadings: [[Double]]
  /// b of each asset's walk, shape [regimes][assets].
  let drifts: [[Double]]
  let tables: [PriceTable]
  /// The trades that these prices suggest.
  private let trade: QuadraticTrade

  init(_ task: RelaxedTask) throws(LinearAlgebraError) {
    let n = task.count
    count = n
    costs = task.costs
    // What costs nothing to trade would have no scale.
    let mean = costs.reduce(0, +) / Double(n)
    let scales = costs.map { max($0, 1e-3 * mean) }
    let moves = WeightMoves(task)
    let quadratic = try Self.continuation(task, scales, moves)
    trade = QuadraticTrade(costs: costs, quadratic: quadratic.map { $0 / 2 })
    let inverses = scales.map { 1 / $0 }
    let total = inverses.reduce(0, +)
    func loadings(_ form: [Double]) -> [Double] {
      let means = (0..<n).map { j in
        (0..<n).reduce(0) { $0 + inverses[$1] * form[$1 * n + j] } / total
      }
      return (0..<n * n).map { (form[$0] - means[$0 % n]) / scales[$0 / n] }
    }
    let rows = loadings(quadratic)
    self.loadings = rows
    shockLoadings = moves.shocks.map { product(rows, $0, n) }
    drifts = moves.drifts.map { drift in
      (0..<n).map { i in (0..<n).reduce(0) { $0 + rows[i * n + $1] * drift[$1] } }
    }
    let sources = task.drifts.map { loadings($0) }
    let average = moves.covariance
    tables = (0..<n).map { [shockLoadings, drifts] i in
      let spread = variance(rows, rows, average, row: i, n)
      let walks = task.drifts.indices.map { regime in
        let shocks = shockLoadings[regime][i * n..<(i + 1) * n]
        return PriceTable.Walk(
          // Of the drift cost's gradient what goes along with y.
          source: max(variance(sources[regime], rows, average, row: i, n) / spread, 1e-4),
          drift: drifts[regime][i],
          deviation: shocks.reduce(0) { $0 + $1 * $1 }.squareRoot())
      }
      return PriceTable(
        walks: walks, transition: task.law.transition, horizon: task.horizon)
    }
  }

  /// A, shape [assets, assets].
  private static func continuation(
    _ task: RelaxedTask, _ scales: [Double], _ moves: WeightMoves
  ) throws(LinearAlgebraError) -> [Double] {
    let n = task.count
    var drift = [Double](repeating: 0, count: n * n)
    for (regime, share) in task.law.stationary.enumerated() {
      for place in drift.indices { drift[place] += share * task.drifts[regime][place] }
    }
    let risk = TangentForm(of: drift, assets: n)
    let variances = (0..<n).map { moves.covariance[$0 * n + $0] }
    let floor = 1e-6 * (variances.max() ?? 1)
    var widths = [Double](repeating: 0.05, count: n)
    var matrix: [Double] = []
    for _ in 0..<40 {
      var frictions = [Double](repeating: 0, count: n * n)
      for i in 0..<n {
        frictions[i * n + i] = 2 * scales[i] * widths[i] / max(variances[i], floor)
      }
      let friction = TangentForm(of: frictions, assets: n)
      matrix = try TangentForm.geometricMean(friction, risk).matrix
      widths = (0..<n).map { (widths[$0] + scales[$0] / matrix[$0 * n + $0]) / 2 }
    }
    return matrix
  }

  /// Writes y = B d.
  func project(_ deviations: Span<Double>, into y: inout MutableSpan<Double>) {
    let loadings = loadings.span
    for i in 0..<count {
      var sum = 0.0
      for j in 0..<count { sum += loadings[i &* count &+ j] * deviations[j] }
      y[i] = sum
    }
  }

  /// Where the prices suggest to trade to.
  func destination(from weights: [Double], deviations: [Double], left: Int, regime: Int) -> [Double]
  {
    var scale = 0.0
    var priced = 0.0
    for i in 0..<count where costs[i] > 0 {
      scale += Double.log(tables[i].edge(left: left, regime: regime))
      priced += 1
    }
    return trade.destination(
      from: weights, deviations: deviations, costsTimes: Double.exp(scale / priced))
  }
}

/// How weights near the target move in a step, to first order.
private struct WeightMoves {
  /// What the normal numbers do, shape [regimes][assets, assets].
  var shocks: [[Double]] = []
  /// Mean, shape [regimes][assets].
  var drifts: [[Double]] = []
  /// In the long run, shape [assets, assets].
  var covariance: [Double]

  init(_ task: RelaxedTask) {
    let (n, w) = (task.count, task.targets)
    // w ← w ∘ (1 + r) / (1 + w·r).
    let jacobian = (0..<n * n).map { place in
      let (i, j) = (place / n, place % n)
      return (i == j ? w[i] : 0) - w[i] * w[j]
    }
    covariance = [Double](repeating: 0, count: n * n)
    for (regime, share) in zip(task.law.regimes, task.law.stationary) {
      let shock = product(jacobian, regime.factor, n)
      shocks.append(shock)
      let returns = squared(regime.factor, n)
      let joint = (0..<n).map { i in (0..<n).reduce(0) { $0 + returns[i * n + $1] * w[$1] } }
      let means = (0..<n).map { i in
        regime.mean[i] + (task.law.returnKind == .log ? returns[i * n + i] / 2 : 0) - joint[i]
      }
      let mean = (0..<n).reduce(0) { $0 + w[$1] * means[$1] }
      drifts.append((0..<n).map { w[$0] * (means[$0] - mean) })
      let moved = squared(shock, n)
      for place in covariance.indices { covariance[place] += share * moved[place] }
    }
  }
}

private func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
  (0..<n * n).map { place in
    (0..<n).reduce(0) { $0 + a[place / n * n + $1] * b[$1 * n + place % n] }
  }
}

/// a aᵀ
private func squared(_ a: [Double], _ n: Int) -> [Double] {
  (0..<n * n).map { place in
    (0..<n).reduce(0) { $0 + a[place / n * n + $1] * a[place % n * n + $1] }
  }
}

/// Row i of a, times S, times row i of b.
private func variance(
  _ a: [Double], _ b: [Double], _ covariance: [Double], row i: Int, _ n: Int
) -> Double {
  (0..<n).reduce(0) { sum, j in
    (0..<n).reduce(sum) { $0 + a[i * n + j] * covariance[j * n + $1] * b[i * n + $1] }
  }
}
