import Algebra
import Rebalancing

/// Optimal trading under quadratic costs with predictable returns, in closed form.
///
/// `x_t = (1 − a/λ) x_{t−1} + (a/λ) aim_t`, `aim_t = (γΣ)⁻¹ B (1 + aΦ/γ)⁻¹ f_t`, for returns `B f`,
/// factors that revert by Φ, risk cost `(γ/2) xᵀΣx` and trading cost `(λ/2) ΔxᵀΣΔx` a step; a/λ is
/// `garleanuPedersenRate`. N. Gârleanu, L. H. Pedersen, J. Finance 68 (2013).
public struct QuadraticCostOptimum: Sendable, Hashable {
  /// a/λ: the part of the way to the aim that is traded at every step.
  public let rate: Double
  /// What the aim is per unit of each factor, shape [assets, factors].
  public let aimLoadings: [[Double]]

  /// - Parameters:
  ///   - riskAversion: γ > 0.
  ///   - tradingCost: λ > 0.
  ///   - discount: ρ in [0, 1).
  ///   - covariance: Σ, shape [assets, assets].
  ///   - loadings: B, shape [assets, factors].
  ///   - reversion: Φ, shape [factors, factors].
  /// - Throws: where a parameter is out of range, shapes do not fit, or a matrix has no inverse.
  public init(
    riskAversion: Double, tradingCost: Double, discount: Double, covariance: [[Double]],
    loadings: [[Double]], reversion: [[Double]]
  ) throws(NoReferenceSolution) {
    guard riskAversion > 0, tradingCost > 0, discount >= 0, discount < 1 else {
      throw NoReferenceSolution(
        "gamma \(riskAversion), lambda \(tradingCost), rho \(discount): valid are numbers above 0, "
          + "above 0, and from 0 to below 1")
    }
    let (assets, factors) = (covariance.count, reversion.count)
    guard assets > 0, factors > 0, loadings.count == assets,
      covariance.allSatisfy({ $0.count == assets }), loadings.allSatisfy({ $0.count == factors }),
      reversion.allSatisfy({ $0.count == factors })
    else {
      throw NoReferenceSolution(
        "the covariance is [assets, assets], loadings are [assets, factors], the reversion is "
          + "[factors, factors]")
    }
    rate = garleanuPedersenRate(
      riskAversion: riskAversion, tradingCost: tradingCost, discount: discount)
    let a = rate * tradingCost
    // Rows of B (1 + aΦ/γ)⁻¹ solve a system whose columns are the rows of 1 + aΦ/γ.
    var damping = (0..<factors).flatMap { i in
      (0..<factors).map { ($0 == i ? 1 : 0) + a / riskAversion * reversion[i][$0] }
    }
    var risk = covariance.flatMap { $0.map { riskAversion * $0 } }
    var damped = loadings.flatMap { $0 }
    do throws(LinearAlgebraError) {
      try solveLinearSystem(columns: &damping, rightHandSides: &damped)
      var aims = (0..<factors).flatMap { factor in
        (0..<assets).map { damped[$0 * factors + factor] }
      }
      // Σ is symmetric: its rows are its columns.
      try solveLinearSystem(columns: &risk, rightHandSides: &aims)
      aimLoadings = (0..<assets).map { i in (0..<factors).map { aims[$0 * assets + i] } }
    } catch { throw NoReferenceSolution("\(error)") }
  }
}
