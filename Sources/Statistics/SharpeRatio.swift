import Algebra

/// A Sharpe ratio with what its uncertainty depends on, per period: not annualised.
public struct SharpeRatio: Sendable, Hashable, Codable {
  /// Mean over standard deviation of a return.
  public var value: Double
  /// Returns that it was taken from.
  public var count: Int
  /// Third standardised moment; 0 for a normal distribution.
  public var skewness: Double
  /// Fourth standardised moment, *raw*: 3 for a normal distribution.
  public var kurtosis: Double

  public init(value: Double, count: Int, skewness: Double = 0, kurtosis: Double = 3) {
    self.value = value
    self.count = count
    self.skewness = skewness
    self.kurtosis = kurtosis
  }

  /// The ratio of returns over the riskless rate, with population moments.
  public init(_ returns: [Double]) throws(StatisticsError) {
    try checkFinite(returns, "returns")
    guard returns.count > 1, returns.contains(where: { $0 != returns[0] }) else {
      throw StatisticsError(
        "\(returns.count) returns that do not differ are given: no Sharpe ratio")
    }
    let n = Double(returns.count)
    let mean = returns.reduce(0, +) / n
    let (second, third, fourth) = returns.reduce((0.0, 0.0, 0.0)) {
      let d = $1 - mean
      return ($0.0 + d * d / n, $0.1 + d * d * d / n, $0.2 + d * d * d * d / n)
    }
    self.init(
      value: mean / second.squareRoot(), count: returns.count,
      skewness: third / (second * second.squareRoot()), kurtosis: fourth / (second * second))
  }

  /// The probability that the true ratio is above a benchmark (Bailey and López de Prado 2012):
  ///
  ///     Φ((SR − SR*) √(n − 1) / √(1 − skewness · SR + (kurtosis − 1)/4 · SR²))
  ///
  /// - Parameter benchmark: SR*, per period.
  public func probability(above benchmark: Double = 0) -> Double {
    let spread = (1 - skewness * value + (kurtosis - 1) / 4 * value * value).squareRoot()
    return NormalDistribution.cumulative(
      (value - benchmark) * Double(count - 1).squareRoot() / spread)
  }

  /// The probability that the true ratio is above what the best of so many trials shows by luck
  /// (Bailey and López de Prado 2014, "The deflated Sharpe ratio").
  ///
  /// - Parameters:
  ///   - trials: how many were tried, all of them; trials that are alike count less.
  ///   - trialVariance: variance of the Sharpe ratios among the trials, per period.
  public func deflated(
    trials: Int, trialVariance: Double
  ) throws(StatisticsError) -> DeflatedSharpeRatio {
    let benchmark = try Self.expectedMaximum(trials: trials, trialVariance: trialVariance)
    return DeflatedSharpeRatio(
      ratio: self, trials: trials, trialVariance: trialVariance, benchmark: benchmark,
      probability: probability(above: benchmark))
  }

  /// The largest ratio to expect of trials without any skill, γ Euler's constant:
  ///
  ///     √variance · ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e))), and 0 of one trial.
  public static func expectedMaximum(
    trials: Int, trialVariance: Double
  ) throws(StatisticsError) -> Double {
    guard trials >= 1 else {
      throw StatisticsError("\(trials) trials are given, at least the one that is judged is needed")
    }
    guard trialVariance >= 0, trialVariance.isFinite else {
      throw StatisticsError(
        "the variance among trials is \(trialVariance), 0 or a positive number is valid")
    }
    // The formula is an approximation for many: of one it would be −∞.
    guard trials > 1 else { return 0 }
    let euler = 0.577_215_664_901_532_9
    let n = Double(trials)
    // Φ⁻¹(1 − p) = −Φ⁻¹(p), which keeps its digits.
    return -trialVariance.squareRoot()
      * ((1 - euler) * NormalDistribution.quantile(1 / n)
        + euler * NormalDistribution.quantile(Double.exp(-1) / n))
  }
}

/// A Sharpe ratio judged against the luck of its selection.
public struct DeflatedSharpeRatio: Sendable, Hashable, Codable {
  public var ratio: SharpeRatio
  /// How many were tried.
  public var trials: Int
  /// Variance of the ratios among them, per period.
  public var trialVariance: Double
  /// SR₀: the largest ratio to expect of them without skill, per period.
  public var benchmark: Double
  /// The probability that the true ratio is above the benchmark: the deflated Sharpe ratio itself.
  public var probability: Double

  enum CodingKeys: String, CodingKey {
    case ratio, trials, benchmark
    case trialVariance = "trial_variance"
    case probability = "deflated_sharpe_ratio"
  }
}
