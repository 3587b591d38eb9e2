/// The weights that cost least where trades cost in proportion and distance from a target costs a
/// quadratic: `min over v of Σ κᵢ|vᵢ − wᵢ| + dᵀQd` with `d = v − w*`, `v ≥ 0`, `Σv = 1`.
///
/// The minimum is found by exact steps in pairs of assets: at a point where no pair can be improved,
/// the intervals of marginal costs of any two assets meet, so all do, and that is the condition of the
/// minimum.
public struct QuadraticTrade: Sendable, Hashable {
  /// κ, one per asset.
  let costs: [Double]
  /// Q, symmetric, positive on trades that sum to 0; shape [assets, assets].
  let quadratic: [Double]

  public init(costs: [Double], quadratic: [Double]) {
    precondition(
      quadratic.count == costs.count * costs.count,
      "\(quadratic.count) numbers are no quadratic of \(costs.count) assets")
    self.costs = costs
    self.quadratic = quadratic
  }

  /// Sweeps over all pairs before the search is called off; each takes away a good part of the error.
  private static let sweepLimit = 200
  /// A sweep that moves less than this ends the search.
  private static let tolerance = 1e-10

  /// The weights that cost least.
  ///
  /// - Parameters:
  ///   - start: w, before the trade.
  ///   - deviations: w − w*.
  ///   - scale: every κ is multiplied by it.
  public func destination(
    from start: [Double], deviations: [Double], costsTimes scale: Double = 1
  ) -> [Double] {
    var weights = start
    // The gradient of the quadratic, 2 Q d.
    var gradient = start.indices.map { i in
      start.indices.reduce(0) {
        $0 + 2 * quadratic[i * start.count + $1] * deviations[$1]
      }
    }
    for _ in 0..<Self.sweepLimit {
      var largest = 0.0
      for i in start.indices {
        for j in 0..<i {
          let step = step(i, j, start, weights, gradient, scale)
          guard step != 0 else { continue }
          weights[i] += step
          weights[j] -= step
          for k in start.indices {
            let row = k * start.count
            gradient[k] += 2 * step * (quadratic[row + i] - quadratic[row + j])
          }
          largest = max(largest, abs(step))
        }
      }
      if largest < Self.tolerance { break }
    }
    return weights
  }

  /// What moving from asset j to asset i is best now: the minimum of
  /// `½ A x² + B x + κᵢ|x − a| + κⱼ|x − b|`, where a and b undo the trades so far.
  private func step(
    _ i: Int, _ j: Int, _ start: [Double], _ weights: [Double], _ gradient: [Double],
    _ scale: Double
  ) -> Double {
    let count = start.count
    let curvature =
      2 * (quadratic[i * count + i] + quadratic[j * count + j] - 2 * quadratic[i * count + j])
    let slope = gradient[i] - gradient[j]
    var first = (place: start[i] - weights[i], cost: scale * costs[i])
    var second = (place: weights[j] - start[j], cost: scale * costs[j])
    if second.place < first.place { swap(&first, &second) }
    let low = -(slope - first.cost - second.cost) / curvature
    let middle = -(slope + first.cost - second.cost) / curvature
    let high = -(slope + first.cost + second.cost) / curvature
    let best =
      low < first.place
      ? low
      : middle <= first.place
        ? first.place : middle < second.place ? middle : max(high, second.place)
    return min(max(best, -weights[i]), weights[j])
  }
}
