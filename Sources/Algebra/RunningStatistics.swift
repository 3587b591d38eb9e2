/// Count, mean and variance of a sequence in one pass (Welford 1962), mergeable (Chan et al. 1979).
public struct RunningStatistics: Sendable, Hashable, Codable {
  /// Number of values added.
  public private(set) var count = 0
  /// Arithmetic mean; 0 for no values.
  public private(set) var mean = 0.0
  /// Sum of the squared differences from the mean.
  public private(set) var sumOfSquares = 0.0

  public init() {}

  /// Statistics as they were saved.
  public init(count: Int, mean: Double, sumOfSquares: Double) {
    self.count = count
    self.mean = mean
    self.sumOfSquares = sumOfSquares
  }

  public init(_ values: some Sequence<Double>) {
    for value in values { add(value) }
  }

  /// Adds one value.
  public mutating func add(_ value: Double) {
    count += 1
    let difference = value - mean
    mean += difference / Double(count)
    sumOfSquares += difference * (value - mean)
  }

  /// Adds all values of another sequence.
  public mutating func merge(_ other: Self) {
    guard other.count > 0 else { return }
    let total = count + other.count
    let difference = other.mean - mean
    mean += difference * Double(other.count) / Double(total)
    sumOfSquares +=
      other.sumOfSquares + difference * difference * Double(count) * Double(other.count)
      / Double(total)
    count = total
  }

  /// Unbiased sample variance; 0 for fewer than two values.
  public var variance: Double { count > 1 ? sumOfSquares / Double(count - 1) : 0 }
  /// Square root of the sample variance.
  public var standardDeviation: Double { variance.squareRoot() }
  /// Standard error of the mean of independent values.
  public var standardError: Double { count > 0 ? (variance / Double(count)).squareRoot() : 0 }
}
