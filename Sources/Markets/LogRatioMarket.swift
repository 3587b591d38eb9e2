public import Algebra

/// Two assets whose log price ratio is a Gaussian random walk; the second is the numeraire.
///
/// log(p₁/p₂) moves by m Δt + σ √Δt ε per step, and the second asset's return is zero. With weights
/// z = logit w₁ this is z ← z + m Δt + σ √Δt ε: the chain that `Oracles` solves exactly.
public struct LogRatioMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
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
    meanPerStep = Scalar(drift / stepsPerYear)
    deviationPerStep = Scalar(volatility / stepsPerYear.squareRoot())
    covariancePerYear = [Scalar(volatility * volatility), 0, 0, 0]
  }

  /// The same market in another arithmetic.
  init(_ other: LogRatioMarket<Double>) {
    self.init(
      volatility: other.volatility, drift: other.drift, stepsPerYear: other.stepsPerYear)
  }

  /// m Δt.
  public let meanPerStep: Scalar
  /// σ √Δt.
  public let deviationPerStep: Scalar
  /// Relative to the numeraire only the first asset varies.
  public let covariancePerYear: [Scalar]

  @inlinable func move<L: Lanes>(
    _ path: MarketPath<L>, growth: inout MutableSpan<L>, logReturns: inout MutableSpan<L>,
    at first: Int
  ) where L.Scalar == Scalar {
    let (normal, _, _, _): (L, L, L, L) = path.source.normals(
      .market, copy: path.copy, episode: path.episode, step: path.step, draw: 0)
    logReturns[first] = L(repeating: meanPerStep) + L(repeating: deviationPerStep) * normal
    logReturns[first + 1] = L(repeating: 0)
    growth[first] = L.exp(logReturns[first])
    growth[first + 1] = L(repeating: 1)
  }
}
