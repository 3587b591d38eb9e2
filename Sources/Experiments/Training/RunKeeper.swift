import Foundation
import Learning
import Rebalancing

/// Keeps what a training is worth: checkpoints, the best policy, the log; and stops one that diverges.
struct RunKeeper {
  private let run: TrainingRun
  private let options: TrainingRun.Options
  private let folder: RunFolder
  private let record: RunRecord
  private var log: RunLog
  private var best: TrainingEvaluation?
  /// Steps of the checkpoint in the folder.
  private var savedSteps: Int
  private var notedSteps: Int

  /// Continues the training in the folder, if it is to, else begins one.
  init(_ run: TrainingRun, _ learner: inout some Learner, _ options: TrainingRun.Options) throws {
    self.run = run
    self.options = options
    folder = RunFolder(run.folder)
    record = try RunRecord(environment: run.environment, agent: run.agent, seed: run.seed)
    if options.resumes, folder.isTaken {
      try Self.resume(&learner, record, folder)
      best = try Self.earlierBest(record, options.evaluation, folder)
    } else {
      // A folder that cannot be written is found before the work, not after.
      try folder.prepare()
      try Checkpoint(of: learner, record: record).write(to: folder.url)
    }
    savedSteps = learner.stepsDone
    notedSteps = learner.stepsDone
    log = try RunLog(
      folder, record: record, steps: learner.stepsDone, totalSteps: run.agent.totalSteps,
      threads: options.workers)
    options.progress(.start(steps: learner.stepsDone))
  }

  private static func resume(
    _ learner: inout some Learner, _ record: RunRecord, _ folder: RunFolder
  ) throws {
    let checkpoint = try Checkpoint<RunRecord>(contentsOf: folder.url)
    let other = checkpoint.record
    guard other.isOfSameRun(as: record) else {
      throw SpecError(
        file: folder.url.path,
        "the checkpoint is of another run (\(other.environment.id), seed \(other.seed)), which only "
          + "its own environment, agent and seed continue; choose another folder for this one")
    }
    try checkpoint.restore(&learner)
  }

  /// The evaluation of the best checkpoint so far. It may be ahead of the last checkpoint where the
  /// program was killed between the two: then the same one will be met again.
  private static func earlierBest(
    _ record: RunRecord, _ plan: TrainingEvaluation.Plan?, _ folder: RunFolder
  ) throws -> TrainingEvaluation? {
    guard let plan, Checkpoint<RunRecord>.isThere(folder.best) else { return nil }
    let best = try Checkpoint<RunRecord>(contentsOf: folder.best).record
    guard let evaluation = best.evaluation, best.isOfSameRun(as: record),
      evaluation.seed == plan.seed,
      // On data that is replayed from a fixed day there is 1, whatever is asked.
      evaluation.episodes == plan.episodes || evaluation.episodes == 1
    else {
      throw SpecError(
        file: folder.best.path,
        "the best checkpoint is of another run or other evaluations; "
          + "give the same options, or remove the folder")
    }
    return evaluation
  }

  /// Notes an update and stops where its figures are lost.
  mutating func note(_ report: UpdateReport) throws {
    if let finding = report.fault { throw diverged(report.stepsDone, finding) }
    try log.note(report, before: notedSteps)
    notedSteps = report.stepsDone
    options.progress(.update(report))
  }

  /// Evaluates the greedy policy and keeps the learner if none was better.
  mutating func evaluate(_ learner: some Learner) throws {
    guard let plan = options.evaluation else { return }
    var checkpoint = try checkpoint(learner)
    let evaluation = try TrainingEvaluation(
      learner.policy, on: run.environment.task, steps: learner.stepsDone, plan)
    try log.note(evaluation)
    options.progress(.evaluation(evaluation))
    guard evaluation.isBetter(than: best) else { return }
    checkpoint.record.evaluation = evaluation
    try checkpoint.write(to: folder.best)
    best = evaluation
  }

  /// Writes the checkpoint.
  mutating func save(_ learner: some Learner, outcome: RunLog.Outcome = .running) throws {
    try checkpoint(learner).write(to: folder.url)
    savedSteps = learner.stepsDone
    try log.note(outcome, steps: savedSteps, best: best)
  }

  /// Notes that the training has failed; the checkpoint stays.
  mutating func close(steps: Int) {
    // The failure itself is told by the caller.
    try? log.note(.failed, steps: steps, best: best)
  }

  /// The learner's state, if all of it is finite.
  private func checkpoint(_ learner: some Learner) throws -> Checkpoint<RunRecord> {
    let checkpoint = Checkpoint(of: learner, record: record)
    if let name = checkpoint.firstNotFinite {
      throw diverged(checkpoint.steps, "tensor \(name) has numbers that are not finite")
    }
    return checkpoint
  }

  private func diverged(_ steps: Int, _ finding: String) -> TrainingDiverged {
    TrainingDiverged(
      steps: steps, seed: run.seed, finding: finding, checkpoint: folder.url.relativeToHere,
      checkpointSteps: savedSteps)
  }
}
