import Algebra

/// The law of one step of a market whose returns are jointly normal, given the regime in force.
///
/// Regimes follow each other as a Markov chain that does not listen to the returns; a market without
/// regimes has one.
public struct GaussianLaw: Sendable, Hashable {
  /// The law of the returns of one step in one regime.
  public struct Regime: Sendable, Hashable {
    /// Mean per asset.
    public let mean: [Double]
    /// L, lower triangular factor of the covariance of a step, shape [assets, assets].
    public let factor: [Double]
    /// Σ as the drift cost takes it, shape [assets, assets].
    public let covariancePerYear: [Double]
  }

  /// What the normal numbers are.
  public let returnKind: ReturnKind
  public let regimes: [Regime]
  /// Probability of regime `to` after `from`, shape [from, to].
  public let transition: [Double]
  /// Probability of each regime in the long run.
  public let stationary: [Double]

  /// Gross returns of one step.
  ///
  /// - Parameters:
  ///   - regime: the regime in force.
  ///   - normals: independent standard normal numbers, one per asset.
  ///   - sign: 1, or −1 for the step that mirrors it.
  ///   - growth: receives price after over price before, one per asset.
  public func move(
    in regime: Int, normals: Span<Double>, sign: Double, growth: inout MutableSpan<Double>
  ) {
    let count = growth.count
    let regime = regimes[regime]
    let mean = regime.mean.span
    let factor = regime.factor.span
    for i in 0..<count {
      var shock = 0.0
      for j in 0...i { shock += factor[i &* count &+ j] * normals[j] }
      let x = mean[i] + sign * shock
      growth[i] = returnKind == .log ? Double.exp(x) : Swift.max(0x1p-20, 1 + x)
    }
  }
}

extension Market<Double> {
  /// The law of a step; `nil` where it is not normal given a regime, or pays dividends.
  public var gaussianLaw: GaussianLaw? {
    switch self {
    case .logRatio(let market):
      plain(
        .log, [market.meanPerStep, 0], [market.deviationPerStep, 0, 0, 0],
        market.covariancePerYear)
    case .lognormal(let market):
      plain(.log, market.logMeanPerStep, market.factor, market.covariancePerYear)
    case .normal(let market):
      plain(.simple, market.meanPerStep, market.factor, market.covariancePerYear)
    case .regimes(let market): market.gaussianLaw
    case .garch, .bootstrap, .historical, .yielding, .stressed: nil
    }
  }

  private func plain(
    _ kind: ReturnKind, _ mean: [Double], _ factor: [Double], _ covariance: [Double]
  ) -> GaussianLaw {
    GaussianLaw(
      returnKind: kind,
      regimes: [.init(mean: mean, factor: factor, covariancePerYear: covariance)],
      transition: [1], stationary: [1])
  }
}

extension RegimeMarket<Double> {
  fileprivate var gaussianLaw: GaussianLaw {
    let (n, size) = (assetCount, assetCount * assetCount)
    return GaussianLaw(
      returnKind: returnKind,
      regimes: (0..<regimeCount).map { k in
        GaussianLaw.Regime(
          mean: Array(means[k * n..<(k + 1) * n]),
          factor: Array(factors[k * size..<(k + 1) * size]),
          covariancePerYear: Array(covariancesPerYear[k * size..<(k + 1) * size]))
      },
      transition: transition, stationary: stationary)
  }
}
