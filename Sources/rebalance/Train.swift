import ArgumentParser
import Experiments
import Foundation
import Learning
import Rebalancing

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train an agent and write its checkpoint.",
    discussion: """
      Example: rebalance train --env envs/two-asset-monthly-v0.yaml --agent agents/ppo.yaml \
      --seed 1 --out checkpoints/ppo-1

      --out is a policy for every other command: the last checkpoint. In it, best/ is the \
      checkpoint of the best evaluation, log/ has curves for TensorBoard and run.json. With \
      --seeds there is a folder seed-N for each.

      Ctrl-C or SIGTERM finishes the update and writes a checkpoint; the same command with \
      --resume continues it to the same bits, also after a crash.

      What is shown as “reward” is the mean reward per step of the exploring policy in training, \
      over the last whole twentieth of the run: noisy, and lowered by exploration. “eval” is that \
      of the greedy policy in the last evaluation, always on the same episodes; the best of many \
      such scores is too good, so measure it anew with rebalance evaluate. An arrow says that the \
      score rises or falls by more than two standard errors of its slope.

      --set agent.KEY=VALUE overrides the agent's keys, --set KEY=VALUE the environment's.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @Option(help: "The agent's file, for example agents/ppo.yaml.")
  var agent: String

  @Option(help: "The seed of everything random; 1 if absent.")
  var seed: UInt64?

  @Option(help: "Several seeds, side by side: 1..10 or 1,3,7.")
  var seeds: String?

  @Option(help: "The folder for the checkpoint.")
  var out: String

  @Option(help: "Environment steps, instead of the agent's total_steps.")
  var steps: Int?

  @Option(help: "Threads; the result does not depend on them.")
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Option(help: "Steps between two checkpoints; a tenth of the run if absent.")
  var checkpointEvery: Int?

  @Option(help: "Steps between two evaluations of the greedy policy; none if absent.")
  var evaluateEvery: Int?

  @Option(help: "Episodes of an evaluation.")
  var evaluationEpisodes = 20

  @Option(help: "The seed of the evaluations' episodes.")
  var evaluationSeed = TrainingEvaluation.Plan.usualSeed

  @Flag(help: "Continue from the checkpoint in --out.")
  var resume = false

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    for (name, value, least) in [
      ("workers", workers, 1), ("steps", steps ?? 1, 1),
      ("checkpoint-every", checkpointEvery ?? 1, 1), ("evaluate-every", evaluateEvery ?? 1, 1),
      ("evaluation-episodes", evaluationEpisodes, 2),
    ] where value < least {
      throw ValidationError(
        "--\(name) \(value): at least \(least) \(least == 1 ? "is" : "are") needed")
    }
    if seed != nil, seeds != nil { throw ValidationError("--seed or --seeds, not both") }
    if evaluateEvery != nil, try allSeeds.contains(evaluationSeed) {
      throw ValidationError("--evaluation-seed \(evaluationSeed) is a training seed")
    }
  }

  /// The seeds to train with.
  private var allSeeds: [UInt64] {
    get throws { try seeds.map(SeedList.read) ?? [seed ?? 1] }
  }

  func run() throws {
    let runs = try trainings()
    if !resume, let taken = runs.first(where: { RunFolder($0.folder).isTaken }) {
      let path = seeds == nil ? out : "\(out)/\(taken.folder.lastPathComponent)"
      throw ValidationError(
        "\(path) holds a checkpoint: choose another folder, or give --resume to continue that very run"
      )
    }
    let interruption = Interruption()
    let stop = interruption.flag
    let progress = TrainingProgress(
      title: URL(fileURLWithPath: out).lastPathComponent, total: runs[0].agent.totalSteps,
      runs: runs.count)
    var common = TrainingRun.Options()
    common.workers = workers
    common.resumes = resume
    common.checkpointInterval = checkpointEvery
    common.evaluation = evaluateEvery.map {
      .init(interval: $0, episodes: evaluationEpisodes, seed: evaluationSeed)
    }
    common.shouldStop = { stop.isSet }
    let shared = common
    let options: @Sendable (Int) -> TrainingRun.Options = { index in
      var options = shared
      options.progress = { progress($0, of: index) }
      return options
    }
    try withExtendedLifetime(interruption) {
      if seeds == nil {
        try trainOne(runs[0], options(0), progress)
      } else {
        let results = SeedSweep(runs, threads: workers).run(options)
        progress.finish()
        try SeedReport(out: out, agent: agent, runs: runs, results: results, progress: progress)
          .show(json: json)
      }
    }
  }

  private func trainings() throws -> [TrainingRun] {
    let prefix = "agent."
    let forAgent = environment.overrides.filter { $0.hasPrefix(prefix) }
    let agentOverrides =
      forAgent.map { String($0.dropFirst(prefix.count)) }
      + (steps.map { ["total_steps=\($0)"] } ?? [])
    let agentSpec = try AgentSpec(path: agent, overrides: agentOverrides)
    let environmentSpec = try EnvironmentSpec(
      path: environment.path, overrides: environment.overrides.filter { !$0.hasPrefix(prefix) })
    let folder = URL(fileURLWithPath: out)
    return try allSeeds.map { seed in
      TrainingRun(
        environment: environmentSpec, agent: agentSpec, seed: seed,
        folder: seeds == nil ? folder : SeedSweep.folder(seed, in: folder))
    }
  }

  private func trainOne(
    _ run: TrainingRun, _ options: TrainingRun.Options, _ progress: TrainingProgress
  ) throws {
    let ending = Result { try run.run(options) }
    progress.finish()
    let steps = { try Checkpoint<RunRecord>(contentsOf: run.folder).steps }
    guard try ending.get() == .finished else {
      Self.sayHowToResume(at: "step \(try steps()) of \(run.agent.totalSteps)")
      throw ExitCode(130)
    }
    let result = Document(
      checkpoint: out, environment: run.environment.task.id, agent: agent, seed: run.seed,
      steps: try steps(), best: evaluateEvery == nil ? nil : RunFolder(run.folder).bestEvaluation)
    if json { return try printJSON(result) }
    print("checkpoint: \(out)")
    if let best = result.best {
      print(
        "best: \(out)/best, of step \(best.steps), mean reward \(best.meanReward.fixed(5)) "
          + "± \(best.standardError.fixed(5))")
    }
  }

  /// Says on standard error how a training continues that was stopped.
  static func sayHowToResume(at place: String) {
    let words = CommandLine.arguments.map { word in
      let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=,:".contains($0) }
      return isPlain ? word : "'\(word.replacingOccurrences(of: "'", with: "'\\''"))'"
    }
    let command = (words + (words.contains("--resume") ? [] : ["--resume"])).joined(separator: " ")
    FileHandle.standardError.write(
      Data("stopped at \(place); the same command with --resume continues:\n  \(command)\n".utf8))
  }

  private struct Document: Encodable {
    var checkpoint: String
    var environment: String
    var agent: String
    var seed: UInt64
    var steps: Int
    var best: TrainingEvaluation?
  }
}
