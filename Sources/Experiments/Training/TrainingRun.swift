import Algebra
public import Foundation
import Gym
public import Learning
import Rebalancing

/// One training: an environment, an agent, a seed, and the folder that its results go to.
public struct TrainingRun: Sendable {
  public let environment: EnvironmentSpec
  public let agent: AgentSpec
  public let seed: UInt64
  /// See `RunFolder`.
  public let folder: URL

  public init(environment: EnvironmentSpec, agent: AgentSpec, seed: UInt64, folder: URL) {
    self.environment = environment
    self.agent = agent
    self.seed = seed
    self.folder = folder
  }

  /// How a training ended.
  public enum Ending: Sendable, Hashable {
    /// All steps are done.
    case finished
    /// It was stopped on request; the checkpoint continues it.
    case stopped
  }

  /// What is told while it runs.
  public enum Event: Sendable {
    /// It begins, with the steps that an earlier program played.
    case start(steps: Int)
    case update(UpdateReport)
    case evaluation(TrainingEvaluation)
  }

  /// What runs beside the training.
  public struct Options: Sendable {
    /// Threads; the result does not depend on them.
    public var workers = 2
    /// Asked before each update for another number of threads than `workers`.
    public var threads: (@Sendable () -> Int)?
    /// Continue from the checkpoint in the folder, if there is one.
    public var resumes = false
    /// Environment steps between two checkpoints; a tenth of the run by default.
    public var checkpointInterval: Int?
    /// Whether, when and on what the policy is evaluated.
    public var evaluation: TrainingEvaluation.Plan?
    /// Asked before each update.
    public var shouldStop: @Sendable () -> Bool = { false }
    /// Told of the start, each update and each evaluation.
    public var progress: @Sendable (Event) -> Void = { _ in }
    public init() {}
  }

  /// Trains to the end of the agent's steps and writes the checkpoint.
  public func run(_ options: Options) throws -> Ending {
    switch environment.task.precision {
    case .float: try run(options, lanes: SIMD16<Float>.self)
    case .double: try run(options, lanes: SIMD8<Double>.self)
    }
  }

  private func run<L: Lanes>(_ options: Options, lanes: L.Type) throws -> Ending {
    let task = environment.task
    let make = { (copies: Range<Int>) in
      BatchedRebalancingEnvironment<L>(task, count: copies.count, firstCopy: copies.lowerBound)
    }
    switch agent.algorithm {
    case .ppo(let configuration):
      let learner = try PPO(configuration: configuration, seed: seed, makeEnvironment: make)
      return try train(learner, options)
    case .dqn(let configuration):
      let learner = try DQN(configuration: configuration, seed: seed, makeEnvironment: make)
      return try train(learner, options)
    case .tabular(let configuration):
      let learner = try TabularLearner(
        configuration: configuration, seed: seed, makeEnvironment: make)
      return try train(learner, options)
    case .planner(let configuration):
      let model = try FiniteModel(task, discretizer: configuration.discretizer)
      let learner = try Planner(
        configuration: configuration, model: model, discretizer: configuration.discretizer)
      return try train(learner, options)
    case .crossEntropy(let configuration, let template):
      let learner = try CrossEntropySearch(
        configuration: configuration, seed: seed,
        problem: try RuleTuning(template, task: task, seed: seed))
      return try train(learner, options)
    case .postDecision(let configuration):
      if let obstacle = task.afterstateObstacle {
        throw SpecError(file: "algorithm: post_decision", obstacle)
      }
      var task = task
      // The state at an episode's end is looked at before the next begins.
      task.autoreset = .disabled
      let learner = try PostDecisionValue(configuration: configuration, seed: seed) { copies in
        BatchedRebalancingEnvironment<L>(
          task, count: copies.count, firstCopy: copies.lowerBound)
      }
      return try train(learner, options)
    case .rule(let rule):
      throw SpecError(
        file: rule, "a rule does not learn; algorithms are \(AgentSpec.learning)")
    }
  }

  private func train(_ learner: some Learner, _ options: Options) throws -> Ending {
    // Parallelism is ours; BLAS threads would change the order of sums.
    BLAS.threads = 1
    var learner = learner
    var keeper = try RunKeeper(self, &learner, options)
    let training = Training(
      totalSteps: agent.totalSteps, workers: options.workers,
      checkpointInterval: options.checkpointInterval ?? max(agent.totalSteps / 10, 1),
      evaluationInterval: options.evaluation?.interval)
    do {
      let isFinished = try training.run(
        &learner, checkpoint: { try keeper.save($0) }, evaluate: { try keeper.evaluate($0) },
        shouldStop: options.shouldStop, threads: options.threads,
        progress: { try keeper.note($0) })
      try keeper.save(learner, outcome: isFinished ? .finished : .stopped)
      return isFinished ? .finished : .stopped
    } catch {
      keeper.close(steps: learner.stepsDone)
      throw error
    }
  }
}

/// A training whose numbers are lost: not finite, or too large to mean anything.
public struct TrainingDiverged: Error, CustomStringConvertible, Sendable {
  /// Environment steps until then.
  public let steps: Int
  public let seed: UInt64
  /// Which, and how.
  public let finding: String
  /// The last checkpoint before, and its steps.
  public let checkpoint: String
  public let checkpointSteps: Int

  public var description: String {
    "seed \(seed) diverged at step \(steps): \(finding); the last good checkpoint is \(checkpoint), "
      + "of step \(checkpointSteps)"
  }
}
