/// Minimises cost now plus a quadratic that stands for all costs to come, over all destinations.
///
/// `min over v of Σ κᵢ|vᵢ − wᵢ| + (γ/2) dᵀΣd Δt + c dᵀd` with `d = v − w*`, `v ≥ 0`, `Σv = 1`. H. M.
/// Markowitz, E. L. van Dijk, Single-period mean–variance analysis in a changing world, Financial
/// Analysts Journal 59 (2003), with the quadratic in deviations of M. Kritzman, S. Myrgren, S. Page
/// (2009). The minimum is found by exact steps in pairs of assets: at a point where no pair can be
/// improved, the intervals of marginal costs of any two assets meet, so all do, and that is the
/// condition of the minimum.
public struct QuadraticRule: Rule {
  public let name: String
  /// κ, one per asset.
  let costs: [Double]
  /// (γ/2) Σ Δt + c 1, shape [assets, assets].
  let quadratic: [Double]
  public let needs: TriggerNeeds

  /// - Parameters:
  ///   - costs: per unit of amount traded, one per asset.
  ///   - covariance: Σ per year, shape [assets, assets].
  ///   - riskAversion: γ times Δt.
  ///   - continuation: c > 0.
  init(
    name: String, costs: [Double], covariance: [Double], riskAversion: Double,
    continuation: Double, assets: [String]
  ) {
    self.name = name
    self.costs = costs
    let count = costs.count
    quadratic = covariance.indices.map {
      riskAversion / 2 * covariance[$0] + ($0 % (count + 1) == 0 ? continuation : 0)
    }
    needs = TriggerNeeds(assets: assets)
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let destination = self.destination(portfolio)
    guard destination != portfolio.weights else {
      return .noAction("no trade is worth its cost")
    }
    return TriggerDecision(
      destination: destination, from: portfolio.weights, targets: portfolio.snapshot.targets,
      reasons: ["these weights cost least, now and later"])
  }

  /// Sweeps over all pairs before the search is called off; each takes away a good part of the error.
  private static let sweepLimit = 200
  /// A sweep that moves less than this ends the search.
  private static let tolerance = 1e-10

  func destination(_ portfolio: RuledPortfolio) -> [Double] {
    let start = portfolio.weights
    var weights = start
    // The gradient of the quadratic, 2 Q d.
    var gradient = start.indices.map { i in
      start.indices.reduce(0) {
        $0 + 2 * quadratic[i * start.count + $1] * portfolio.deviations[$1]
      }
    }
    for _ in 0..<Self.sweepLimit {
      var largest = 0.0
      for i in start.indices {
        for j in 0..<i {
          let step = step(i, j, start, weights, gradient)
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
    _ i: Int, _ j: Int, _ start: [Double], _ weights: [Double], _ gradient: [Double]
  ) -> Double {
    let count = start.count
    let curvature =
      2 * (quadratic[i * count + i] + quadratic[j * count + j] - 2 * quadratic[i * count + j])
    let slope = gradient[i] - gradient[j]
    var first = (place: start[i] - weights[i], cost: costs[i])
    var second = (place: weights[j] - start[j], cost: costs[j])
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
