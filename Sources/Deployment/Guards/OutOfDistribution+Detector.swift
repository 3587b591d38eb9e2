import Rebalancing

extension OutOfDistribution {
  /// The model laid out for a decision: flat arrays, and nothing to look up.
  package struct Detector: Sendable {
    private let model: OutOfDistribution
    /// Places of the columns that are tested by moments.
    private let own: [Int]
    /// Places of the columns that are compared with what was seen.
    private let listed: [Int]
    private let low: [Double]
    private let high: [Double]
    private let width: [Double]
    private let mean: [Double]
    private let perDeviation: [Double]
    private let factor: [Double]

    package init(_ model: OutOfDistribution) {
      self.model = model
      own = model.columns.indices.filter { model.columns[$0].values == nil }
      listed = model.columns.indices.filter { model.columns[$0].values != nil }
      let columns = own.map { model.columns[$0] }
      low = columns.map { Double($0.low) }
      high = columns.map { Double($0.high) }
      width = columns.map { Double($0.high - $0.low) }
      mean = columns.map(\.mean)
      perDeviation = columns.map { 1 / $0.deviation }
      factor = model.factor
    }

    /// How far numbers are from those of the training.
    package struct Measures: Sendable, Hashable {
      /// Shares of a column's width beyond its range; negative where all lie inside.
      package var excess = -Double.infinity
      package var score = 0.0
      package var distance = 0.0
      /// The column of the largest score.
      package var farthest = 0
    }

    /// - Parameter numbers: the columns, or the first of them; what is not there is not looked at.
    package func measures(_ numbers: [Float]) -> Measures {
      var measures = Measures()
      var squares = 0.0
      var row = 0
      unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: own.count + 1) { solved in
        for (i, column) in own.enumerated() where column < numbers.count {
          let x = Double(numbers[column])
          measures.excess = max(measures.excess, max(x - high[i], low[i] - x) / width[i])
          let z = (x - mean[i]) * perDeviation[i]
          if abs(z) > measures.score { (measures.score, measures.farthest) = (abs(z), column) }
          var rest = z
          for j in 0..<i { unsafe rest -= factor[row + j] * solved[j] }
          unsafe solved[i] = rest / factor[row + i]
          unsafe squares += solved[i] * solved[i]
          row += i + 1
        }
      }
      measures.distance = squares.squareRoot()
      return measures
    }

    /// What of numbers is like nothing seen in training; `nil` where nothing is.
    package func finding(_ numbers: [Float]) -> String? {
      for column in listed where column < numbers.count {
        let values = model.columns[column].values ?? []
        if !values.contains(where: { Column.isSame(numbers[column], $0) }) {
          return "\(model.columns[column].name) is \(numbers[column]), in training it was "
            + values.map { "\($0)" }.joined(separator: " or ")
        }
      }
      let (found, limits) = (measures(numbers), model.limits)
      let name = model.columns.isEmpty ? "" : model.columns[found.farthest].name
      if found.excess > limits.excess {
        return "a number lies \(found.excess) widths beyond its range in training, the limit is "
          + "\(limits.excess); \(name) is the farthest from its mean"
      }
      if found.score > limits.score {
        return "\(name) lies \(found.score) deviations from its mean in training, the limit is "
          + "\(limits.score)"
      }
      if found.distance > limits.distance {
        return "the Mahalanobis distance from training is \(found.distance), the limit is "
          + "\(limits.distance)"
      }
      return nil
    }
  }
}
