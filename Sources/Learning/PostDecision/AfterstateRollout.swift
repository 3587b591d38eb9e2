import Algebra

/// What the copies of one part did between two updates, as afterstates, and what these were worth.
///
/// Sample `t · copies + c` is the afterstate that copy c was in at step t.
package struct AfterstateRollout: Sendable {
  package let copies: Int
  package let steps: Int
  package let features: Int
  /// Shape [steps, copies, features]: y, the afterstates that were chosen.
  package var afterstates: [Float]
  /// Shape [steps, copies], and so the following: V(y) when it was chosen.
  package var values: [Float]
  /// Whether the action was the best one; where not, no return is carried back through it.
  package var isGreedy: [Bool]
  /// The part of the reward that was not known at the decision.
  package var captured: [Float]
  /// max q of the state after the step, 0 where nothing is to come.
  package var bestNext: [Float]
  /// Whether the episode goes on after the step.
  package var continues: [Bool]
  /// G, what the values should have been.
  package private(set) var returns: [Float]

  package init(copies: Int, steps: Int, features: Int) {
    self.copies = copies
    self.steps = steps
    self.features = features
    let count = copies * steps
    afterstates = Array(repeating: 0, count: count * features)
    values = Array(repeating: 0, count: count)
    isGreedy = Array(repeating: false, count: count)
    captured = values
    bestNext = values
    continues = isGreedy
    returns = values
  }

  /// Number of samples.
  package var count: Int { copies * steps }

  /// Σ (captured + max q(sₜ₊₁) − V(yₜ)): per sample the average reward under which the values would be
  /// right. Unlike the mean reward it does not mind where episodes begin.
  ///
  /// - Parameter first: the first of the copies that are counted.
  package func excessSum(from first: Int) -> Double {
    var sum = 0.0
    for t in 0..<steps {
      for i in t * copies + first..<(t + 1) * copies {
        sum += Double(captured[i] + bestNext[i] - values[i])
      }
    }
    return sum
  }

  /// λ-returns of afterstate values, from the last step to the first:
  /// Gₜ = captured − ρ + γ (max q(sₜ₊₁) + λ (Gₜ₊₁ − V(yₜ₊₁))), the last term only while the episode
  /// goes on and the action at t + 1 was the best (Watkins 1989).
  ///
  /// - Parameters:
  ///   - discount: γ; 1 for differential values.
  ///   - traceDecay: λ.
  ///   - averageReward: ρ; 0 for discounted values.
  package mutating func estimateReturns(
    discount: Float, traceDecay: Float, averageReward: Float
  ) {
    let (copies, steps) = (copies, steps)
    let (values, captured, bestNext) = (values, captured, bestNext)
    let (isGreedy, continues) = (isGreedy, continues)
    var returns = returns.mutableSpan
    for t in (0..<steps).reversed() {
      for c in 0..<copies {
        let i = t * copies + c
        var future = bestNext[i]
        if t < steps - 1, continues[i], isGreedy[i + copies] {
          future += traceDecay * (returns[i + copies] - values[i + copies])
        }
        returns[i] = captured[i] - averageReward + discount * future
      }
    }
  }
}
