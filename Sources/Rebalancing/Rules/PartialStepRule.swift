/// Goes a fixed part of the way to the target at every decision.
public struct PartialStepRule: Rule {
  public let name: String
  public let fraction: Double

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    portfolio.totalDistance > 0
      ? TriggerDecision(fraction: fraction, reasons: ["\(fraction) of the way"])
      : .noAction("at the target")
  }
}

/// The part of the way to the aim that is optimal under quadratic costs, a/λ.
///
/// `a = [−(γ(1−ρ) + λρ) + √((γ(1−ρ) + λρ)² + 4γλ(1−ρ)²)] / (2(1−ρ))`, for risk cost `(γ/2) xᵀΣx` a step
/// and trading cost `(λ/2) ΔxᵀΣΔx`. N. Gârleanu, L. H. Pedersen, Dynamic trading with predictable
/// returns and transaction costs, J. Finance 68 (2013).
///
/// - Parameters:
///   - riskAversion: γ > 0.
///   - tradingCost: λ > 0.
///   - discount: ρ in [0, 1).
public func garleanuPedersenRate(
  riskAversion: Double, tradingCost: Double, discount: Double
) -> Double {
  let kept = 1 - discount
  let linear = riskAversion * kept + tradingCost * discount
  let root = (linear * linear + 4 * riskAversion * tradingCost * kept * kept).squareRoot()
  return (root - linear) / (2 * kept) / tradingCost
}
