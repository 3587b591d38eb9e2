import Algebra
import Experiments
import Foundation
import Gym
import Learning
import Testing

/// PPO and DQN on CartPole-v1 with the hyperparameters in `agents/`, ten seeds each; run by
/// `scripts/test --all`.
@Suite(
  .serialized, .enabled(if: ProcessInfo.processInfo.environment["REBALANCE_SLOW_TESTS"] == "1"))
struct CartPoleLearningTests {
  init() { BLAS.threads = 1 }

  @Test func `PPO balances the pole after 100,000 steps`() throws {
    guard case .ppo(let configuration) = try Self.agent("cartpole-ppo") else {
      Issue.record("not PPO")
      return
    }
    #expect(configuration.totalSteps == 100_000)
    let runs = try (1...10).map { seed in
      Run(
        seed: seed,
        try PPO(configuration: configuration, seed: UInt64(seed)) { CartPole(copies: $0) })
    }
    Self.show("PPO", runs)
    #expect(Self.interquartileMean(runs.map(\.final)) >= 475)
  }

  @Test func `DQN balances the pole within 100,000 steps`() throws {
    guard case .dqn(let configuration) = try Self.agent("cartpole-dqn") else {
      Issue.record("not DQN")
      return
    }
    #expect(configuration.totalSteps == 100_000)
    let runs = try (1...10).map { seed in
      Run(
        seed: seed,
        try DQN(configuration: configuration, seed: UInt64(seed)) { CartPole(copies: $0) })
    }
    Self.show("DQN", runs)
    #expect(Self.interquartileMean(runs.map(\.best)) >= 450)
  }

  /// A seed's scores: means of 100 greedy episodes that nothing else has seen.
  private struct Run {
    let seed: Int
    /// Of the last policy.
    let final: Double
    /// Of the policy that did best in 20 episodes of its own, one candidate every 5,000 steps.
    let best: Double

    init(seed: Int, _ learner: some Learner) {
      var learner = learner
      var (bestScore, bestPolicy) = (-Double.infinity, learner.policy)
      while learner.stepsDone < 100_000 {
        let before = learner.stepsDone
        _ = learner.update(workers: 2)
        guard learner.stepsDone / 5_000 > before / 5_000 else { continue }
        let score = meanReturn(
          learner.policy, episodes: 20, seed: UInt64(1_000 * seed + learner.stepsDone / 5_000))
        if score > bestScore { (bestScore, bestPolicy) = (score, learner.policy) }
      }
      self.seed = seed
      let fresh = UInt64(1_000_000 + seed)
      final = meanReturn(learner.policy, episodes: 100, seed: fresh)
      best = meanReturn(bestPolicy, episodes: 100, seed: fresh)
    }
  }

  private static func show(_ name: String, _ runs: [Run]) {
    print("CartPole-v1, \(name), 100,000 steps, mean of 100 episodes\nseed final  best")
    func row(_ name: String, _ final: Double, _ best: Double) {
      let numbers = [final, best].map { String(format: "%6.1f", $0) }.joined()
      print(String(repeating: " ", count: 4 - name.count) + name + numbers)
    }
    for run in runs { row("\(run.seed)", run.final, run.best) }
    row("IQM", interquartileMean(runs.map(\.final)), interquartileMean(runs.map(\.best)))
  }

  /// The mean of the middle half; values at its edges count in part.
  private static func interquartileMean(_ values: [Double]) -> Double {
    let (low, high) = (0.25 * Double(values.count), 0.75 * Double(values.count))
    let sum = values.sorted().enumerated().reduce(0.0) { sum, value in
      let share = min(Double(value.offset + 1), high) - max(Double(value.offset), low)
      return sum + max(share, 0) * value.element
    }
    return sum / (high - low)
  }

  private static func agent(_ name: String) throws -> AgentSpec.Algorithm {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "agents")
    return try AgentSpec(path: folder.appending(path: name + ".yaml").path).algorithm
  }
}

/// The mean return of greedy episodes, played side by side.
private func meanReturn(_ policy: LearnedPolicy, episodes: Int, seed: UInt64) -> Double {
  var environment = CartPole(copies: 0..<episodes)
  var transition = VectorTransition(for: environment)
  environment.reset(seed: seed, into: &transition)
  var isOver = [Bool](repeating: false, count: episodes)
  var total: Float = 0
  while isOver.contains(false) {
    let actions = (0..<episodes).map { c -> Int32 in
      let observation = Array(transition.observations[4 * c..<4 * c + 4])
      return isOver[c] ? 0 : Int32(policy.greedyAction(observation) ?? 0)
    }
    environment.step(actions, into: &transition)
    for c in 0..<episodes where !isOver[c] {
      total += transition.rewards[c]
      isOver[c] = transition.terminated[c] || transition.truncated[c]
    }
  }
  return Double(total) / Double(episodes)
}
