import Algebra

/// Observations standardised by what has been seen so far.
package struct ObservationNormalizer: Sendable, Equatable {
  /// One per feature, of raw observations.
  private(set) var statistics: [RunningStatistics]
  /// What it does now.
  private(set) var standardization: Standardization

  /// One that changes nothing until it has seen something.
  package init(features: Int) {
    statistics = Array(repeating: RunningStatistics(), count: features)
    standardization = Standardization(features: features)
  }

  /// Learns from further observations.
  mutating func merge(_ others: [RunningStatistics]) {
    for (i, other) in others.enumerated() { statistics[i].merge(other) }
    if statistics.contains(where: { $0.count > 0 }) {
      standardization = Standardization(statistics)
    }
  }

  /// Shape [features, 3]: count, mean and sum of squares.
  var tensor: Tensor {
    Tensor(
      statistics.flatMap { [Double($0.count), $0.mean, $0.sumOfSquares] },
      shape: [statistics.count, 3])
  }

  mutating func restore(_ reader: TensorReader, _ name: String) throws(LearnerStateError) {
    let numbers: [Double] = try reader.values(name, shape: [statistics.count, 3])
    var read: [RunningStatistics] = []
    for first in stride(from: 0, to: numbers.count, by: 3) {
      guard let count = Int(exactly: numbers[first]), count >= 0 else {
        throw LearnerStateError("tensor \(name) has a count of \(numbers[first])")
      }
      read.append(
        RunningStatistics(
          count: count, mean: numbers[first + 1], sumOfSquares: numbers[first + 2]))
    }
    self = ObservationNormalizer(features: statistics.count)
    merge(read)
  }
}
