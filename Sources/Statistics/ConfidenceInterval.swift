/// An estimate with the interval that covers the truth in a given share of repetitions.
public struct ConfidenceInterval: Sendable, Hashable, Codable {
  /// The statistic of the data themselves; it need not be the middle.
  public var estimate: Double
  public var low: Double
  public var high: Double
  /// The share of repetitions, 0.95 for 95 %.
  public var level: Double
  /// Standard deviation of the statistic over resamples.
  public var standardError: Double

  enum CodingKeys: String, CodingKey {
    case estimate, low, high, level
    case standardError = "standard_error"
  }

  public init(
    estimate: Double, low: Double, high: Double, level: Double, standardError: Double
  ) {
    self.estimate = estimate
    self.low = low
    self.high = high
    self.level = level
    self.standardError = standardError
  }

  /// Whether a number lies in the interval, its ends included.
  public func contains(_ value: Double) -> Bool { low <= value && value <= high }
}

/// The number below which a share of the sorted numbers lies, linear between neighbours: x at place
/// p (n − 1), Hyndman and Fan's type 7, the default of NumPy.
///
/// - Parameters:
///   - share: p, 0 … 1.
///   - sorted: at least one number, ascending.
func quantile(_ share: Double, of sorted: [Double]) -> Double {
  let place = min(max(share, 0), 1) * Double(sorted.count - 1)
  let lower = min(Int(place), sorted.count - 1)
  let upper = min(lower + 1, sorted.count - 1)
  return sorted[lower] + (place - Double(lower)) * (sorted[upper] - sorted[lower])
}
