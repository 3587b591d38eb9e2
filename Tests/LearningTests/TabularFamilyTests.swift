import Gym
import Learning
import Testing

/// Known answers for every member of the family.
@Suite struct TabularFamilyTests {
  struct Case: Sendable, CustomStringConvertible {
    let method: TabularMethod
    var steps = 1
    var decay = 1.0
    var tilings = 1
    var description: String { "\(method), n \(steps), λ \(decay), tilings \(tilings)" }
  }

  static let cases =
    TabularMethod.allCases.flatMap { method in
      [
        Case(method: method), Case(method: method, steps: 4),
        Case(method: method, steps: 20, decay: 0.8),
      ]
    } + [
      Case(method: .qLearning, tilings: 3), Case(method: .sarsa, steps: 3, tilings: 2),
      Case(method: .doubleQ, tilings: 2),
    ]

  static func configuration(_ given: Case) -> TabularConfiguration {
    var configuration = TabularTests.base
    configuration.method = given.method
    (configuration.returnSteps, configuration.traceDecay) = (given.steps, given.decay)
    configuration.tilings = given.tilings
    return configuration
  }

  @Test(arguments: cases)
  func `the values of the random walk are sixths`(_ given: Case) throws {
    var configuration = Self.configuration(given)
    configuration.discount = 1
    (configuration.stepSize, configuration.stepSizePower) = (1, 0.8)
    (configuration.initialEpsilon, configuration.finalEpsilon) = (1, 1)
    (configuration.bins, configuration.low, configuration.high) = ([5], [0], [5])
    var agent = try TabularLearner(configuration: configuration, seed: 1) {
      TableEnvironment(.randomWalk, copies: $0, slip: 0.5, isOneHot: false)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    for s in 0..<5 {
      let scores = agent.policy.scores([Float(s) + 0.5])
      // Tiles are wider than a state's own cell: neighbours share a part of the error.
      let tolerance = given.method == .qLearning || given.method == .doubleQ ? 0.05 : 0.03
      for score in scores { #expect(abs(Double(score) - Double(s + 1) / 6) < tolerance) }
    }
  }

  @Test(arguments: TabularMethod.allCases, [1, 3])
  func `the best mean reward of two loops is two fifths`(
    _ method: TabularMethod, _ steps: Int
  ) throws {
    var configuration = Self.configuration(Case(method: method, steps: steps))
    configuration.criterion = .averageReward
    configuration.averageRewardStepSize = 0.1
    (configuration.epsilonSchedule, configuration.finalEpsilon) = (.exponential, 0.01)
    configuration.epsilonSteps = 300_000
    var agent = try TabularLearner(configuration: configuration, seed: 3) {
      TableEnvironment(.twoLoops, copies: $0, isOneHot: false)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    #expect(agent.policy.greedyAction([0.5]) == 1)
    #expect(abs(agent.averageReward - 0.4) < 0.02)
  }

  /// Under ε-greedy with ε = 0.2 an action is the best one with 0.9: state 1 holds 0.9 of the time, and
  /// the mean reward is 0.9 (0.9 · 2 − 0.1) + 0.1 (0.1 · 1 + 0.9 · 0) = 1.54. Q-learning learns 2.
  @Test(arguments: [(TabularMethod.qLearning, 2.0), (.sarsa, 1.54), (.expectedSarsa, 1.54)])
  func `the mean reward is that of the policy that is learned`(
    _ method: TabularMethod, _ expected: Double
  ) throws {
    var configuration = Self.configuration(Case(method: method))
    configuration.criterion = .averageReward
    configuration.averageRewardStepSize = 0.1
    (configuration.initialEpsilon, configuration.finalEpsilon) = (0.2, 0.2)
    configuration.stepSizePower = 0.6
    var agent = try TabularLearner(configuration: configuration, seed: 2) {
      TableEnvironment(.twoStates, copies: $0, isOneHot: false)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    #expect(abs(agent.averageReward - expected) < 0.03)
    #expect(agent.policy.greedyAction([0.5]) == 1)
    #expect(agent.policy.greedyAction([1.5]) == 0)
  }

  @Test(arguments: [
    (Case(method: .qLearning), 13), (Case(method: .sarsa), 17), (Case(method: .expectedSarsa), 17),
    (Case(method: .sarsa, steps: 3), 17), (Case(method: .qLearning, steps: 3, decay: 0.5), 13),
  ])
  func `Q-learning walks along the cliff, SARSA keeps away from it`(
    _ given: Case, _ length: Int
  ) throws {
    var configuration = Self.configuration(given)
    configuration.discount = 1
    (configuration.bins, configuration.low, configuration.high) = ([48], [0], [48])
    (configuration.initialEpsilon, configuration.finalEpsilon) = (0.1, 0.1)
    (configuration.stepSize, configuration.minimumStepSize) = (0.5, 0.01)
    configuration.stepSizePower = 0.5
    configuration.totalSteps = 1_000_000
    var agent = try TabularLearner(configuration: configuration, seed: 1) {
      TableEnvironment(.cliff, copies: $0, isOneHot: false, start: 36)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    var (cell, path) = (36, [36])
    while path.count < 50 {
      let action = try #require(agent.policy.greedyAction([Float(cell) + 0.5]))
      guard let next = [[Rule]].cliff[cell][action].next else { break }
      cell = next
      path.append(cell)
    }
    // Steps to the goal; the shortest way is 13, by the upper edge of the cells 17.
    let isSafe = length > 13
    #expect(isSafe ? path.count >= 15 && path.count <= 17 : path.count == 13)
    #expect(path.contains { $0 > 24 && $0 < 35 } == !isSafe)
  }

  /// The share of episodes in which the first action leads left, to the noise, in the last hundred
  /// of 300 episodes; at best it is ε/2 = 5 %.
  private func shareToTheLeft(_ method: TabularMethod) throws -> Double {
    var (left, count) = (0, 0)
    for seed in 0..<100 {
      var configuration = Self.configuration(Case(method: method))
      (configuration.copies, configuration.rolloutSteps) = (1, 1)
      (configuration.discount, configuration.stepSize) = (1, 0.1)
      (configuration.initialEpsilon, configuration.finalEpsilon) = (0.1, 0.1)
      (configuration.bins, configuration.low, configuration.high) = ([2], [0], [2])
      var agent = try TabularLearner(configuration: configuration, seed: UInt64(seed)) {
        TableEnvironment(
          .maximizationBias, copies: $0, isOneHot: false, start: 0, noisy: [1])
      }
      for step in 0..<450 {
        _ = agent.update(workers: 1)
        guard step >= 250 else { continue }
        count += 1
        // Greedy, so that exploration does not blur it.
        if (agent.policy.greedyAction([0.5]) ?? 0) >= 5 { left += 1 }
      }
    }
    return Double(left) / Double(count)
  }

  @Test func `Double Q has little of the bias of the maximum`() throws {
    let (single, double) = (try shareToTheLeft(.qLearning), try shareToTheLeft(.doubleQ))
    #expect(single > 0.3, "\(single)")
    #expect(double < single / 2, "\(double) against \(single)")
  }

  @Test(arguments: cases)
  func `an interrupted run ends in the same bits`(_ given: Case) throws {
    var configuration = Self.configuration(given)
    configuration.criterion = .averageReward
    configuration.stepSizePower = 0.6
    func make() throws -> TabularLearner<TableEnvironment> {
      try TabularLearner(configuration: configuration, seed: 4) {
        TableEnvironment(.corridor, copies: $0, horizon: 9, slip: 0.1, isOneHot: false)
      }
    }
    var straight = try make()
    for _ in 0..<5 { _ = straight.update(workers: 2) }
    var first = try make()
    for _ in 0..<2 { _ = first.update(workers: 1) }
    let saved = try LearnedPolicy(Safetensors(decoding: first.policy.safetensors.encoded()))
    var second = try make()
    try second.restore(policy: saved, trainingTensors: first.trainingTensors())
    for _ in 0..<3 { _ = second.update(workers: 1) }
    #expect(second.trainingTensors() == straight.trainingTensors())
    #expect(second.policy == straight.policy)
  }

  @Test func `schedules begin and end where they say and fall between`() throws {
    func epsilons(_ shape: ScheduleShape) throws -> [Double] {
      var configuration = TabularTests.base
      configuration.epsilonSteps = 4 * configuration.copies * configuration.rolloutSteps
      (configuration.initialEpsilon, configuration.finalEpsilon) = (0.8, 0.05)
      configuration.epsilonSchedule = shape
      var agent = try TabularLearner(configuration: configuration, seed: 1) {
        TableEnvironment(.bandit, copies: $0, isOneHot: false)
      }
      return (0..<5).map { _ in agent.update(workers: 1).figures["epsilon"] ?? -1 }
    }
    func close(_ found: [Double], _ expected: [Double]) -> Bool {
      zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 }
    }
    #expect(close(try epsilons(.constant), [0.8, 0.8, 0.8, 0.8, 0.8]))
    #expect(close(try epsilons(.exponential), [0.4, 0.2, 0.1, 0.05, 0.05]))
    #expect(close(try epsilons(.harmonic), [0.8 / 4.75, 0.8 / 8.5, 0.8 / 12.25, 0.05, 0.05]))
    #expect(close(try epsilons(.linear), [0.6125, 0.425, 0.2375, 0.05, 0.05]))
  }

  @Test func `tiles are offset against each other and a policy of them is kept in a file`() throws {
    let tiles = TabularDiscretizer(low: [0], high: [4], bins: [4], tilings: 2)
    #expect(tiles.cells == 10)
    let table = QTable(discretizer: tiles, actionCount: 1, values: (0..<10).map { Float(1 << $0) })
    // The second tiling lies half a bin lower: its cells are 5 to 9.
    #expect(table.scores([0.25]) == [1 + 32])
    #expect(table.scores([0.75]) == [1 + 64])
    #expect(table.scores([3.75]) == [8 + 512])
    #expect(table.scores([-9]) == [1 + 32])
    let policy = LearnedPolicy.table(table)
    #expect(try LearnedPolicy(Safetensors(decoding: policy.safetensors.encoded())) == policy)
  }
}
