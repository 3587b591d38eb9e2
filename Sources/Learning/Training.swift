/// The loop that updates a learner until it has taken enough steps.
public struct Training: Sendable, Hashable {
  /// Environment steps to reach, over all copies.
  public var totalSteps: Int
  /// Threads; the result does not depend on them.
  public var workers: Int
  /// Environment steps between two checkpoints; none by default.
  public var checkpointInterval: Int?
  /// Environment steps between two evaluations, of which one is at the end; none by default.
  public var evaluationInterval: Int?

  public init(
    totalSteps: Int, workers: Int = 1, checkpointInterval: Int? = nil,
    evaluationInterval: Int? = nil
  ) {
    precondition(checkpointInterval ?? 1 > 0, "a checkpoint interval must be 1 step or more")
    precondition(evaluationInterval ?? 1 > 0, "an evaluation interval must be 1 step or more")
    self.totalSteps = totalSteps
    self.workers = workers
    self.checkpointInterval = checkpointInterval
    self.evaluationInterval = evaluationInterval
  }

  /// Updates a learner until `totalSteps` are done or `shouldStop` says so.
  ///
  /// - Parameters:
  ///   - checkpoint: called after the update that reaches a multiple of `checkpointInterval`.
  ///   - evaluate: called after the update that reaches a multiple of `evaluationInterval`, and after
  ///     the last; before `checkpoint`, so that no evaluation is lost between the two.
  ///   - shouldStop: asked before each update.
  ///   - threads: asked before each update for another number than `workers`.
  ///   - progress: told of each update first.
  /// - Returns: whether `totalSteps` were reached.
  @discardableResult
  public func run<L: Learner, Failure: Error>(
    _ learner: inout L, checkpoint: (L) throws(Failure) -> Void,
    evaluate: (L) throws(Failure) -> Void, shouldStop: () -> Bool, threads: (() -> Int)? = nil,
    progress: (UpdateReport) throws(Failure) -> Void
  ) throws(Failure) -> Bool {
    while learner.stepsDone < totalSteps {
      if shouldStop() { return false }
      let before = learner.stepsDone
      try progress(learner.update(workers: threads?() ?? workers))
      let after = learner.stepsDone
      if let interval = evaluationInterval,
        after / interval > before / interval || after >= totalSteps
      {
        try evaluate(learner)
      }
      if let interval = checkpointInterval, after / interval > before / interval {
        try checkpoint(learner)
      }
    }
    return true
  }

  /// Updates a learner without evaluations.
  @discardableResult
  public func run<L: Learner, Failure: Error>(
    _ learner: inout L, checkpoint: (L) throws(Failure) -> Void,
    shouldStop: () -> Bool = { false }, progress: (UpdateReport) -> Void = { _ in }
  ) throws(Failure) -> Bool {
    try run(
      &learner, checkpoint: checkpoint, evaluate: { (_: L) throws(Failure) in },
      shouldStop: shouldStop,
      progress: { (report: UpdateReport) throws(Failure) in progress(report) })
  }

  /// Updates a learner without checkpoints.
  @discardableResult
  public func run<L: Learner>(
    _ learner: inout L, shouldStop: () -> Bool = { false },
    progress: (UpdateReport) -> Void = { _ in }
  ) -> Bool {
    run(&learner, checkpoint: { _ in }, shouldStop: shouldStop, progress: progress)
  }
}
