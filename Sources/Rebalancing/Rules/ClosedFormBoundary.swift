import Foundation

/// The optimal no-trade half-width for two assets under proportional cost and quadratic drift cost, in
/// continuous time and for small costs.
///
/// h³ = 3 κ w*² (1 − w*)² / (2 γ), from minimising (γ/2) σ² E[x²] + κ · turnover, where x = w − w*
/// diffuses with volatility σ w*(1 − w*). The volatility cancels. Source: the small-cost expansion of
/// Davis & Norman (1990) as in Gerhold, Guasoni, Muhle-Karbe & Schachermayer (2014).
///
/// - Parameters:
///   - costPerUnit: κ, cost of both legs per unit of weight moved.
///   - riskAversion: γ.
///   - target: w* of the first asset.
public func closedFormHalfWidth(
  costPerUnit: Double, riskAversion: Double, target: Double
) -> Double {
  let spread = target * (1 - target)
  return cbrt(3 * costPerUnit * spread * spread / (2 * riskAversion))
}

/// The closed-form half-width of the first asset; `nil` where the formula's conditions do not hold.
public func closedFormHalfWidth(
  targets: [Double], costPerUnit: [Double], driftCost: DriftCost
) -> Double? {
  guard targets.count == 2, case .quadratic(let riskAversion) = driftCost, riskAversion > 0,
    targets[0] > 0, targets[0] < 1
  else { return nil }
  return closedFormHalfWidth(
    costPerUnit: costPerUnit[0] + costPerUnit[1], riskAversion: riskAversion,
    target: targets[0])
}
