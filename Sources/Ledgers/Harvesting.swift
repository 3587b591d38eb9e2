/// What realizing one loss is worth after a number of years.
///
/// The loss L saves τ_s L now, which grows at r and is taxed as a long-term gain at the horizon T;
/// the lower basis then costs τ_l L:
/// τ_s L [(1 + r)^T (1 − τ_l) + τ_l] − τ_l L.
///
/// - Parameters:
///   - loss: L, in currency, above 0; it is deducted at the short-term rate.
///   - years: T, whole years.
///   - annualReturn: r, of the saving, for example 0.07.
/// - Returns: currency at the horizon, after tax.
public func harvestingGain(
  loss: Double, years: Int, annualReturn: Double, rates: TaxRates
) -> Double {
  var growth = 1.0
  for _ in 0..<max(0, years) { growth *= 1 + annualReturn }
  let saving = rates.shortTerm * loss
  return saving * (growth * (1 - rates.longTerm) + rates.longTerm) - rates.longTerm * loss
}
