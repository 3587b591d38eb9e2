import Algebra
public import Foundation
import Gym
public import Learning
import Rebalancing

/// One training: an environment, an agent, a seed, and the folder that the checkpoint goes to.
public struct TrainingRun: Sendable {
  public let environment: EnvironmentSpec
  public let agent: AgentSpec
  public let seed: UInt64
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

  /// What runs beside the training.
  public struct Options: Sendable {
    /// Threads; the result does not depend on them.
    public var workers = 2
    /// Continue from the checkpoint in the folder, if there is one.
    public var resumes = false
    /// Asked before each update.
    public var shouldStop: @Sendable () -> Bool = { false }
    /// Told of each update.
    public var progress: @Sendable (UpdateReport) -> Void = { _ in }
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
    case .qLearning(let configuration):
      let learner = try QLearning(configuration: configuration, seed: seed, makeEnvironment: make)
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
        file: "rule:\(rule)",
        "a rule does not learn; algorithms are ppo, q_learning, post_decision")
    }
  }

  private func train(_ learner: some Learner, _ options: Options) throws -> Ending {
    // Parallelism is ours; BLAS threads would change the order of sums.
    BLAS.threads = 1
    var learner = learner
    let record = RunRecord(environment: environment, agent: agent, seed: seed)
    if options.resumes, Checkpoint<RunRecord>.isThere(folder) {
      try resume(&learner, record)
    } else {
      // A folder that cannot be written is found before the work, not after.
      try Checkpoint(of: learner, record: record).write(to: folder)
    }
    let training = Training(
      totalSteps: agent.totalSteps, workers: options.workers,
      checkpointInterval: max(agent.totalSteps / 10, 1))
    let isFinished = try training.run(
      &learner,
      checkpoint: { try Checkpoint(of: $0, record: record).write(to: folder) },
      shouldStop: options.shouldStop, progress: options.progress)
    try Checkpoint(of: learner, record: record).write(to: folder)
    return isFinished ? .finished : .stopped
  }

  private func resume(_ learner: inout some Learner, _ record: RunRecord) throws {
    let checkpoint = try Checkpoint<RunRecord>(contentsOf: folder)
    let other = checkpoint.record
    guard other.environment.sha256 == record.environment.sha256, other.seed == seed,
      try other.agent.canonicalJSON() == record.agent.canonicalJSON()
    else {
      throw SpecError(
        file: folder.path,
        "the checkpoint is of another run (\(other.environment.id), seed \(other.seed)); "
          + "choose another folder or leave --resume out")
    }
    try checkpoint.restore(&learner)
  }
}
