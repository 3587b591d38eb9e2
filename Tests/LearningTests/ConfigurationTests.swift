import Foundation
import Learning
import Testing

@Suite struct ConfigurationTests {
  @Test func `every key is kept when a configuration is written and read`() throws {
    var ppo = PPOConfiguration()
    (ppo.totalSteps, ppo.copies, ppo.parts, ppo.rolloutSteps) = (1, 20, 3, 40)
    (ppo.epochs, ppo.minibatches, ppo.learningRate, ppo.annealLearningRate) = (5, 6, 0.7, false)
    (ppo.adamEpsilon, ppo.criterion, ppo.discount) = (0.8, .averageReward, 0.9)
    (ppo.traceDecay, ppo.averageRewardStepSize, ppo.averageValueCorrection) = (0.10, 0.11, 0.12)
    (ppo.clipRange, ppo.valueClipRange, ppo.entropyCoefficient) = (0.13, 0.14, 0.15)
    (ppo.valueCoefficient, ppo.maximumGradientNorm) = (0.16, 0.17)
    (ppo.normalizeAdvantages, ppo.targetKL) = (false, 0.18)
    (ppo.rewardScaling, ppo.hiddenSizes, ppo.activation) = (.returnDeviation, [19], .relu)
    (ppo.sharedTrunk, ppo.normalizeObservations) = (true, true)
    #expect(try copy(ppo) == ppo)
    var q = TabularConfiguration()
    (q.totalSteps, q.copies, q.rolloutSteps, q.bins, q.low, q.high) = (1, 2, 3, [4], [5], [6])
    (q.criterion, q.discount, q.stepSize, q.stepSizePower) = (.averageReward, 0.7, 0.8, 0.9)
    (q.minimumStepSize, q.averageRewardStepSize, q.initialEpsilon) = (0.11, 0.12, 0.13)
    (q.finalEpsilon, q.epsilonSteps, q.initialValue) = (0.14, 15, 16)
    (q.method, q.tilings, q.returnSteps, q.traceDecay) = (.doubleQ, 17, 18, 0.19)
    (q.cutTraces, q.stepSizeSchedule, q.finalStepSize) = (false, .harmonic, 0.20)
    (q.stepSizeSteps, q.epsilonSchedule) = (21, .exponential)
    #expect(try copy(q) == q)
    var dqn = DQNConfiguration()
    (dqn.totalSteps, dqn.copies, dqn.trainInterval, dqn.gradientSteps) = (1, 2, 3, 4)
    (dqn.boutsPerUpdate, dqn.learningStarts, dqn.bufferSize, dqn.batchSize) = (5, 6, 7, 9)
    (dqn.learningRate, dqn.annealLearningRate, dqn.adamEpsilon) = (0.1, true, 0.2)
    (dqn.criterion, dqn.discount, dqn.averageRewardStepSize) = (.averageReward, 0.3, 0.4)
    (dqn.returnSteps, dqn.doubleQ, dqn.dueling) = (10, false, false)
    (dqn.priorityExponent, dqn.importanceExponent, dqn.targetInterval) = (0.5, 0.6, 11)
    (dqn.targetStepSize, dqn.huberThreshold, dqn.maximumGradientNorm) = (0.7, 0.8, 0.9)
    (dqn.initialEpsilon, dqn.finalEpsilon, dqn.epsilonSteps) = (0.11, 0.12, 13)
    (dqn.hiddenSizes, dqn.activation) = ([14], .tanh)
    #expect(try copy(dqn) == dqn)
    var planner = PlannerConfiguration()
    (planner.method, planner.totalSteps, planner.bins) = (.policyIteration, 1, 2)
    (planner.low, planner.high, planner.criterion) = (-3, 5, .discounted)
    (planner.discount, planner.tolerance) = (0.6, 0.7)
    #expect(try copy(planner) == planner)
    var search = CrossEntropyConfiguration()
    (search.totalSteps, search.population, search.elites) = (1, 3, 2)
    (search.episodes, search.smoothing, search.extraDeviation) = (4, 0.5, 0.6)
    #expect(try copy(search) == search)
  }

  @Test func `a value that DQN cannot mean is named with what is valid`() {
    func message(_ change: (inout DQNConfiguration) -> Void) -> String? {
      var configuration = DQNConfiguration()
      change(&configuration)
      return #expect(throws: LearningConfigurationError.self) { try configuration.validate() }?
        .description
    }
    #expect(message { $0.batchSize = 0 } == "batch_size is 0, valid is 1 or more")
    #expect(message { $0.copies = 1 << 21 } == "copies is 2097152, valid is at most 1048576")
    #expect(
      message { $0.targetStepSize = 0 } == "target_step_size is 0.0, valid is more than 0 to 1")
    #expect(
      message { $0.huberThreshold = .infinity }
        == "huber_threshold is inf, valid is a positive number")
    #expect(message { $0.finalEpsilon = -1 } == "final_epsilon is -1.0, valid is 0 to 1")
    #expect(
      message { $0.hiddenSizes = [0] } == "hidden_sizes is [0], valid are widths of 1 to 16384")
    #expect(throws: Never.self) { try DQNConfiguration().validate() }
  }

  private func copy<T: Codable>(_ value: T) throws -> T {
    try JSONDecoder().decode(T.self, from: JSONEncoder().encode(value))
  }

  @Test func `a value that cannot be meant is named with what is valid`() {
    func message(_ change: (inout PPOConfiguration) -> Void) -> String? {
      var configuration = PPOConfiguration()
      change(&configuration)
      return #expect(throws: LearningConfigurationError.self) { try configuration.validate() }?
        .description
    }
    #expect(message { $0.epochs = 0 } == "epochs is 0, valid is 1 or more")
    #expect(message { $0.parts = 65 } == "parts is 65, valid is at most copies, 64")
    #expect(message { $0.discount = 1.5 } == "discount is 1.5, valid is 0 to 1")
    #expect(message { $0.learningRate = -1 } == "learning_rate is -1.0, valid is a positive number")
    #expect(
      message {
        $0.criterion = .averageReward
        $0.traceDecay = 1
      } == "trace_decay is 1, valid under average_reward is less than 1")
    #expect(throws: Never.self) { try PPOConfiguration().validate() }
    #expect(throws: Never.self) { try TabularConfiguration().validate() }
  }
}
