import Algebra

/// What the copies of one part saw, did and got between two updates, and the advantages from it.
///
/// Sample `t · copies + c` is step t of copy c.
package struct Rollout: Sendable {
  package let copies: Int
  package let steps: Int
  package let features: Int
  /// Shape [steps, copies, features].
  package var observations: [Float]
  /// Shape [steps, copies], and so the following.
  package var actions: [Int32]
  package var logProbabilities: [Float]
  package var rewards: [Float]
  package var terminated: [Bool]
  package var truncated: [Bool]
  /// V of the observations.
  package var values: [Float]
  /// Â, generalised advantage estimates.
  package private(set) var advantages: [Float]
  /// R = Â + V, what the values should have been.
  package private(set) var returns: [Float]
  /// V of the observations after the last step, shape [copies].
  package var lastValues: [Float]
  /// Samples whose episode was cut off, in order.
  package var cutoffSamples: [Int] = []
  /// The last observation of each of them, shape [cutoffs, features].
  package var cutoffObservations: [Float] = []
  /// V of those observations.
  package var cutoffValues: [Float] = []

  package init(copies: Int, steps: Int, features: Int) {
    self.copies = copies
    self.steps = steps
    self.features = features
    let count = copies * steps
    observations = Array(repeating: 0, count: count * features)
    actions = Array(repeating: 0, count: count)
    logProbabilities = Array(repeating: 0, count: count)
    rewards = Array(repeating: 0, count: count)
    terminated = Array(repeating: false, count: count)
    truncated = Array(repeating: false, count: count)
    values = Array(repeating: 0, count: count)
    advantages = Array(repeating: 0, count: count)
    returns = Array(repeating: 0, count: count)
    lastValues = Array(repeating: 0, count: copies)
  }

  /// Number of samples.
  package var count: Int { copies * steps }

  /// Generalised advantage estimation (Schulman et al. 2016), from the last step to the first:
  /// δₜ = s(rₜ − ρ) + γV(oₜ₊₁) − V(oₜ), Âₜ = δₜ + γλÂₜ₊₁.
  ///
  /// After a termination V(oₜ₊₁) is 0; after a truncation it is the value of the episode's last
  /// observation; Âₜ₊₁ counts after neither.
  ///
  /// - Parameters:
  ///   - discount: γ; 1 for differential values.
  ///   - traceDecay: λ.
  ///   - rewardScale: s.
  ///   - averageReward: ρ; 0 for discounted values.
  ///   - returnShift: subtracted from the returns.
  package mutating func estimateAdvantages(
    discount: Float, traceDecay: Float, rewardScale: Float = 1, averageReward: Float = 0,
    returnShift: Float = 0
  ) {
    var cutoff = cutoffSamples.count
    for t in (0..<steps).reversed() {
      for c in (0..<copies).reversed() {
        let i = t * copies + c
        var nextValue = t == steps - 1 ? lastValues[c] : values[i + copies]
        if truncated[i] && !terminated[i] {
          cutoff -= 1
          nextValue = cutoffValues[cutoff]
        }
        if terminated[i] { nextValue = 0 }
        let continues = t < steps - 1 && !terminated[i] && !truncated[i]
        let error = rewardScale * (rewards[i] - averageReward) + discount * nextValue - values[i]
        let advantage =
          error + (continues ? discount * traceDecay * advantages[i + copies] : 0)
        advantages[i] = advantage
        returns[i] = advantage + values[i] - returnShift
      }
    }
  }
}

extension Network {
  /// The single output for each of `observations.count / inputs` rows, block by block.
  func values(
    of observations: [Float], into values: inout [Float], _ workspace: inout NetworkWorkspace
  ) {
    let (features, block) = (inputCount, workspace.input.rows)
    for start in stride(from: 0, to: values.count, by: block) {
      let count = min(block, values.count - start)
      workspace.input.elements.copy(count * features, from: observations, at: start * features)
      forward(&workspace)
      values.copy(count, from: workspace.output.elements, at: 0, to: start)
    }
  }
}

extension [Float] {
  /// Overwrites `count` elements from index `target` on with those of `source` from `start` on.
  mutating func copy(_ count: Int, from source: [Float], at start: Int, to target: Int = 0) {
    precondition(start + count <= source.count && target + count <= self.count, "out of bounds")
    guard count > 0 else { return }
    unsafe withMemory(&self) { to in
      unsafe withMemory(source) { from in
        unsafe (to + target).update(from: from + start, count: count)
      }
    }
  }
}
