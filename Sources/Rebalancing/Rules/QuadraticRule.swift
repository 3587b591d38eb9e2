/// Minimises cost now plus a quadratic that stands for all costs to come, over all destinations.
///
/// `min over v of Σ κᵢ|vᵢ − wᵢ| + (γ/2) dᵀΣd Δt + c dᵀd` with `d = v − w*`, `v ≥ 0`, `Σv = 1`. H. M.
/// Markowitz, E. L. van Dijk, Single-period mean–variance analysis in a changing world, Financial
/// Analysts Journal 59 (2003), with the quadratic in deviations of M. Kritzman, S. Myrgren, S. Page
/// (2009).
public struct QuadraticRule: Rule {
  public let name: String
  private let trade: QuadraticTrade
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
    let count = costs.count
    trade = QuadraticTrade(
      costs: costs,
      quadratic: covariance.indices.map {
        riskAversion / 2 * covariance[$0] + ($0 % (count + 1) == 0 ? continuation : 0)
      })
    needs = TriggerNeeds(assets: assets)
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let destination = trade.destination(
      from: portfolio.weights, deviations: portfolio.deviations)
    guard destination != portfolio.weights else {
      return .noAction("no trade is worth its cost")
    }
    return TriggerDecision(
      destination: destination, from: portfolio.weights, targets: portfolio.snapshot.targets,
      reasons: ["these weights cost least, now and later"])
  }
}
