import Algebra
import Gym
import Learning
import Testing

@Suite struct DQNTests {
  init() { BLAS.threads = 1 }

  @Test(arguments: [0, 0.6])
  func `learns which action each state wants`(priorityExponent: Double) throws {
    var configuration = Self.small
    configuration.priorityExponent = priorityExponent
    var agent = try DQN(configuration: configuration, seed: 1) {
      TableEnvironment(.bandit, copies: $0)
    }
    Training(totalSteps: 10_000).run(&agent)
    for state in 0..<3 {
      let scores = agent.policy.scores(PPOTests.oneHot(state, 3))
      for action in 0..<3 { #expect(abs(scores[action] - (action == state ? 1 : 0)) < 0.1) }
    }
  }

  @Test(arguments: [1, 4], [true, false])
  func `discounted values are those of the best policy`(returnSteps: Int, dueling: Bool) throws {
    var configuration = Self.small
    (configuration.returnSteps, configuration.dueling) = (returnSteps, dueling)
    configuration.totalSteps = 40_000
    configuration.discount = 0.9
    var agent = try DQN(configuration: configuration, seed: 1) {
      TableEnvironment(.corridor, copies: $0, horizon: 40)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    // The last cell is worth 1/(1 − 0.9) = 10, also when the time is up; each cell before a tenth less.
    var value = 10.0
    for state in (0..<5).reversed() {
      let scores = agent.policy.scores(PPOTests.oneHot(state, 5))
      // Returns of several steps contain what exploration cost.
      #expect(abs(Double(scores[1]) - value) < (returnSteps == 1 ? 0.3 : 1.5))
      #expect(scores[1] > scores[0])
      value *= 0.9
    }
  }

  @Test(arguments: [1, 3])
  func `prefers the loop with the larger mean reward`(returnSteps: Int) throws {
    var configuration = Self.small
    configuration.criterion = .averageReward
    configuration.returnSteps = returnSteps
    configuration.totalSteps = 60_000
    configuration.finalEpsilon = 0.2
    var agent = try DQN(configuration: configuration, seed: 2) {
      TableEnvironment(.twoLoops, copies: $0)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    #expect(agent.policy.greedyAction(PPOTests.oneHot(0, 9)) == 1)
    #expect(abs(agent.averageReward - 0.4) < 0.05)
  }

  @Test func `never takes an action that is not valid, and learns among the others`() throws {
    var configuration = Self.small
    configuration.totalSteps = 20_000
    configuration.returnSteps = 2
    configuration.discount = 0.5
    var agent = try DQN(configuration: configuration, seed: 1) { MaskedCircle(copies: $0) }
    var least = 0.0
    Training(totalSteps: configuration.totalSteps).run(
      &agent, progress: { least = min(least, $0.meanReward) })
    // An invalid action would have cost a million.
    #expect(least == 0)
    // The best action is never valid; it must not colour the value of the state before.
    for state in 0..<3 {
      let scores = agent.policy.scores(PPOTests.oneHot(state, 3))
      #expect(abs(scores[(state + 1) % 3] - 2) < 0.2)
      #expect(abs(scores[(state + 2) % 3] - 1) < 0.2)
    }
  }

  @Test func `learns the same bits with any number of workers`() throws {
    let tensors = try [1, 2].map { workers in
      var agent = try Self.corridor()
      for _ in 0..<5 { _ = agent.update(workers: workers) }
      return (agent.policy, agent.trainingTensors())
    }
    #expect(tensors[0] == tensors[1])
  }

  @Test func `learns something else from another seed`() throws {
    let policies = try [UInt64(1), 2].map { seed in
      var agent = try DQN(configuration: Self.small, seed: seed) {
        TableEnvironment(.bandit, copies: $0)
      }
      for _ in 0..<10 { _ = agent.update(workers: 1) }
      return agent.policy
    }
    #expect(policies[0] != policies[1])
  }

  @Test func `explores with the probability that it says`() throws {
    // Before learning starts all values are alike at best: only exploration finds all actions.
    var configuration = Self.small
    configuration.learningStarts = 1 << 30
    (configuration.initialEpsilon, configuration.finalEpsilon) = (0.6, 0.6)
    configuration.boutsPerUpdate = 1_000
    // One state, where the action is the reward: greedy is always the same one.
    let rules: [[Rule]] = [(0..<2).map { Rule(next: 0, reward: Float($0)) }]
    var agent = try DQN(configuration: configuration, seed: 1) {
      TableEnvironment(rules, copies: $0)
    }
    let mean = agent.update(workers: 1).meanReward
    #expect(min(abs(mean - 0.3), abs(mean - 0.7)) < 0.02)
  }

  @Test func `exploration falls in a line and so does the learning rate`() throws {
    var configuration = Self.small
    configuration.annealLearningRate = true
    configuration.learningRate = 0.01
    let steps = configuration.copies * configuration.boutsPerUpdate
    (configuration.epsilonSteps, configuration.totalSteps) = (2 * steps, 4 * steps)
    (configuration.initialEpsilon, configuration.finalEpsilon) = (0.9, 0.1)
    var agent = try DQN(configuration: configuration, seed: 1) {
      TableEnvironment(.bandit, copies: $0)
    }
    let reports = (0..<3).map { _ in agent.update(workers: 1).figures }
    for (figures, expected) in zip(reports, [(0.5, 0.0075), (0.1, 0.005), (0.1, 0.0025)]) {
      #expect(abs((figures["epsilon"] ?? 0) - expected.0) < 1e-12)
      #expect(abs((figures["learning_rate"] ?? 0) - expected.1) < 1e-12)
    }
    #expect(reports[2]["gradient_steps"] == 3 * Double(configuration.boutsPerUpdate) - 12)
  }

  @Test func `a state of another seed or policy is refused and changes nothing`() throws {
    var agent = try Self.corridor()
    var other = try Self.corridor()
    for _ in 0..<4 { _ = other.update(workers: 1) }
    let before = agent.trainingTensors()
    #expect(
      throws: LearnerStateError("the policy is not the one that the training tensors are of")
    ) { try agent.restore(policy: agent.policy, trainingTensors: other.trainingTensors()) }
    var tensors = other.trainingTensors()
    tensors["seed"] = Tensor([UInt64(9)])
    #expect(throws: LearnerStateError("the seed is 9, this agent's is 4")) {
      try agent.restore(policy: other.policy, trainingTensors: tensors)
    }
    tensors = other.trainingTensors()
    tensors["replay.position"] = Tensor([Int64(-1)])
    #expect(throws: LearnerStateError.self) {
      try agent.restore(policy: other.policy, trainingTensors: tensors)
    }
    #expect(agent.trainingTensors() == before)
  }

  /// With everything that has a state.
  static func corridor() throws -> DQN<TableEnvironment> {
    var configuration = small
    configuration.criterion = .averageReward
    configuration.priorityExponent = 0.6
    configuration.returnSteps = 3
    configuration.bufferSize = 700
    configuration.targetInterval = 7
    configuration.targetStepSize = 0.5
    return try DQN(configuration: configuration, seed: 4) {
      TableEnvironment(.corridor, copies: $0, horizon: 9, slip: 0.1)
    }
  }

  static var small: DQNConfiguration {
    var configuration = DQNConfiguration()
    configuration.totalSteps = 10_000
    configuration.copies = 8
    configuration.boutsPerUpdate = 25
    configuration.learningStarts = 100
    configuration.bufferSize = 5_000
    configuration.batchSize = 32
    configuration.learningRate = 3e-3
    configuration.targetInterval = 50
    configuration.epsilonSteps = 5_000
    configuration.hiddenSizes = [16]
    return configuration
  }
}

/// Episodes of two steps among three states; action s is not valid in state s, action s + 1 pays 1, and what is not
/// valid costs a million.
private struct MaskedCircle: VectorEnvironment {
  private var inner: TableEnvironment

  init(copies: Range<Int>) {
    let rules: [[Rule]] = (0..<3).map { s in
      (0..<3).map { a in
        Rule(next: (s + 1) % 3, reward: a == s ? -1e6 : a == (s + 1) % 3 ? 1 : 0)
      }
    }
    inner = TableEnvironment(rules, copies: copies, horizon: 2)
  }

  var count: Int { inner.count }
  var observationSpace: Space { inner.observationSpace }
  var actionSpace: Space { inner.actionSpace }
  var autoreset: Autoreset { inner.autoreset }
  var masksActions: Bool { true }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    inner.reset(seed: seed, into: &transition)
    mask(&transition)
  }

  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {}

  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    inner.step(actions, into: &transition)
    mask(&transition)
  }

  /// One-hot observations say which action is not valid.
  private func mask(_ transition: inout VectorTransition) {
    transition.actionMasks = transition.observations.map { $0 == 0 }
    transition.finalActionMasks = transition.finalObservations.map { $0 == 0 }
  }

  func encodedState() -> [UInt8] { inner.encodedState() }
  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {
    try inner.restore(encodedState: encodedState)
  }
}
