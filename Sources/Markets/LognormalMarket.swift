public import Algebra

/// Assets with jointly normal log returns: x = (μ − ½σ²) + L ε per step, gross return eˣ.
public struct LognormalMarket: Sendable, Hashable {
  /// Number of assets.
  public let assetCount: Int
  /// μ − ½σ², mean of the log return per step.
  public let logMeanPerStep: [Double]
  /// L, lower Cholesky factor of the covariance of log returns per step, shape [assets, assets].
  public let factor: [Double]
  /// Covariance of log returns per year, shape [assets, assets].
  public let covariancePerYear: [Double]

  /// - Parameters:
  ///   - driftPerStep: μ per asset; e^μ is the mean gross return.
  ///   - volatilityPerStep: σ per asset.
  ///   - correlation: rows of the correlation matrix.
  ///   - stepsPerYear: for the covariance per year.
  /// - Throws: where the correlation matrix is not positive definite.
  public init(
    driftPerStep: [Double], volatilityPerStep: [Double], correlation: [[Double]],
    stepsPerYear: Double
  ) throws(LinearAlgebraError) {
    let n = driftPerStep.count
    precondition(volatilityPerStep.count == n && correlation.count == n, "one entry per asset")
    let covariance = (0..<n).map { i in
      (0..<n).map { j in volatilityPerStep[i] * correlation[i][j] * volatilityPerStep[j] }
    }
    assetCount = n
    logMeanPerStep = zip(driftPerStep, volatilityPerStep).map { $0 - 0.5 * $1 * $1 }
    factor = try choleskyFactor(covariance).flatMap { $0 }
    covariancePerYear = covariance.flatMap { $0.map { $0 * stepsPerYear } }
  }

  @inlinable func move<L: Lanes>(
    _ path: MarketPath<L>, growth: inout [L], logReturns: inout [L]
  ) {
    // The normals wait where the returns will stand.
    drawNormals(path, into: &growth)
    for i in 0..<assetCount {
      var x = L(repeating: L.Scalar(logMeanPerStep[i]))
      for j in 0...i {
        x = x + L(repeating: L.Scalar(factor[i * assetCount + j])) * growth[j]
      }
      logReturns[i] = x
    }
    for i in 0..<assetCount { growth[i] = L.exp(logReturns[i]) }
  }

  @inlinable func drawNormals<L: Lanes>(_ path: MarketPath<L>, into normals: inout [L]) {
    for first in stride(from: 0, to: assetCount, by: 4) {
      let (a, b, c, d): (L, L, L, L) = path.source.normals(
        .market, copy: path.copy, episode: path.episode, step: path.step, draw: first / 4)
      normals[first] = a
      if first + 1 < assetCount { normals[first + 1] = b }
      if first + 2 < assetCount { normals[first + 2] = c }
      if first + 3 < assetCount { normals[first + 3] = d }
    }
  }
}
