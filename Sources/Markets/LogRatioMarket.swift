public import Algebra

/// Two assets whose log price ratio is a Gaussian random walk; the second is the numeraire.
///
/// log(p₁/p₂) moves by m Δt + σ √Δt ε per step, and the second asset's return is zero. With weights
/// z = logit w₁ this is z ← z + m Δt + σ √Δt ε: the chain that `Oracles` solves exactly.
public struct LogRatioMarket: Sendable, Hashable {
  /// σ, volatility of the log ratio per √year.
  public let volatility: Double
  /// m, drift of the log ratio per year.
  public let drift: Double
  /// Steps per year, 1/Δt.
  public let stepsPerYear: Double

  public init(volatility: Double, drift: Double, stepsPerYear: Double) {
    self.volatility = volatility
    self.drift = drift
    self.stepsPerYear = stepsPerYear
    meanPerStep = drift / stepsPerYear
    deviationPerStep = volatility / stepsPerYear.squareRoot()
    covariancePerYear = [volatility * volatility, 0, 0, 0]
  }

  /// m Δt.
  public let meanPerStep: Double
  /// σ √Δt.
  public let deviationPerStep: Double
  /// Relative to the numeraire only the first asset varies.
  public let covariancePerYear: [Double]

  @inlinable func move<L: Lanes>(
    _ path: MarketPath<L>, growth: inout [L], logReturns: inout [L]
  ) {
    let (normal, _, _, _): (L, L, L, L) = path.source.normals(
      .market, copy: path.copy, episode: path.episode, step: path.step, draw: 0)
    let mean = L(repeating: L.Scalar(meanPerStep))
    let deviation = L(repeating: L.Scalar(deviationPerStep))
    logReturns[0] = mean + deviation * normal
    logReturns[1] = L(repeating: 0)
    growth[0] = L.exp(logReturns[0])
    growth[1] = L(repeating: 1)
  }
}
