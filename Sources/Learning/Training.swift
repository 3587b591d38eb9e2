/// The loop that updates a learner until it has taken enough steps.
public struct Training: Sendable, Hashable {
  /// Environment steps to reach, over all copies.
  public var totalSteps: Int
  /// Threads; the result does not depend on them.
  public var workers: Int
  /// Environment steps between two checkpoints; none by default.
  public var checkpointInterval: Int?

  public init(totalSteps: Int, workers: Int = 1, checkpointInterval: Int? = nil) {
    precondition(checkpointInterval ?? 1 > 0, "a checkpoint interval must be 1 step or more")
    self.totalSteps = totalSteps
    self.workers = workers
    self.checkpointInterval = checkpointInterval
  }

  /// Updates a learner until `totalSteps` are done or `shouldStop` says so.
  ///
  /// - Parameters:
  ///   - checkpoint: called after the update that reaches a multiple of `checkpointInterval`.
  ///   - shouldStop: asked before each update.
  ///   - progress: told of each update.
  /// - Returns: whether `totalSteps` were reached.
  @discardableResult
  public func run<L: Learner, Failure: Error>(
    _ learner: inout L, checkpoint: (L) throws(Failure) -> Void,
    shouldStop: () -> Bool = { false }, progress: (UpdateReport) -> Void = { _ in }
  ) throws(Failure) -> Bool {
    while learner.stepsDone < totalSteps {
      if shouldStop() { return false }
      let before = learner.stepsDone
      progress(learner.update(workers: workers))
      if let interval = checkpointInterval, learner.stepsDone / interval > before / interval {
        try checkpoint(learner)
      }
    }
    return true
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
