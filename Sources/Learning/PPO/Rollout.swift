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
  /// Shape [steps, copies, dimensions]: actions that are numbers; empty for discrete ones.
  package var actionValues: [Float]
  /// Shape [steps, copies, actions]: which were valid; empty where all are.
  package var masks: [Bool]
  package var rewards: [Float]
  package var terminated: [Bool]
  package var truncated: [Bool]
  /// V of the observations.
  package var values: [Float]
  /// Â, generalised advantage estimates.
  package var advantages: [Float]
  /// R = Â + V, what the values should have been.
  package var returns: [Float]
  /// V of the observations after the last step, shape [copies].
  package var lastValues: [Float]
  /// Samples whose episode was cut off, in order.
  package var cutoffSamples: [Int] = []
  /// The last observation of each of them, shape [cutoffs, features].
  package var cutoffObservations: [Float] = []
  /// V of those observations.
  package var cutoffValues: [Float] = []

  package init(
    copies: Int, steps: Int, features: Int, dimensions: Int = 0, maskedActions: Int = 0
  ) {
    self.copies = copies
    self.steps = steps
    self.features = features
    let count = copies * steps
    observations = Array(repeating: 0, count: count * features)
    actions = Array(repeating: 0, count: count)
    logProbabilities = Array(repeating: 0, count: count)
    actionValues = Array(repeating: 0, count: count * dimensions)
    masks = Array(repeating: true, count: count * maskedActions)
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
    let rule = AdvantageRule(
      discount: discount, decay: discount * traceDecay, rewardScale: rewardScale,
      averageReward: averageReward, returnShift: returnShift)
    var cutoff = cutoffSamples.count
    for t in (0..<steps).reversed() {
      var c = copies
      while c > 0 {
        let isBundle = c % 16 == 0 && estimateSixteen(t, c - 16, rule)
        if isBundle {
          c -= 16
        } else {
          c -= 1
          estimateOne(t, c, rule, &cutoff)
        }
      }
    }
  }

  /// Step t of sixteen copies of which none has ended.
  ///
  /// - Returns: false, and then nothing has changed, where one has.
  private mutating func estimateSixteen(_ t: Int, _ c: Int, _ rule: AdvantageRule) -> Bool {
    let i = t * copies + c
    guard !terminated.anyOfSixteen(i), !truncated.anyOfSixteen(i) else {
      return false
    }
    let isLast = t == steps - 1
    let value = unsafe withMemory(values) { unsafe $0.lanes(i) }
    let next =
      if isLast {
        unsafe withMemory(lastValues) { unsafe $0.lanes(c) }
      } else {
        unsafe withMemory(values) { unsafe $0.lanes(i + copies) }
      }
    let reward = unsafe withMemory(rewards) { unsafe $0.lanes(i) }
    let later =
      if isLast {
        Lanes16.zero
      } else {
        unsafe withMemory(advantages) { unsafe $0.lanes(i + copies) }
      }
    let (advantage, target) = rule.estimate(reward, value, next, later)
    unsafe withMemory(&advantages) { unsafe $0.store(advantage, i) }
    unsafe withMemory(&returns) { unsafe $0.store(target, i) }
    return true
  }

  /// Step t of one copy.
  private mutating func estimateOne(
    _ t: Int, _ c: Int, _ rule: AdvantageRule, _ cutoff: inout Int
  ) {
    let i = t * copies + c
    var next = t == steps - 1 ? lastValues[c] : values[i + copies]
    if truncated[i] && !terminated[i] {
      cutoff -= 1
      next = cutoffValues[cutoff]
    }
    if terminated[i] { next = 0 }
    let continues = t < steps - 1 && !terminated[i] && !truncated[i]
    let later = continues ? advantages[i + copies] : 0
    (advantages[i], returns[i]) = rule.estimate(rewards[i], values[i], next, later)
  }
}

/// The recursion of generalised advantage estimation.
private struct AdvantageRule {
  let discount: Float
  /// γλ.
  let decay: Float
  let rewardScale: Float
  let averageReward: Float
  let returnShift: Float

  /// Âₜ and Rₜ from rₜ, V(oₜ), V(oₜ₊₁) and Âₜ₊₁.
  @inline(__always) func estimate<L: Lanes>(_ reward: L, _ value: L, _ next: L, _ later: L) -> (
    advantage: L, target: L
  ) where L.Scalar == Float {
    let scaled = L(repeating: rewardScale) * (reward - L(repeating: averageReward))
    let error = scaled + L(repeating: discount) * next - value
    let advantage = error + L(repeating: decay) * later
    return (advantage, advantage + value - L(repeating: returnShift))
  }
}

extension [Bool] {
  /// Whether any of the elements `index` ..< `index + 16` is true.
  fileprivate func anyOfSixteen(_ index: Int) -> Bool {
    unsafe withUnsafeBytes {
      unsafe $0.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self) != .zero
    }
  }
}

extension Network {
  /// The last output for each of `observations.count / inputs` rows, block by block.
  func values(
    of observations: [Float], into values: inout [Float], _ workspace: inout NetworkWorkspace
  ) {
    let (features, block) = (inputCount, workspace.input.rows)
    for start in stride(from: 0, to: values.count, by: block) {
      let count = min(block, values.count - start)
      workspace.input.elements.copy(count * features, from: observations, at: start * features)
      forward(&workspace)
      let outputs = workspace.output
      for i in 0..<count {
        values[start + i] = outputs.elements[(i + 1) * outputs.columns - 1]
      }
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
