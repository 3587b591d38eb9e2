public import Algebra

/// Assets with jointly normal log returns: x = (μ − ½σ²) + L ε per step, gross return eˣ.
public struct LognormalMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  /// Number of assets.
  public let assetCount: Int
  /// μ − ½σ², mean of the log return per step.
  public let logMeanPerStep: [Scalar]
  /// L, lower Cholesky factor of the covariance of log returns per step, shape [assets, assets].
  public let factor: [Scalar]
  /// Covariance of log returns per year, shape [assets, assets].
  public let covariancePerYear: [Scalar]

  /// - Parameters:
  ///   - driftPerStep: μ per asset; e^μ is the mean gross return.
  ///   - volatilityPerStep: σ per asset; 0 for cash.
  ///   - correlation: rows of the correlation matrix.
  ///   - stepsPerYear: for the covariance per year.
  /// - Throws: where the correlation matrix is not positive definite.
  public init(
    driftPerStep: [Double], volatilityPerStep: [Double], correlation: [[Double]],
    stepsPerYear: Double
  ) throws(LinearAlgebraError) {
    let covariance = covarianceMatrix(volatilities: volatilityPerStep, correlation: correlation)
    precondition(driftPerStep.count == covariance.count, "one entry per asset")
    assetCount = driftPerStep.count
    logMeanPerStep = zip(driftPerStep, volatilityPerStep).map { Scalar($0 - 0.5 * $1 * $1) }
    factor = try covarianceFactor(covariance).flatMap { $0.map { Scalar($0) } }
    covariancePerYear = covariance.flatMap { $0.map { Scalar($0 * stepsPerYear) } }
  }

  /// The same market in another arithmetic.
  init(_ other: LognormalMarket<Double>) {
    assetCount = other.assetCount
    logMeanPerStep = other.logMeanPerStep.map { Scalar($0) }
    factor = other.factor.map { Scalar($0) }
    covariancePerYear = other.covariancePerYear.map { Scalar($0) }
  }

  @inlinable @inline(__always) func move<L: Lanes>(
    _ path: MarketPath<L>, growth: inout MutableSpan<L>, logReturns: inout MutableSpan<L>,
    at first: Int
  ) where L.Scalar == Scalar {
    // The normals wait where the returns will stand.
    path.drawNormals(count: assetCount, into: &growth, at: first)
    let factor = factor.span
    let mean = logMeanPerStep.span
    for i in 0..<assetCount {
      var x = L(repeating: mean[i])
      for j in 0...i {
        x = x + L(repeating: factor[i &* assetCount &+ j]) * growth[first &+ j]
      }
      logReturns[first &+ i] = x
    }
    for i in first..<first + assetCount { growth[i] = L.exp(logReturns[i]) }
  }
}
