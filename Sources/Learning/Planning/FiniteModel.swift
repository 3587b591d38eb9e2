import Algebra

/// A decision process whose law is given: states, actions, expected rewards and transition rows.
public struct FiniteModel: Sendable {
  /// Number of states.
  public let stateCount: Int
  /// Number of actions, the same in every state.
  public let actionCount: Int
  /// r(s, a): the expected reward, shape [states, actions].
  public let rewards: [Double]
  /// p(· | s, a): shape [states, actions]; what a row lacks to 1 is the probability of an end.
  public let transitions: [Row]

  /// Probabilities of neighbouring states; all others have 0.
  public struct Row: Sendable, Hashable {
    /// The state of the first probability.
    public var first: Int
    public var probabilities: [Double]

    public init(first: Int, probabilities: [Double]) {
      self.first = first
      self.probabilities = probabilities
    }

    /// Σ p(s′) v(s′).
    func mean(_ values: Span<Double>) -> Double {
      var sum = 0.0
      let probabilities = probabilities.span
      for i in 0..<probabilities.count { sum += probabilities[i] * values[first + i] }
      return sum
    }
  }

  /// - Throws: where the shapes do not fit or a row is not one of probabilities.
  public init(
    stateCount: Int, actionCount: Int, rewards: [Double], transitions: [Row]
  ) throws(FiniteModelError) {
    let count = stateCount * actionCount
    guard stateCount > 0, actionCount > 0, rewards.count == count, transitions.count == count
    else {
      throw FiniteModelError(
        "\(rewards.count) rewards and \(transitions.count) rows are given for \(stateCount) states "
          + "× \(actionCount) actions")
    }
    guard rewards.allSatisfy(\.isFinite) else { throw FiniteModelError("a reward is not finite") }
    for (index, row) in transitions.enumerated() {
      let end = row.first + row.probabilities.count
      let sum = row.probabilities.reduce(0, +)
      guard row.first >= 0, end <= stateCount, row.probabilities.allSatisfy({ $0 >= 0 }),
        sum <= 1 + 1e-9
      else {
        throw FiniteModelError(
          "the row of state \(index / actionCount), action \(index % actionCount) leads to states "
            + "\(row.first) ..< \(end) with probability \(sum), valid are states 0 ..< \(stateCount) "
            + "with probabilities of at least 0 and together at most 1")
      }
    }
    self.stateCount = stateCount
    self.actionCount = actionCount
    self.rewards = rewards
    self.transitions = transitions
  }

  /// r(s, a) + γ Σ p(s′ | s, a) v(s′).
  @inline(__always)
  func value(_ state: Int, _ action: Int, _ values: Span<Double>, _ discount: Double) -> Double {
    let index = state * actionCount + action
    return rewards[index] + discount * transitions[index].mean(values)
  }
}

/// A law that is none, or has no solution of the kind.
public struct FiniteModelError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String
  public init(_ description: String) { self.description = description }
}
