import Algebra

/// Observations shifted and scaled to mean 0 and deviation 1, by what has been seen so far.
///
/// What a network learns behind it is folded into the network's first layer when the policy is
/// exported, so a policy takes observations as they are.
package struct ObservationNormalizer: Sendable, Equatable {
  /// One per feature, of raw observations.
  private(set) var statistics: [RunningStatistics]
  private var mean: [Float]
  private var factor: [Float]

  /// One that changes nothing until it has seen something.
  package init(features: Int) {
    statistics = Array(repeating: RunningStatistics(), count: features)
    mean = Array(repeating: 0, count: features)
    factor = Array(repeating: 1, count: features)
  }

  /// Learns from further observations.
  mutating func merge(_ others: [RunningStatistics]) {
    for (i, other) in others.enumerated() {
      statistics[i].merge(other)
      let deviation = statistics[i].standardDeviation
      mean[i] = Float(statistics[i].mean)
      // A feature that never varies says nothing and would only be blown up.
      factor[i] = deviation > 1e-8 ? Float(1 / deviation) : 1
    }
  }

  /// Replaces rows of raw features by (x − mean) / deviation.
  func apply(to rows: inout [Float]) {
    let features = mean.count
    for first in stride(from: 0, to: rows.count, by: features) {
      for i in 0..<features { rows[first + i] = (rows[first + i] - mean[i]) * factor[i] }
    }
  }

  /// The network that does with raw observations what this one does with normalised ones:
  /// W ← diag(1/σ) W, b ← b − Wᵀ(μ/σ).
  func folded(into network: Network) -> Network {
    var result = network
    let weights = network.layers[0].weights
    for i in 0..<weights.rows {
      for j in 0..<weights.columns {
        let scaled = weights[i, j] * factor[i]
        result.layers[0].weights[i, j] = scaled
        result.layers[0].bias[j] -= mean[i] * scaled
      }
    }
    return result
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
    if read.contains(where: { $0.count > 0 }) { merge(read) }
  }
}
