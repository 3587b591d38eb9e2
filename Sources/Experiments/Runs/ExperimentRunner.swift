public import Deployment
public import Foundation
import Learning
import Oracles
import Rebalancing

/// Runs an experiment: train, score exactly, compare on samples and on real data, export, decide.
///
/// Finished trainings are found again by their records, so an interrupted run continues.
public struct ExperimentRunner: Sendable {
  public let spec: ExperimentSpec
  /// Where results go.
  public let output: URL
  /// Receives headings and tables.
  public let report: @Sendable (String) -> Void
  /// Makes the options of a training from its title and its steps.
  public let options: @Sendable (String, Int) -> TrainingRun.Options

  public init(
    spec: ExperimentSpec, output: URL, report: @escaping @Sendable (String) -> Void,
    options: @escaping @Sendable (String, Int) -> TrainingRun.Options
  ) {
    self.spec = spec
    self.output = output
    self.report = report
    self.options = options
  }

  /// A training was stopped; the next run continues it.
  public struct Stopped: Error, Sendable {}

  /// The answers, as they go to `results.json`.
  public struct Results: Codable, Sendable {
    public var experiment: String
    public var question: String
    public var provenance: Provenance
    public var exact: ExactEvaluation
    public var sampled: SampledEvaluation
    public var replays: [SampledEvaluation]
    public var exported: String
    public var decision: DecisionResponse
  }

  private struct Learned {
    let name: String
    let checkpoint: Checkpoint<RunRecord>
  }

  /// Runs all stages.
  public func run() throws -> Results {
    let environment = try EnvironmentSpec(path: path(spec.environment))
    try check(environment)
    try createFolder(output)
    report("Question: \(spec.question)")
    let learned = try train(environment)

    report("\n1. Exact scores on \(environment.task.id)")
    let exact = try ExactEvaluation(
      environment.task, policies: try policies(learned, for: environment.task))
    report(exact.table)

    report("\n2. The same policies on \(spec.episodes) sampled paths")
    let sampled = SampledEvaluation(
      environment.task, policies: try policies(learned, for: environment.task),
      episodes: spec.episodes, seed: spec.evaluationSeed)
    report(sampled.table)

    var replays: [SampledEvaluation] = []
    for (number, replay) in spec.replays.enumerated() {
      let task = try EnvironmentSpec(path: path(replay)).task
      report("\n\(3 + number). The same policies on real data: \(task.id)")
      let evaluation = SampledEvaluation(
        task, policies: try policies(learned, for: task), episodes: 1, seed: spec.evaluationSeed)
      report(evaluation.table)
      replays.append(evaluation)
    }

    let best = try bestLearned(learned, sampled)
    report("\n\(3 + replays.count). Export of \(best.name), the best learned policy on the samples")
    let decision = try export(best)
    let results = Results(
      experiment: spec.name, question: spec.question, provenance: .current, exact: exact,
      sampled: sampled, replays: replays, exported: best.name, decision: decision)
    try write(results)
    let figure = try CostFigure(evaluation: exact).draw(into: output)
    let files =
      ["results.json", "results.csv"] + [figure].compactMap { $0 } + ["bundle/", "request.json"]
      + learned.map { $0.name + "/" }
    report("\nFiles in \(output.relativeToHere)/:\n  \(files.joined(separator: "\n  "))")
    if figure == nil { report("No figure: gnuplot-nox is not installed") }
    return results
  }

  /// Reads everything that the experiment names: what is wrong is found before the trainings.
  private func check(_ environment: EnvironmentSpec) throws {
    _ = try TwoAssetChain(environment.task)
    for agent in spec.agents { _ = try AgentSpec(path: path(agent)) }
    guard !spec.replays.isEmpty else {
      throw SpecError(file: spec.name, "replays: at least one is needed for a decision")
    }
    let replays = try spec.replays.map { try EnvironmentSpec(path: path($0)) }
    for task in ([environment] + replays).map(\.task) {
      for rule in spec.rules { _ = try RuleCatalog.rule(rule, for: task) }
    }
  }

  private func path(_ relative: String) -> String {
    let top = spec.top.relativeToHere
    return top.isEmpty ? relative : top + "/" + relative
  }

  // MARK: - Stages

  private func train(_ environment: EnvironmentSpec) throws -> [Learned] {
    var learned: [Learned] = []
    for agentPath in spec.agents {
      let agent = try AgentSpec(path: path(agentPath))
      let agentName = URL(fileURLWithPath: agentPath).deletingPathExtension().lastPathComponent
      for seed in spec.seeds {
        let name = "\(agentName)-seed-\(seed)"
        let folder = output.appending(path: name)
        let run = TrainingRun(environment: environment, agent: agent, seed: seed, folder: folder)
        if !run.isFinished {
          var options = options(name, agent.totalSteps)
          options.resumes = run.isResumable
          guard try run.run(options) == .finished else { throw Stopped() }
        }
        learned.append(Learned(name: name, checkpoint: try Checkpoint(contentsOf: folder)))
      }
    }
    return learned
  }

  private func policies(
    _ learned: [Learned], for task: RebalancingTask
  ) throws -> [any Trigger] {
    var all: [any Trigger] = []
    for rule in spec.rules { all.append(try RuleCatalog.rule(rule, for: task)) }
    for policy in learned {
      all.append(
        try PolicyReference.policy(of: policy.checkpoint, name: policy.name, for: task))
    }
    return all
  }

  /// The learned policy with the lowest sampled cost: the exact scores select nothing.
  private func bestLearned(_ learned: [Learned], _ sampled: SampledEvaluation) throws -> Learned {
    let costs = Dictionary(uniqueKeysWithValues: sampled.policies.map { ($0.name, $0.cost.mean) })
    func cost(_ policy: Learned) -> Double { costs[policy.name, default: .infinity] }
    guard let best = learned.min(by: { cost($0) < cost($1) })
    else { throw SpecError(file: spec.name, "agents: at least one is needed") }
    return best
  }

  private func export(_ best: Learned) throws -> DecisionResponse {
    let folder = output.appending(path: "bundle")
    try PolicyExport.write(
      best.checkpoint, name: spec.exportName, version: spec.exportVersion, to: folder)
    let (bundle, vectors) = try PolicyBundle.load(folder)
    report("\(folder.relativeToHere): digests agree, \(vectors) conformance vectors met")
    guard let replay = spec.replays.first else {
      throw SpecError(file: spec.name, "replays: at least one is needed for a decision")
    }
    let request = try lastDay(of: EnvironmentSpec(path: path(replay)).task, best)
    try request.write(to: output.appending(path: "request.json"), options: .atomic)
    return try bundle.decide(request: request)
  }

  /// The portfolio that a policy leads to on the last day of the data, as a request.
  private func lastDay(of task: RebalancingTask, _ learned: Learned) throws -> Data {
    let policy = try PolicyReference.trigger(of: learned.checkpoint, name: learned.name)
    var environment = RebalancingEnvironment<Double>(task.informing(policy))
    _ = environment.reset(seed: spec.evaluationSeed)
    while !environment.hasEnded {
      _ = environment.advance(policy.decide(environment.snapshot))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(environment.snapshot) + Data("\n".utf8)
  }

  private func write(_ results: Results) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (try encoder.encode(results) + Data("\n".utf8)).write(
      to: output.appending(path: "results.json"), options: .atomic)
    try Data(results.csv.utf8).write(
      to: output.appending(path: "results.csv"), options: .atomic)
  }
}

extension TrainingRun {
  /// The record of the checkpoint in the folder, if it is of this very run.
  private var checkpoint: Checkpoint<RunRecord>? {
    guard let found = try? Checkpoint<RunRecord>(contentsOf: folder),
      let own = try? RunRecord(environment: environment, agent: agent, seed: seed),
      found.record.isOfSameRun(as: own)
    else { return nil }
    return found
  }

  /// Whether the folder holds this run with all its steps.
  var isFinished: Bool { (checkpoint?.steps ?? 0) >= agent.totalSteps }
  /// Whether the folder holds a part of this run.
  var isResumable: Bool { checkpoint != nil }
}

extension ExperimentRunner.Results {
  /// One row per policy and stage.
  var csv: String {
    var lines = [
      "stage,environment,policy,cost_bp_per_year,standard_error,transaction_bp,drift_bp,tax_bp,"
        + "turnover_per_year,tracking_error_bp,trades_per_year,gap_percent,final_value"
    ]
    for row in exact.policies {
      let numbers = [
        row.cost, nil, row.transaction, row.drift, row.cost.map { _ in 0 }, row.turnover,
        row.trackingError, row.trades, row.gap, nil,
      ]
      lines.append(line("exact", exact.environment, row.name, numbers))
    }
    for (stage, evaluation) in [("sampled", sampled)] + replays.map({ ("data", $0) }) {
      for row in evaluation.policies {
        let numbers: [Double?] = [
          row.cost.mean, row.cost.standardError, row.transaction.mean, row.drift.mean,
          row.tax.mean, row.turnover.mean, row.trackingError, row.trades, nil, row.finalValue,
        ]
        lines.append(line(stage, evaluation.environment, row.name, numbers))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func line(
    _ stage: String, _ environment: String, _ policy: String, _ numbers: [Double?]
  ) -> String {
    // Rules hold commas.
    ([stage, environment, "\"\(policy)\""] + numbers.map { $0.map { $0.fixed(6) } ?? "" })
      .joined(separator: ",")
  }
}

extension URL {
  /// The path from the working directory where it lies below it, else the whole path.
  var relativeToHere: String {
    let here = FileManager.default.currentDirectoryPath
    if path == here { return "" }
    return path.hasPrefix(here + "/") ? String(path.dropFirst(here.count + 1)) : path
  }
}
