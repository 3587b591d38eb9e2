import Gym
import Learning
import Testing

@Suite struct TabularTests {
  @Test func `discounted values are those of value iteration`() throws {
    var configuration = Self.base
    configuration.discount = 0.9
    configuration.stepSizePower = 0.7
    configuration.stepSize = 1
    let slip = 0.2
    var agent = try TabularLearner(configuration: configuration, seed: 1) {
      TableEnvironment(.corridor, copies: $0, horizon: 50, slip: slip, isOneHot: false)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    var values = [Double](repeating: 0, count: 5)
    func value(_ s: Int, _ a: Int) -> Double {
      func of(_ rule: Rule) -> Double {
        Double(rule.reward) + 0.9 * (rule.next.map { values[$0] } ?? 0)
      }
      return (1 - slip) * of([[Rule]].corridor[s][a]) + slip * of([[Rule]].corridor[s][1 - a])
    }
    for _ in 0..<500 { values = (0..<5).map { max(value($0, 0), value($0, 1)) } }
    for s in 0..<5 {
      let scores = agent.policy.scores([Float(s) + 0.5])
      for a in 0..<2 { #expect(abs(Double(scores[a]) - value(s, a)) < 0.05) }
    }
  }

  @Test func `a termination is worth nothing more`() throws {
    var agent = try TabularLearner(configuration: Self.base, seed: 1) {
      TableEnvironment(.bandit, copies: $0, isOneHot: false)
    }
    for _ in 0..<20 { _ = agent.update(workers: 1) }
    for s in 0..<3 {
      let scores = agent.policy.scores([Float(s) + 0.5])
      for a in 0..<3 { #expect(abs(scores[a] - (a == s ? 1 : 0)) < 1e-3) }
    }
  }

  @Test func `differential learning finds the best mean reward`() throws {
    var configuration = Self.base
    configuration.criterion = .averageReward
    configuration.averageRewardStepSize = 0.1
    var agent = try TabularLearner(configuration: configuration, seed: 3) {
      TableEnvironment(.twoLoops, copies: $0, isOneHot: false)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    #expect(agent.policy.greedyAction([0.5]) == 1)
    #expect(abs(agent.averageReward - 0.4) < 0.01)
  }

  @Test func `bins are open at both ends and counted row by row`() {
    let bins = TabularDiscretizer(low: [0, -1], high: [1, 1], bins: [4, 2])
    #expect(bins.cells == 8)
    #expect(bins.cell(of: [0, -1]) == 0)
    #expect(bins.cell(of: [0.26, -0.5]) == 2)
    #expect(bins.cell(of: [0.999, 0.5]) == 7)
    #expect(bins.cell(of: [1, 1]) == 7)
    #expect(bins.cell(of: [-1e30, 1e30]) == 1)
    #expect(bins.cell(of: [9, 9, 0.5, -7], at: 2) == 4)
  }

  @Test func `exploration falls in a line`() throws {
    var configuration = Self.base
    configuration.epsilonSteps = 4 * configuration.copies * configuration.rolloutSteps
    configuration.initialEpsilon = 0.9
    configuration.finalEpsilon = 0.1
    var agent = try TabularLearner(configuration: configuration, seed: 1) {
      TableEnvironment(.bandit, copies: $0, isOneHot: false)
    }
    let epsilons = (0..<5).map { _ in agent.update(workers: 1).figures["epsilon"] ?? -1 }
    for (found, expected) in zip(epsilons, [0.7, 0.5, 0.3, 0.1, 0.1]) {
      #expect(abs(found - expected) < 1e-12)
    }
  }

  @Test func `the bounds of bins must be finite`() {
    var configuration = Self.base
    configuration.high = [.infinity]
    let error = #expect(throws: LearningConfigurationError.self) {
      _ = try TabularLearner(configuration: configuration, seed: 1) {
        TableEnvironment(.bandit, copies: $0, isOneHot: false)
      }
    }
    #expect(
      error?.description
        == "low and high are [0.0] and [inf], valid are finite numbers with low below high")
  }

  @Test func `an environment that masks actions is refused`() {
    let error = #expect(throws: LearningConfigurationError.self) {
      _ = try TabularLearner(configuration: Self.base, seed: 1) { MaskedBandit(copies: $0) }
    }
    #expect(error?.description.contains("masks actions") == true)
  }

  static var base: TabularConfiguration {
    var configuration = TabularConfiguration()
    configuration.totalSteps = 400_000
    configuration.copies = 20
    configuration.rolloutSteps = 100
    configuration.bins = [9]
    configuration.low = [0]
    configuration.high = [9]
    configuration.stepSize = 0.1
    configuration.initialEpsilon = 1
    configuration.finalEpsilon = 0.2
    configuration.epsilonSteps = 100_000
    return configuration
  }
}
