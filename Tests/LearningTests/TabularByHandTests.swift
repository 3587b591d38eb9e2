import Gym
import Learning
import Testing

/// One episode of three steps with one action, worked out by hand: rewards 1, 2 and 4, then the end.
@Suite struct TabularByHandTests {
  private static let chain: [[Rule]] = [
    [Rule(next: 1, reward: 1)], [Rule(next: 2, reward: 2)], [Rule(next: nil, reward: 4)],
  ]

  private static func values(
    _ configuration: TabularConfiguration, _ rules: [[Rule]], updates: Int = 1,
    noisy: Set<Int> = []
  ) throws -> (values: [Float], report: UpdateReport?) {
    var configuration = configuration
    configuration.copies = 1
    var agent = try TabularLearner(configuration: configuration, seed: 1) {
      TableEnvironment(rules, copies: $0, isOneHot: false, start: 0, noisy: noisy)
    }
    var report: UpdateReport?
    for _ in 0..<updates { report = agent.update(workers: 1) }
    let values = rules.indices.map { agent.policy.scores([Float($0) + 0.5])[0] }
    return (values, report)
  }

  struct Returns: Sendable {
    var steps: Int
    var decay: Double
    var values: [Float]
  }

  // γ = 0.9, α = 1, all values 0 at the start. Step i is learned when n steps are there or the episode
  // ends, with G(t) = R(t) of the last and G(i) = R(i) + γ [(1 − λ) V(i) + λ G(i + 1)].
  @Test(arguments: [
    Returns(steps: 1, decay: 1, values: [1, 2, 4]),
    // 1 + .9 · 2; 2 + .9 · 4
    Returns(steps: 2, decay: 1, values: [2.8, 5.6, 4]),
    // 1 + .9 (2 + .9 · 4)
    Returns(steps: 3, decay: 1, values: [6.04, 5.6, 4]),
    // 1 + .9 (.5 · 0 + .5 · 2); 2 + .9 · .5 · 4
    Returns(steps: 2, decay: 0.5, values: [1.9, 3.8, 4]),
    // 1 + .9 · .5 · 3.8
    Returns(steps: 3, decay: 0.5, values: [2.71, 3.8, 4]),
  ])
  func `returns of several steps are those that were computed by hand`(_ given: Returns) throws {
    for method in TabularMethod.allCases where method != .doubleQ {
      var configuration = TabularConfiguration()
      configuration.method = method
      (configuration.rolloutSteps, configuration.discount) = (3, 0.9)
      (configuration.returnSteps, configuration.traceDecay) = (given.steps, given.decay)
      (configuration.stepSize, configuration.bins) = (1, [3])
      let found = try Self.values(configuration, Self.chain).values
      for (value, expected) in zip(found, given.values) {
        #expect(abs(value - expected) < 1e-6, "\(method): \(found)")
      }
    }
  }

  @Test(arguments: [1, 4])
  func `one visit at full step size takes over the return, in any number of tilings`(
    _ tilings: Int
  ) throws {
    var configuration = TabularConfiguration()
    (configuration.rolloutSteps, configuration.discount) = (1, 0)
    (configuration.stepSize, configuration.bins, configuration.tilings) = (1, [3], tilings)
    #expect(try Self.values(configuration, Self.chain).values[0] == 1)
  }

  @Test func `step sizes of one over the number of visits make the mean of what was earned`() throws
  {
    var configuration = TabularConfiguration()
    (configuration.rolloutSteps, configuration.discount) = (20, 0)
    (configuration.stepSize, configuration.stepSizePower, configuration.bins) = (1, 1, [1])
    let (values, report) = try Self.values(
      configuration, [[Rule(next: nil, reward: 3)]], noisy: [0])
    let mean = try #require(report?.meanReward)
    #expect(abs(Double(values[0]) - mean) < 1e-6)
    #expect(abs(mean - 3) > 1e-3, "there is noise")
  }
}
