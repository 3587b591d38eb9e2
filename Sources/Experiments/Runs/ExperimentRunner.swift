public import Deployment
public import Foundation
import Learning
import Rebalancing

/// A training was stopped; the next run continues it.
public struct ExperimentStopped: Error, Sendable {}

/// Runs an experiment: train, score exactly, compare on samples and on real data, export, decide.
///
/// Finished trainings and evaluations are found again in the results' folder, so an interrupted run
/// continues.
public struct ExperimentRunner: Sendable {
  public let spec: ExperimentSpec
  /// Where results go.
  public let output: URL
  /// Threads; results do not depend on them.
  public let workers: Int
  /// Receives headings and tables.
  public let report: @Sendable (String) -> Void
  /// Makes the options of trainings side by side from their title, the steps of each, and how many
  /// there are.
  public let options:
    @Sendable (String, Int, Int) -> @Sendable (_ index: Int) -> TrainingRun.Options

  public init(
    spec: ExperimentSpec, output: URL, workers: Int, report: @escaping @Sendable (String) -> Void,
    options:
      @escaping @Sendable (String, Int, Int) -> @Sendable (_ index: Int) -> TrainingRun.Options
  ) {
    self.spec = spec
    self.output = output
    self.workers = workers
    self.report = report
    self.options = options
  }

  /// The answers, as they go to `results.json`.
  public struct Results: Codable, Sendable {
    public var experiment: String
    public var question: String
    public var provenance: Provenance
    /// Of an experiment with one case: those of the case.
    public var exact: ExactEvaluation?
    public var sampled: SampledEvaluation?
    public var replays: [SampledEvaluation]?
    /// Of an experiment that exports a policy.
    public var exported: String?
    public var decision: DecisionResponse?
    public var cases: [CaseResult]
    /// Of an experiment with a baseline and several cases.
    public var comparison: CaseComparison?
    /// What no honest figure can be; see `SanityGate`.
    public var findings: [SanityGate.Finding] = []
  }

  /// Runs all cases.
  public func run() throws -> Results {
    let plans = try spec.cases.map { try CasePlan($0, path: path) }
    try createFolder(output)
    let store = try RunStore(folder: output)
    try store.begin(cases: plans.map(\.spec.name))
    report("Question: \(spec.question)")
    var results = Results(
      experiment: spec.name, question: spec.question, provenance: .current, cases: [])
    for (number, plan) in plans.enumerated() {
      if plans.count > 1 { report("\n## Case \(number + 1) of \(plans.count): \(plan.spec.name)") }
      let outcome = try CaseRunner(
        plan: plan, folder: folder(of: plan.spec), runner: self, store: store
      ).run()
      results.cases.append(outcome.result)
      if number == 0, let export = spec.export {
        let exported = try Export(export, plan, outcome).write(from: self)
        (results.exported, results.decision) = (exported.name, exported.decision)
      }
    }
    if let only = results.cases.first, results.cases.count == 1 {
      (results.exact, results.sampled, results.replays) = (only.exact, only.sampled, only.replays)
    }
    if let baseline = spec.baseline, let first = spec.cases.first {
      results.comparison = CaseComparison(
        results.cases, baseline: baseline, seed: first.evaluationSeed, workers: workers)
      if let comparison = results.comparison { report("\n" + comparison.table) }
    }
    results.findings = results.cases.flatMap(\.findings)
    for finding in results.findings { report("\nSANITY: \(finding)") }
    try write(results, store)
    return results
  }

  func path(_ relative: String) -> String {
    // Rules and whole paths are no files of the repository.
    if relative.hasPrefix("/") || relative.hasPrefix("rule:") { return relative }
    let top = spec.top.relativeToHere
    return top.isEmpty ? relative : top + "/" + relative
  }

  func folder(of spec: ExperimentCase) -> URL {
    guard self.spec.cases.count > 1 else { return output }
    let name = spec.name.map { $0.isLetter || $0.isNumber || "-=._".contains($0) ? $0 : "-" }
    return output.appending(path: String(name))
  }

  /// The files that `--record` copies into the experiment's folder, as far as a run makes them.
  public static let recordedFiles = [
    "results.csv", "standings.csv", "comparison.csv", "found.csv", "costs.svg",
  ]

  private func write(_ results: Results, _ store: RunStore) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try (try encoder.encode(results) + Data("\n".utf8)).write(
      to: output.appending(path: "results.json"), options: .atomic)
    var files = ["results.json", RunStore.fileName]
    let hasStandings = results.cases.contains { !$0.standings.isEmpty }
    for (name, text) in [
      ("results.csv", results.csv), ("standings.csv", hasStandings ? results.standingsCSV : nil),
      ("comparison.csv", results.comparisonCSV), ("found.csv", try store.foundCSV()),
    ] {
      guard let text else { continue }
      try Data(text.utf8).write(to: output.appending(path: name), options: .atomic)
      files.append(name)
    }
    if let exact = results.cases.first?.exact {
      if let figure = try CostFigure(evaluation: exact).draw(into: output) {
        files.append(figure)
      } else {
        report("No figure: gnuplot-nox is not installed")
      }
    }
    if results.exported != nil { files += ["bundle/", "request.json"] }
    report("\nFiles in \(output.relativeToHere)/:\n  \(files.joined(separator: "\n  "))")
  }
}

/// The export of the best learned policy of a case.
private struct Export {
  let target: ExperimentSpec.Export
  let plan: CasePlan
  let outcome: CaseRunner.Outcome

  init(_ target: ExperimentSpec.Export, _ plan: CasePlan, _ outcome: CaseRunner.Outcome) {
    (self.target, self.plan, self.outcome) = (target, plan, outcome)
  }

  func write(
    from runner: ExperimentRunner
  ) throws -> (name: String, decision: DecisionResponse) {
    guard let best, let checkpoint = best.checkpoint, let replay = plan.replays.first,
      case .whole(let environment, _) = plan.stage
    else {
      throw SpecError(
        file: runner.spec.name,
        "export_name: a learned policy with samples, and replays, are needed for a decision")
    }
    runner.report("\nExport of \(best.name), the best learned policy on the samples")
    let folder = runner.output.appending(path: "bundle")
    let evaluation = try EvaluationRecord(
      of: checkpoint, name: best.name, on: environment, against: plan.spec.rules,
      episodes: plan.spec.episodes, seed: plan.spec.evaluationSeed, workers: runner.workers)
    try PolicyExport.write(
      checkpoint, name: target.name, version: target.version, evaluation: evaluation, to: folder)
    let (bundle, vectors) = try PolicyBundle.load(folder)
    runner.report(
      "\(folder.relativeToHere): digests agree, \(vectors) conformance vectors met")
    let policy = try PolicyReference.trigger(of: checkpoint, name: best.name)
    let request = try lastDay(of: replay.task, policy, as: environment.task.assets)
    try request.write(to: runner.output.appending(path: "request.json"), options: .atomic)
    return (best.name, try bundle.decide(request: request))
  }

  /// The learned policy with the lowest sampled cost: the exact scores select nothing.
  private var best: Entrant? {
    let rows = outcome.result.sampled?.policies ?? []
    let costs = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.cost.mean) })
    func cost(_ entrant: Entrant) -> Double { costs[entrant.name, default: .infinity] }
    return outcome.entrants.filter { $0.checkpoint != nil && $0.found == nil }
      .min { cost($0) < cost($1) }
  }

  /// The portfolio that a policy leads to on the last day of the data, as a request.
  ///
  /// - Parameter assets: by the names that the policy has learned, in whose place those of the data stand.
  private func lastDay(
    of task: RebalancingTask, _ policy: LearnedTrigger, as assets: [String]
  ) throws -> Data {
    var environment = RebalancingEnvironment<Double>(task.informing(policy))
    _ = environment.reset(seed: plan.spec.evaluationSeed)
    while !environment.hasEnded {
      _ = environment.advance(policy.decide(environment.snapshot))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    var snapshot = environment.snapshot
    snapshot.assets = assets
    return try encoder.encode(snapshot) + Data("\n".utf8)
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

extension URL {
  /// The path from the working directory where it lies below it, else the whole path.
  var relativeToHere: String {
    let here = FileManager.default.currentDirectoryPath
    if path == here { return "" }
    return path.hasPrefix(here + "/") ? String(path.dropFirst(here.count + 1)) : path
  }
}
