import Algebra
import Foundation

/// Three assets that are brought towards their target once a month, for some years.
///
/// A month is a move of the market and then a decision. Simple returns are normal with mean
/// (1 + μ)^(1/12) − 1, μ = 2λΣw* + .06 (the expected returns at which w* is the best portfolio under
/// f = −μᵀw + λ wᵀΣw), and covariance Σ/12. The decision moves weights w to v and costs
/// Σ cᵢ |vᵢ − wᵢ| + λ (v − w*)ᵀ Σ (v − w*), with the annual Σ every month, as in S. Myrgren's
/// testOptReb.m (smyrgren/OptimalRebalancing_MvD). The portfolio starts at its target.
public struct ThreeAssetProblem: Sendable, Hashable {
  /// w*
  public let target: SIMD3<Double>
  /// Σ per year, rows.
  public let covariance: [[Double]]
  /// c, one-way, as a fraction of what is traded.
  public let costs: SIMD3<Double>
  /// λ
  public let lambda: Double
  /// Months, each with one decision.
  public let months: Int
  /// Mean of the monthly returns.
  public let monthlyMean: SIMD3<Double>

  /// - Parameters:
  ///   - target: weights above 0 of sum 1.
  ///   - volatilities: per √year, above 0.
  ///   - correlations: of assets 1 and 2, 1 and 3, 2 and 3.
  ///   - costs: one-way, in [0, 1).
  ///   - lambda: above 0.
  ///   - months: from 1 to 600.
  /// - Throws: where a parameter is out of range or the correlations are no correlation matrix.
  public init(
    target: [Double] = [0.4, 0.4, 0.2], volatilities: [Double] = [0.19, 0.08, 0.12],
    correlations: [Double] = [-0.6, -0.2, 0.5], costs: [Double] = [0.005, 0.003, 0.008],
    lambda: Double = 5, months: Int = 36
  ) throws(NoReferenceSolution) {
    let target = try Self.three(target, "weights", "above 0 and below 1") { $0 > 0 && $0 < 1 }
    guard abs(target.sum() - 1) < 1e-9 else {
      throw NoReferenceSolution("the weights sum to \(target.sum()), they must sum to 1")
    }
    let sigma = try Self.three(volatilities, "volatilities", "above 0 and at most 5") {
      $0 > 0 && $0 <= 5
    }
    let rho = try Self.three(correlations, "correlations", "between -1 and 1") { abs($0) < 1 }
    self.costs = try Self.three(costs, "costs", "from 0 to below 1") { $0 >= 0 && $0 < 1 }
    guard lambda > 0, lambda.isFinite else {
      throw NoReferenceSolution("lambda is \(lambda), a number above 0 is valid")
    }
    guard (1...600).contains(months) else {
      throw NoReferenceSolution("there are \(months) months, 1 to 600 are valid")
    }
    let matrix = [[1, rho.x, rho.y], [rho.x, 1, rho.z], [rho.y, rho.z, 1]]
    do { _ = try choleskyFactor(matrix) } catch {
      throw NoReferenceSolution(
        "the correlations \(rho.x), \(rho.y), \(rho.z) are those of no three assets: "
          + "their matrix is not positive definite")
    }
    let covariance = (0..<3).map { i in (0..<3).map { sigma[i] * sigma[$0] * matrix[i][$0] } }
    monthlyMean = SIMD3(
      (0..<3).map { i in
        let mean = (0..<3).reduce(0.06) { $0 + 2 * lambda * covariance[i][$1] * target[$1] }
        return pow(1 + mean, 1.0 / 12) - 1
      })
    guard monthlyMean.x.isFinite, monthlyMean.y.isFinite, monthlyMean.z.isFinite else {
      throw NoReferenceSolution(
        "lambda \(lambda) implies an expected return of less than -100 % a year")
    }
    self.target = target
    self.covariance = covariance
    self.lambda = lambda
    self.months = months
  }

  private static func three(
    _ numbers: [Double], _ name: String, _ range: String, _ isValid: (Double) -> Bool
  ) throws(NoReferenceSolution) -> SIMD3<Double> {
    guard numbers.count == 3 else {
      throw NoReferenceSolution("\(numbers.count) \(name) are given, three are valid")
    }
    for number in numbers where !isValid(number) {
      throw NoReferenceSolution("\(number) is among the \(name), numbers \(range) are valid")
    }
    return SIMD3(numbers)
  }

  /// λ (v − w*)ᵀ Σ (v − w*) of a month.
  public func driftCost(_ v: SIMD3<Double>) -> Double {
    let d = v - target
    return lambda * (0..<3).reduce(0) { $0 + d[$1] * (SIMD3(covariance[$1]) * d).sum() }
  }

  /// Σ cᵢ |uᵢ|.
  public func tradingCost(_ u: SIMD3<Double>) -> Double {
    costs.x * abs(u.x) + costs.y * abs(u.y) + costs.z * abs(u.z)
  }
}
