import Algebra

/// Features shifted and scaled to mean 0 and deviation 1.
///
/// What a network learns behind it is folded into the network's first layer when the policy is
/// exported, so a policy takes observations as they are.
package struct Standardization: Sendable, Equatable {
  /// Per feature.
  let means: [Float]
  let deviations: [Float]

  /// One that changes nothing.
  package init(features: Int) {
    means = Array(repeating: 0, count: features)
    deviations = Array(repeating: 1, count: features)
  }

  /// One by statistics of each feature.
  init(_ statistics: [RunningStatistics]) {
    means = statistics.map { Float($0.mean) }
    // A feature that never varies says nothing and would only be blown up.
    deviations = statistics.map {
      $0.standardDeviation > 1e-8 ? Float($0.standardDeviation) : 1
    }
  }

  /// One by what stands in the columns of some rows.
  ///
  /// - Parameter count: the number of columns.
  init(columnsOf rows: [[Float]], count: Int) {
    var statistics = Array(repeating: RunningStatistics(), count: count)
    for values in rows {
      for (i, value) in values.enumerated() { statistics[i % count].add(Double(value)) }
    }
    self.init(statistics)
  }

  init(means: [Float], deviations: [Float]) {
    (self.means, self.deviations) = (means, deviations)
  }

  /// Replaces rows of features by (x − mean) / deviation.
  func apply(to rows: inout [Float]) {
    let features = means.count
    for first in stride(from: 0, to: rows.count, by: features) {
      for i in 0..<features { rows[first + i] = (rows[first + i] - means[i]) / deviations[i] }
    }
  }

  /// Rows of standardised features.
  func applied(to rows: [Float]) -> [Float] {
    var rows = rows
    apply(to: &rows)
    return rows
  }

  /// The network that does with raw features what this one does with standardised ones:
  /// W ← diag(1/σ) W, b ← b − Wᵀ(μ/σ).
  func folded(into network: Network) -> Network {
    var result = network
    let weights = network.layers[0].weights
    for i in 0..<weights.rows {
      for j in 0..<weights.columns {
        let scaled = weights[i, j] / deviations[i]
        result.layers[0].weights[i, j] = scaled
        result.layers[0].bias[j] -= means[i] * scaled
      }
    }
    return result
  }

  /// One that makes the first features 0.
  func ignoring(first count: Int) -> Standardization {
    Standardization(
      means: means.indices.map { $0 < count ? 0 : means[$0] },
      deviations: deviations.indices.map { $0 < count ? .infinity : deviations[$0] })
  }

  /// One of this size that was saved under a name.
  func reading(_ reader: TensorReader, _ name: String) throws(LearnerStateError) -> Self {
    Standardization(
      means: try reader.values("\(name).means", shape: [means.count]),
      deviations: try reader.values("\(name).deviations", shape: [means.count]))
  }
}
