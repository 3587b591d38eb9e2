import Algebra
import Gym
import Learning
import Testing

@Suite struct PPOTests {
  /// Bits depend on the number of threads inside a product, so there is one.
  init() { BLAS.threads = 1 }

  @Test func `learns which action each state wants`() throws {
    var configuration = Self.small
    configuration.totalSteps = 30_000
    var agent = try PPO(configuration: configuration, seed: 1) {
      TableEnvironment(.bandit, copies: $0)
    }
    Training(totalSteps: 30_000).run(&agent)
    for state in 0..<3 {
      #expect(agent.policy.greedyAction(Self.oneHot(state, 3)) == state)
    }
  }

  @Test(arguments: LearningCriterion.allCases)
  func `learns to walk past the small reward to the large one`(
    criterion: LearningCriterion
  ) throws {
    var configuration = Self.small
    configuration.totalSteps = 60_000
    configuration.criterion = criterion
    configuration.rewardScaling = .rewardDeviation
    var agent = try PPO(configuration: configuration, seed: 1) {
      TableEnvironment(.corridor, copies: $0, horizon: 40)
    }
    var last = 0.0
    Training(totalSteps: 60_000).run(&agent, progress: { last = $0.meanReward })
    for state in 0..<5 { #expect(agent.policy.greedyAction(Self.oneHot(state, 5)) == 1) }
    // Forty steps from a random cell cost two of them on average.
    #expect(last > 0.85)
    #expect(abs(agent.averageReward - last) < 0.1)
  }

  @Test func `prefers the loop with the larger mean reward`() throws {
    var configuration = Self.small
    configuration.totalSteps = 150_000
    configuration.criterion = .averageReward
    configuration.traceDecay = 0.95
    var agent = try PPO(configuration: configuration, seed: 2) {
      TableEnvironment(.twoLoops, copies: $0)
    }
    Training(totalSteps: 150_000).run(&agent)
    #expect(agent.policy.greedyAction(Self.oneHot(0, 9)) == 1)
    #expect(abs(agent.averageReward - 0.4) < 0.03)
  }

  @Test(arguments: PPOConfiguration.RewardScaling.allCases)
  func `learns the same bits with any number of workers`(
    scaling: PPOConfiguration.RewardScaling
  ) throws {
    var configuration = Self.small
    configuration.rewardScaling = scaling
    configuration.parts = 3
    configuration.valueClipRange = 0.3
    let tensors = try [1, 2, 3].map { workers in
      var agent = try PPO(configuration: configuration, seed: 5) {
        TableEnvironment(.corridor, copies: $0, horizon: 7, slip: 0.1)
      }
      for _ in 0..<5 { _ = agent.update(workers: workers) }
      return (agent.policy, agent.trainingTensors())
    }
    #expect(tensors[0] == tensors[1])
    #expect(tensors[0] == tensors[2])
  }

  @Test func `learns something else from another seed`() throws {
    let policies = try [UInt64(1), 2].map { seed in
      var agent = try PPO(configuration: Self.small, seed: seed) {
        TableEnvironment(.bandit, copies: $0)
      }
      _ = agent.update(workers: 1)
      return agent.policy
    }
    #expect(policies[0] != policies[1])
  }

  @Test func `explores with the probabilities that it believes`() throws {
    // With a learning rate this small all actions stay equally likely: a third of them is right.
    var configuration = Self.small
    configuration.learningRate = 1e-12
    var agent = try PPO(configuration: configuration, seed: 1) {
      TableEnvironment(.bandit, copies: $0)
    }
    var mean = RunningStatistics()
    for _ in 0..<60 { mean.add(agent.update(workers: 1).meanReward) }
    #expect(abs(mean.mean - 1 / 3) < 4 * mean.standardError)
    #expect(mean.standardError < 0.01)
  }

  @Test func `the first rollout is the same however copies are cut into parts`() throws {
    // One state: rewards are the actions alone, 18 · 32 draws of probability one third.
    let rules: [[Rule]] = [(0..<3).map { Rule(next: 0, reward: $0 == 1 ? 1 : 0) }]
    let rewards = try [1, 2, 3].map { parts in
      var configuration = Self.small
      configuration.parts = parts
      configuration.learningRate = 1e-12
      var agent = try PPO(configuration: configuration, seed: 1) {
        TableEnvironment(rules, copies: $0)
      }
      return (0..<3).map { _ in agent.update(workers: 1).meanReward }
    }
    #expect(rewards[0][0] == rewards[1][0] && rewards[0][0] == rewards[2][0])
    #expect(Set(rewards[0]).count == 3, "every update explores anew")
  }

  @Test func `differential values of a constant reward are zero`() throws {
    var configuration = Self.small
    configuration.criterion = .averageReward
    var agent = try PPO(configuration: configuration, seed: 1) {
      TableEnvironment([[Rule(next: 0, reward: 50), Rule(next: 0, reward: 50)]], copies: $0)
    }
    for _ in 0..<5 { #expect((agent.update(workers: 1).figures["value_loss"] ?? .nan) < 1) }
    #expect(agent.averageReward == 50)
  }

  @Test func `lowers the learning rate in a line to zero`() throws {
    var configuration = Self.small
    configuration.totalSteps = 4 * configuration.stepsPerUpdate
    var agent = try PPO(configuration: configuration, seed: 1) {
      TableEnvironment(.bandit, copies: $0)
    }
    let rates = (0..<5).map { _ in agent.update(workers: 1).figures["learning_rate"] ?? -1 }
    for (rate, share) in zip(rates, [1, 0.75, 0.5, 0.25, 0]) {
      #expect(abs(rate - share * configuration.learningRate) < 1e-15)
    }
  }

  @Test func `stops the epochs when the policy has moved far enough`() throws {
    let policies = try [nil, 1e-9].map { limit in
      var configuration = Self.small
      configuration.targetKL = limit
      var agent = try PPO(configuration: configuration, seed: 1) {
        TableEnvironment(.bandit, copies: $0)
      }
      _ = agent.update(workers: 1)
      return agent.trainingTensors()["counters"]?.values(as: Int64.self)?[2]
    }
    #expect(policies == [16, 4])
  }

  @Test func `a shared trunk and normalised observations learn the same tasks`() throws {
    for (isShared, isNormalized) in [(true, false), (false, true), (true, true)] {
      var configuration = Self.small
      configuration.totalSteps = 60_000
      configuration.sharedTrunk = isShared
      configuration.normalizeObservations = isNormalized
      configuration.rewardScaling = .rewardDeviation
      var agent = try PPO(configuration: configuration, seed: 1) {
        TableEnvironment(.corridor, copies: $0, horizon: 40)
      }
      Training(totalSteps: 60_000).run(&agent)
      // The policy takes observations as they are.
      for state in 0..<5 { #expect(agent.policy.greedyAction(Self.oneHot(state, 5)) == 1) }
    }
  }

  @Test func `numbers are learned to the point that pays most, and never beyond their bounds`()
    throws
  {
    var configuration = Self.small
    configuration.totalSteps = 120_000
    configuration.annealLearningRate = true
    configuration.entropyCoefficient = 0
    var agent = try PPO(configuration: configuration, seed: 1) { AimEnvironment(copies: $0) }
    Training(totalSteps: 120_000).run(&agent)
    for aim: Float in [0.2, 0.5, 0.8] {
      let value = try #require(agent.policy.values([aim]))[0]
      #expect(abs(value - aim) < 0.05, "aim \(aim), value \(value)")
    }
    #expect(agent.policy.greedyAction([0.5]) == nil, "numbers are no scores")
  }

  @Test func `an invalid action is never taken, and the best valid one is learned`() throws {
    var configuration = Self.small
    configuration.totalSteps = 30_000
    configuration.entropyCoefficient = 0
    var agent = try PPO(configuration: configuration, seed: 1) { MaskedBandit(copies: $0) }
    Training(totalSteps: 30_000).run(&agent)
    // Action 2 pays most and is never valid; the environment stops where it is taken.
    let scores = agent.policy.scores([1])
    #expect(scores[1] > scores[0])
  }

  @Test(arguments: [false, true])
  func `all of it resumes to the same bits`(_ isShared: Bool) throws {
    var configuration = Self.small
    configuration.sharedTrunk = isShared
    configuration.normalizeObservations = true
    func fresh() throws -> PPO<AimEnvironment> {
      try PPO(configuration: configuration, seed: 3) { AimEnvironment(copies: $0) }
    }
    var (whole, first, second) = (try fresh(), try fresh(), try fresh())
    for _ in 0..<6 { _ = whole.update(workers: 1) }
    for _ in 0..<3 { _ = first.update(workers: 2) }
    try second.restore(policy: first.policy, trainingTensors: first.trainingTensors())
    for _ in 0..<3 { _ = second.update(workers: 1) }
    #expect(second.policy == whole.policy)
    #expect(second.trainingTensors() == whole.trainingTensors())
  }

  static var small: PPOConfiguration {
    var configuration = PPOConfiguration()
    configuration.copies = 18
    configuration.rolloutSteps = 32
    configuration.learningRate = 3e-3
    configuration.hiddenSizes = [16]
    return configuration
  }

  static func oneHot(_ state: Int, _ count: Int) -> [Float] {
    (0..<count).map { $0 == state ? 1 : 0 }
  }
}
