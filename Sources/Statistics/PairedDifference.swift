import Algebra

/// Two policies on the same paths: the mean difference, its error, and what pairing gains.
public struct PairedDifference: Sendable, Hashable, Codable {
  /// Paths.
  public var count: Int
  /// Mean of first − second.
  public var mean: Double
  /// Standard error of that mean.
  public var standardError: Double
  /// Standard deviation of first − second over paths.
  public var standardDeviation: Double
  /// What that standard deviation would be on paths of their own: √(s₁² + s₂²).
  public var unpairedStandardDeviation: Double

  enum CodingKeys: String, CodingKey {
    case count, mean
    case standardError = "standard_error"
    case standardDeviation = "standard_deviation"
    case unpairedStandardDeviation = "unpaired_standard_deviation"
  }

  /// - Parameters:
  ///   - first: a score per path.
  ///   - second: the other's scores, in the order of the same paths.
  public init(_ first: [Double], _ second: [Double]) throws(StatisticsError) {
    guard first.count == second.count, first.count > 1 else {
      throw StatisticsError(
        "\(first.count) and \(second.count) scores are given: "
          + "both must have met the same paths, at least 2")
    }
    try checkFinite(first, "first")
    try checkFinite(second, "second")
    let differences = RunningStatistics(zip(first, second).map { $0 - $1 })
    count = first.count
    mean = differences.mean
    standardError = differences.standardError
    standardDeviation = differences.standardDeviation
    let variances = RunningStatistics(first).variance + RunningStatistics(second).variance
    unpairedStandardDeviation = variances.squareRoot()
  }
}
