import Algebra
import Learning
import Testing

@Suite struct AdvantageTests {
  @Test(arguments: [(0.97, 0.9, 0.0), (1, 0.8, 0.3), (0.9, 1, 0), (0.9, 0, 0)])
  func `advantages are the sum of discounted errors up to the episode's end`(
    discount: Double, traceDecay: Double, averageReward: Double
  ) {
    var rollout = sample()
    rollout.estimateAdvantages(
      discount: Float(discount), traceDecay: Float(traceDecay), rewardScale: 2,
      averageReward: Float(averageReward), returnShift: 0.25)
    for c in 0..<rollout.copies {
      for t in 0..<rollout.steps {
        // The definition, summed forward from every step anew: Σₖ (γλ)ᵏ δₜ₊ₖ.
        var (sum, weight, k) = (0.0, 1.0, t)
        while true {
          let i = k * rollout.copies + c
          let error =
            2 * (Double(rollout.rewards[i]) - averageReward)
            + discount * nextValue(rollout, k, c) - Double(rollout.values[i])
          sum += weight * error
          weight *= discount * traceDecay
          k += 1
          if rollout.terminated[i] || rollout.truncated[i] || k == rollout.steps { break }
        }
        let i = t * rollout.copies + c
        #expect(abs(Double(rollout.advantages[i]) - sum) < 1e-4)
        #expect(abs(Double(rollout.returns[i]) - (sum + Double(rollout.values[i]) - 0.25)) < 1e-4)
      }
    }
  }

  @Test func `a termination has no future and a truncation has one`() {
    var rollout = Rollout(copies: 2, steps: 1, features: 1)
    rollout.rewards = [1, 1]
    rollout.terminated = [true, false]
    rollout.truncated = [false, true]
    rollout.lastValues = [100, 100]
    rollout.cutoffSamples = [1]
    rollout.cutoffValues = [10]
    rollout.estimateAdvantages(discount: 0.5, traceDecay: 0.9)
    #expect(rollout.advantages == [1, 6])
  }

  private func nextValue(_ rollout: Rollout, _ t: Int, _ c: Int) -> Double {
    let i = t * rollout.copies + c
    if rollout.terminated[i] { return 0 }
    if let k = rollout.cutoffSamples.firstIndex(of: i) { return Double(rollout.cutoffValues[k]) }
    return Double(
      t == rollout.steps - 1 ? rollout.lastValues[c] : rollout.values[i + rollout.copies])
  }

  /// Both kinds of ends, in the middle and at the last step.
  private func sample() -> Rollout {
    var rollout = Rollout(copies: 3, steps: 20, features: 1)
    for i in 0..<rollout.count {
      rollout.rewards[i] = Float((i * 7) % 11) / 11
      rollout.values[i] = Float((i * 5) % 13) / 13
      rollout.terminated[i] = i % 17 == 5
      rollout.truncated[i] = i % 17 != 5 && (i % 13 == 4 || i == rollout.count - 1)
      if rollout.truncated[i] {
        rollout.cutoffSamples.append(i)
        rollout.cutoffValues.append(Float(i % 3) - 1)
      }
    }
    rollout.lastValues = [0.5, -0.25, 2]
    return rollout
  }
}
