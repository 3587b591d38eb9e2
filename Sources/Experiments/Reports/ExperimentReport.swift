public import Foundation
import Statistics

/// Makes the report of an experiment from what its run has left: `results.json`, the store of runs and
/// a folder for each training.
public struct ExperimentReport {
  /// Where the results are.
  public let folder: URL
  private let spec: ExperimentSpec
  private let results: ExperimentRunner.Results
  private let store: RunStore
  private let plans: [CasePlan]

  /// Cases that have figures; of more, tables alone.
  private static let drawnCases = 8

  /// - Parameters:
  ///   - folder: the experiment's, with `experiment.yaml`, or that of its results.
  /// - Throws: where there are no results, or they are of another version.
  public init(folder: URL) throws {
    let isSpec = FileManager.default.fileExists(
      atPath: folder.appending(path: "experiment.yaml").path)
    let own = isSpec ? try ExperimentSpec(folder: folder) : nil
    let place = own.map { $0.top.appending(path: "checkpoints/\($0.name)") } ?? folder
    let file = place.appending(path: "results.json")
    guard let data = FileManager.default.contents(atPath: file.path) else {
      let command = own.map { "; rebalance run experiments/\($0.name) makes them" } ?? ""
      throw SpecError(file: file.relativeToHere, "no results are there\(command)")
    }
    do { results = try JSONDecoder().decode(ExperimentRunner.Results.self, from: data) } catch {
      throw SpecError(
        file: file.relativeToHere, "not the results of an experiment, or of another version")
    }
    let spec =
      try own
      ?? ExperimentSpec(folder: URL(fileURLWithPath: "experiments/\(results.experiment)"))
    (self.folder, self.spec) = (place, spec)
    store = try RunStore(existingIn: place)
    let top = spec.top
    plans = try spec.cases.map { plan in
      try CasePlan(plan) { $0.hasPrefix("/") ? $0 : top.appending(path: $0).path }
    }
    guard plans.map(\.spec.name) == results.cases.map(\.name) else {
      throw SpecError(
        file: file.relativeToHere,
        "the results are of other cases than experiment.yaml has; rebalance run makes them anew")
    }
  }

  /// The report.
  public func report() throws -> Report {
    var sections = try warnings + overview()
    for (number, result) in results.cases.enumerated() {
      let section = CaseReport(
        result: result, plan: plans[number], number: results.cases.count > 1 ? number + 1 : nil,
        folder: folder, store: store, exported: number == 0 ? results.exported : nil)
      sections += try section.sections(hasFigures: results.cases.count <= Self.drawnCases)
    }
    return Report(
      title: results.experiment, question: results.question, answer: answer,
      provenance: provenance, sections: sections)
  }

  /// What people have found, or what the scores of the first case say.
  private var answer: [String] {
    if let answer = spec.answer { return [answer] }
    guard let standings = results.cases.first?.standings.last else { return [] }
    let scored = standings.rows.filter { $0.cost != nil }
    guard let learned = scored.first(where: { !$0.isRule }),
      let rule = scored.first(where: \.isRule), let cost = learned.cost, let other = rule.cost
    else { return [] }
    func words(_ cost: Double) -> String { "\(cost.fixed(4)) bp a year" }
    let comparison =
      cost.estimate < other.estimate
      ? "\(((1 - cost.estimate / other.estimate) * 100).fixed(2)) % less than"
      : "\(((cost.estimate / other.estimate - 1) * 100).fixed(2)) % more than: it does not beat"
    let place = results.cases.count > 1 ? "In \(results.cases[0].name) " : ""
    return [
      "\(place)\(shortName(learned.family)), the cheapest of the learned policies on "
        + "\(CaseReport.words(standings.stage)), costs \(words(cost.estimate)), \(comparison) "
        + "\(shortName(rule.family)), the best of the rules there, which costs "
        + "\(words(other.estimate))."
    ]
  }

  private var provenance: [(name: String, value: String)] {
    let origin = results.provenance
    let seeds = Set(spec.cases.flatMap(\.seeds)).sorted().map(String.init)
    return [
      ("experiment", results.experiment),
      ("environments", results.cases.map(\.environment).unique.joined(separator: ", ")),
      ("training seeds", seeds.isEmpty ? "none" : seeds.joined(separator: ", ")),
      (
        "seed of the paths",
        spec.cases.map { "\($0.evaluationSeed)" }.unique.joined(separator: ", ")
      ),
      ("version", origin.version), ("commit", origin.commit), ("compiler", origin.compiler),
      ("BLAS core", origin.blasCore),
    ]
  }

  /// What no honest figure can be.
  public var findings: [SanityGate.Finding] { results.findings }

  /// Copies the figures that `README.md` of the experiment shows, by their names, beside it.
  ///
  /// - Parameter files: of the report, relative to its folder.
  public func record(_ files: [String], from report: URL) throws {
    let page = spec.folder.appending(path: "README.md")
    guard let text = try? String(contentsOf: page, encoding: .utf8) else { return }
    for file in files where file.hasPrefix("figures/") {
      let name = file.dropFirst("figures/".count)
      guard text.contains("](\(name))"),
        let data = FileManager.default.contents(atPath: report.appending(path: file).path)
      else { continue }
      try data.write(to: spec.folder.appending(path: String(name)), options: .atomic)
    }
  }

  private var warnings: [Report.Section] {
    guard !results.findings.isEmpty else { return [] }
    let table = ReportTable(
      name: "findings", title: "Figures that cannot be",
      columns: ["case", "policy", "problem"].map { .init($0, isNumeric: false) },
      rows: results.findings.map { [.init($0.caseName), .init($0.policy), .init($0.problem)] })
    return [
      Report.Section(
        "This report is not to be relied on",
        [
          .paragraph("Some figures are better than the best possible: look-ahead or a fault."),
          .table(table),
        ])
    ]
  }

  private func overview() throws -> [Report.Section] {
    let blocks = try comparisonBlocks + gridBlocks + (caseTable.map { [.table($0)] } ?? [])
    return blocks.isEmpty ? [] : [Report.Section("Over all cases", blocks)]
  }

  /// Costs of policies in each case, shaded: what stress does to whom.
  private var caseTable: ReportTable? {
    let all = results.cases.compactMap { result in
      result.standings.last.map { (name: result.name, rows: $0.rows) }
    }
    guard all.count > 1 else { return nil }
    let families = all.flatMap { $0.rows.map(\.family) }.unique
    return .stress(
      name: "cases", title: "Cost in each case", unit: "bp per year", policies: families,
      scenarios: all.map(\.name),
      losses: families.map { family in
        all.map { $0.rows.first { $0.family == family }?.cost?.estimate }
      }, decimals: 2, isByScenario: true)
  }

  private var gridBlocks: [Report.Block] {
    get throws {
      try GridCurves.all(in: spec.cases).enumerated().compactMap { number, grid in
        try grid.figure(number: number + 1, results: results.cases, store: store).map {
          .figure($0)
        }
      }
    }
  }

  private var comparisonBlocks: [Report.Block] {
    guard let comparison = results.comparison else { return [] }
    let baseline = shortName(comparison.baseline)
    let parts: [(String, String, KeyPath<CaseComparison.Row, ConfidenceInterval?>)] = [
      ("cost", "cost", \.cost), ("tracking-error", "tracking error", \.trackingError),
      ("paid", "transaction cost and tax", \.paid), ("turnover", "turnover", \.turnover),
    ]
    let figures = parts.compactMap { name, words, part -> Report.Block? in
      var rows = IntervalRows(
        name: "comparison-\(name)", title: "Change of \(words) against \(baseline)",
        caption:
          "Median over cases with its 95 % bootstrap interval; left of the line is less than "
          + "\(baseline).",
        xLabel: "change, %",
        rows: comparison.rows.compactMap { row in
          row[keyPath: part].map {
            .init(
              name: row.family, estimate: $0.estimate, low: $0.low, high: $0.high,
              isLearned: !row.isRule)
          }
        })
      rows.level = ("equal", 0)
      return rows.rows.isEmpty ? nil : .figure(rows.figure)
    }
    return figures + [.table(Self.table(comparison))]
  }
}
