import Foundation

/// The long-run optimum of an investor who pays a proportional cost between a safe and a risky asset.
///
/// With `π± = (μ ± λ)/(γσ²)` the portfolio is kept between π₋ (buy, at the ask price) and π₊ (sell, at
/// the bid price); the equivalent safe rate is `(μ² − λ²)/(2γσ²)`. λ solves
/// `w′ + (1−γ)w² + (2μ/σ²−1)w − γπ₋π₊ = 0`, `w(0) = π₋`, `w(X) = π₊`, with
/// `X = ln[(1/(1−ε)) (μ+λ)(μ−λ−γσ²) / ((μ−λ)(μ+λ−γσ²))]`. S. Gerhold, P. Guasoni, J. Muhle-Karbe,
/// W. Schachermayer, Transaction costs, trading volume, and the liquidity premium, Finance and
/// Stochastics 18 (2014).
public struct GrowthOptimum: Sendable, Hashable {
  /// π₋
  public let buyBoundary: Double
  /// π₊
  public let sellBoundary: Double
  /// (μ² − λ²)/(2γσ²) per year.
  public let equivalentSafeRate: Double
  /// λ²/(2γσ²) per year: what the cost takes of the equivalent safe rate.
  public let loss: Double
  /// Shares traded per year, as a fraction of the shares held.
  public let shareTurnover: Double
  /// Value traded per year, as a fraction of wealth.
  public let wealthTurnover: Double

  /// - Parameters:
  ///   - mean: μ > 0, excess return per year.
  ///   - volatility: σ > 0 per √year.
  ///   - riskAversion: γ > 0.
  ///   - spread: ε in (0, 1): the bid price is (1 − ε) times the ask price.
  /// - Throws: where a parameter is out of range, `μ = γσ²` (no trade is needed then), or the cost is
  ///   too large for a solution.
  public init(
    mean: Double, volatility: Double, riskAversion: Double, spread: Double
  ) throws(NoReferenceSolution) {
    for (name, value) in [("mu", mean), ("sigma", volatility), ("gamma", riskAversion)] {
      guard value > 0, value.isFinite else {
        throw NoReferenceSolution("\(name) is \(value), a number above 0 is valid")
      }
    }
    guard spread > 0, spread < 1 else {
      throw NoReferenceSolution("the spread is \(spread), a number between 0 and 1 is valid")
    }
    let equation = Equation(
      mean: mean, variance: volatility * volatility, riskAversion: riskAversion, spread: spread)
    let gap = try equation.gap()
    let scale = riskAversion * equation.variance
    buyBoundary = (mean - gap) / scale
    sellBoundary = (mean + gap) / scale
    equivalentSafeRate = (mean * mean - gap * gap) / (2 * scale)
    loss = gap * gap / (2 * scale)
    let (low, high) = (buyBoundary, sellBoundary)
    let frequencies = equation.frequencies(width: equation.logWidth(gap))
    shareTurnover = frequencies.buy * (1 - low) + frequencies.sell * (1 - high)
    wealthTurnover = frequencies.buy * low * (1 - low) + frequencies.sell * high * (1 - high)
  }
}

/// A reference solution that does not exist for its parameters.
public struct NoReferenceSolution: Error, CustomStringConvertible, Sendable {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// The free-boundary problem as one equation for λ.
private struct Equation {
  let mean: Double
  let variance: Double
  let riskAversion: Double
  let spread: Double

  /// 2μ/σ² − 1.
  var exponent: Double { 2 * mean / variance - 1 }

  /// X: the logarithm of the sell boundary over the buy boundary, in units of the ratio of holdings.
  func logWidth(_ gap: Double) -> Double {
    // Both logarithms are large beside their difference: log((a+λ)/(a−λ)) = 2 artanh(λ/a) keeps it.
    2 * atanh(gap / mean) - 2 * atanh(gap / (mean - riskAversion * variance)) - log1p(-spread)
  }

  /// ∫ dw / w′ from π₋ to π₊, the width that the differential equation gives; `nil` where w′ vanishes
  /// on the way.
  private func integral(_ gap: Double) -> Double? {
    let scale = riskAversion * variance
    let (low, high) = ((mean - gap) / scale, (mean + gap) / scale)
    func slope(_ w: Double) -> Double {
      (riskAversion - 1) * w * w - exponent * w + riskAversion * low * high
    }
    let half = (high - low) / 2
    var sum = 0.0
    let sign = slope(low) > 0
    for (node, weight) in Quadrature.gaussLegendre(40) {
      let value = slope(low + half * (1 + node))
      guard (value > 0) == sign, value != 0 else { return nil }
      sum += weight * half / value
    }
    return (slope(high) > 0) == sign ? sum : nil
  }

  private func error(_ gap: Double) -> Double? { integral(gap).map { $0 - logWidth(gap) } }

  /// λ, by bisection from where the error is −ε.
  func gap() throws(NoReferenceSolution) -> Double {
    let merton = mean / (riskAversion * variance)
    guard abs(merton - 1) > 1e-9 else {
      throw NoReferenceSolution(
        "mu is gamma sigma²: all wealth is in the risky asset and no trade is needed")
    }
    let limit = min(mean, abs(mean - riskAversion * variance))
    // Half-width to leading order: ((3/(4γ)) π*² (1 − π*)² ε)^(1/3).
    let leading = cbrt(
      3 / (4 * riskAversion) * merton * merton * (1 - merton) * (1 - merton) * spread)
    var (low, high) = (0.0, min(leading * riskAversion * variance / 2, limit / 2))
    while true {
      guard high < limit, let error = error(high) else {
        throw NoReferenceSolution("the spread \(spread) is too large for a no-trade region")
      }
      if error > 0 { break }
      (low, high) = (high, high * 1.05)
    }
    while high - low > 1e-16 * high {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { break }
      if error(middle) ?? 1 > 0 { high = middle } else { low = middle }
    }
    return (low + high) / 2
  }

  /// Local time per year at the boundaries, (σ²/2) q / (e^{qX} − 1) and −(σ²/2) q / (e^{−qX} − 1).
  func frequencies(width: Double) -> (buy: Double, sell: Double) {
    let x = exponent * width
    let half = variance / 2
    // q / (e^{qX} − 1) tends to 1/X.
    if abs(x) < 1e-12 { return (half / width, half / width) }
    return (half * exponent / expm1(x), -half * exponent / expm1(-x))
  }
}
