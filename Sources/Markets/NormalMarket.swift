public import Algebra

/// Assets with jointly normal simple returns: r = μ + L ε per step, gross return 1 + r.
///
/// A gross return is at least 2⁻²⁰, so that no price becomes 0 or less.
public struct NormalMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  /// Number of assets.
  public let assetCount: Int
  /// μ per asset and step.
  public let meanPerStep: [Scalar]
  /// L, lower Cholesky factor of the covariance per step, shape [assets, assets].
  public let factor: [Scalar]
  /// Covariance per year, shape [assets, assets].
  public let covariancePerYear: [Scalar]

  /// - Parameters:
  ///   - meanPerStep: μ per asset.
  ///   - volatilityPerStep: standard deviation per asset; 0 for cash.
  ///   - correlation: rows of the correlation matrix.
  ///   - stepsPerYear: for the covariance per year.
  /// - Throws: where the correlation matrix is not positive definite.
  public init(
    meanPerStep: [Double], volatilityPerStep: [Double], correlation: [[Double]],
    stepsPerYear: Double
  ) throws(LinearAlgebraError) {
    let covariance = covarianceMatrix(volatilities: volatilityPerStep, correlation: correlation)
    precondition(meanPerStep.count == covariance.count, "one entry per asset")
    assetCount = meanPerStep.count
    self.meanPerStep = meanPerStep.map { Scalar($0) }
    factor = try covarianceFactor(covariance).flatMap { $0.map { Scalar($0) } }
    covariancePerYear = covariance.flatMap { $0.map { Scalar($0 * stepsPerYear) } }
  }

  /// The same market in another arithmetic.
  init(_ other: NormalMarket<Double>) {
    assetCount = other.assetCount
    meanPerStep = other.meanPerStep.map { Scalar($0) }
    factor = other.factor.map { Scalar($0) }
    covariancePerYear = other.covariancePerYear.map { Scalar($0) }
  }

  @inlinable func move<L: Lanes>(
    _ path: MarketPath<L>, growth: inout MutableSpan<L>, logReturns: inout MutableSpan<L>,
    at first: Int
  ) where L.Scalar == Scalar {
    // The normals wait where the gross returns will stand.
    path.drawNormals(count: assetCount, into: &growth, at: first)
    for i in 0..<assetCount {
      var x = L(repeating: meanPerStep[i])
      for j in 0...i {
        x = x + L(repeating: factor[i * assetCount + j]) * growth[first + j]
      }
      logReturns[first + i] = x
    }
    ReturnKind.simple.finish(growth: &growth, logReturns: &logReturns, at: first, count: assetCount)
  }
}

/// σᵢ ρᵢⱼ σⱼ.
func covarianceMatrix(volatilities: [Double], correlation: [[Double]]) -> [[Double]] {
  precondition(
    correlation.count == volatilities.count
      && correlation.allSatisfy { $0.count == volatilities.count }, "one entry per asset")
  return volatilities.indices.map { i in
    volatilities.indices.map { j in volatilities[i] * correlation[i][j] * volatilities[j] }
  }
}

/// The lower Cholesky factor of a covariance; rows and columns of assets without variance are 0.
func covarianceFactor(_ covariance: [[Double]]) throws(LinearAlgebraError) -> [[Double]] {
  let risky = covariance.indices.filter { covariance[$0][$0] > 0 }
  let part = try choleskyFactor(risky.map { i in risky.map { covariance[i][$0] } })
  var factor = covariance.map { $0.map { _ in 0.0 } }
  for (row, i) in risky.enumerated() {
    for (column, j) in risky.enumerated() { factor[i][j] = part[row][column] }
  }
  return factor
}
