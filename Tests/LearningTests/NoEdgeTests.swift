import Algebra
import Gym
import Learning
import Testing

/// Returns ±1 of a series that goes round; the sign of the last one is seen, action 1 earns the next
/// one and action 0 nothing.
private struct SignEnvironment: VectorEnvironment {
  let series: [Float]
  let copies: Range<Int>
  private var places: [Int]

  init(_ series: [Float], copies: Range<Int>) {
    self.series = series
    self.copies = copies
    places = copies.map { $0 * 977 % series.count }
  }

  var count: Int { copies.count }
  var observationSpace: Space { .box(low: [-2], high: [2]) }
  var actionSpace: Space { .discrete(count: 2) }
  var autoreset: Autoreset { .sameStep }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    for c in 0..<count { transition.observations[c] = series[places[c]] }
  }
  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {}
  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    for c in 0..<count {
      places[c] = (places[c] + 1) % series.count
      transition.rewards[c] = actions[c] == 1 ? series[places[c]] : 0
      transition.observations[c] = series[places[c]]
    }
  }
  func encodedState() -> [UInt8] { [] }
  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {}
}

@Suite struct NoEdgeTests {
  /// A series in which a return repeats the sign of the last one with probability 0.6 and is positive
  /// by half a percentage point more often.
  private static func series(seed: UInt64, count: Int) -> [Float] {
    let random = RandomSource(seed: seed)
    var (series, last) = ([Float](), Float(1))
    for step in 0..<count {
      let u = random.uniform(.market, step: UInt32(step))
      last = u < (last > 0 ? 0.605 : 0.405) ? 1 : -1
      series.append(last)
    }
    return series
  }

  private static func shuffled(_ series: [Float], seed: UInt64) -> [Float] {
    RandomSource(seed: seed).permutation(of: series.count, .evaluation, episode: 0)
      .map { series[$0] }
  }

  /// The mean reward that a policy earns on a series, less that of the best constant action.
  private static func edge(of policy: LearnedPolicy, on series: [Float]) -> Double {
    var earned = 0.0
    for (last, next) in zip(series, series.dropFirst()) where policy.greedyAction([last]) == 1 {
      earned += Double(next)
    }
    let held = series.dropFirst().reduce(0) { $0 + Double($1) }
    return (earned - max(held, 0)) / Double(series.count - 1)
  }

  /// What learns.
  enum Agent: Sendable, CaseIterable {
    case qLearning, sarsa, expectedSarsa, doubleQ, ppo, dqn

    var method: TabularMethod {
      switch self {
      case .sarsa: .sarsa
      case .expectedSarsa: .expectedSarsa
      case .doubleQ: .doubleQ
      default: .qLearning
      }
    }
  }

  private static func learn(_ series: [Float], by agent: Agent) throws -> LearnedPolicy {
    switch agent {
    case .ppo:
      var configuration = PPOConfiguration()
      (configuration.totalSteps, configuration.copies, configuration.discount) = (400_000, 32, 0)
      (configuration.hiddenSizes, configuration.learningRate) = ([8], 3e-3)
      var agent = try PPO(configuration: configuration, seed: 1) {
        SignEnvironment(series, copies: $0)
      }
      return policy(&agent, after: configuration.totalSteps)
    case .dqn:
      var configuration = DQNConfiguration()
      (configuration.totalSteps, configuration.copies, configuration.discount) = (200_000, 16, 0)
      (configuration.hiddenSizes, configuration.bufferSize) = ([8], 100_000)
      (configuration.annealLearningRate, configuration.epsilonSteps) = (true, 100_000)
      var agent = try DQN(configuration: configuration, seed: 1) {
        SignEnvironment(series, copies: $0)
      }
      return policy(&agent, after: configuration.totalSteps)
    case .qLearning, .sarsa, .expectedSarsa, .doubleQ:
      var configuration = TabularConfiguration()
      configuration.method = agent.method
      (configuration.totalSteps, configuration.copies) = (400_000, 16)
      (configuration.bins, configuration.low, configuration.high) = ([2], [-2], [2])
      (configuration.stepSize, configuration.stepSizePower) = (1, 0.8)
      (configuration.discount, configuration.rolloutSteps) = (0, 500)
      (configuration.initialEpsilon, configuration.finalEpsilon) = (1, 0.2)
      var agent = try TabularLearner(configuration: configuration, seed: 1) {
        SignEnvironment(series, copies: $0)
      }
      return policy(&agent, after: configuration.totalSteps)
    }
  }

  private static func policy(_ agent: inout some Learner, after steps: Int) -> LearnedPolicy {
    BLAS.threads = 1
    Training(totalSteps: steps).run(&agent)
    return agent.policy
  }

  /// On fresh data; a mean of 100,000 signs has a standard error of 0.0032.
  @Test(arguments: Agent.allCases)
  func `what is learned from shuffled returns has no edge, from the returns as they are it has`(
    _ agent: Agent
  ) throws {
    let past = Self.series(seed: 1, count: 20_000)
    let fresh = Self.series(seed: 2, count: 100_000)
    let learned = try Self.learn(past, by: agent)
    #expect(Self.edge(of: learned, on: fresh) > 0.05)
    let blind = try Self.learn(Self.shuffled(past, seed: 3), by: agent)
    #expect(Self.edge(of: blind, on: Self.shuffled(fresh, seed: 4)) < 0.01)
    #expect(Self.edge(of: learned, on: Self.shuffled(fresh, seed: 4)) < 0.01)
  }
}
