import Deployment
public import Foundation
import Learning
import Oracles
import Rebalancing

/// Makes the report of an experiment from what its run has left: `results.json` and a folder for each
/// training.
public struct ExperimentReport {
  let spec: ExperimentSpec
  /// Where the results are.
  public let folder: URL
  let results: ExperimentRunner.Results
  let task: RebalancingTask
  /// In the order of the results.
  let policies: [Named]

  /// A policy by the name that the results have of it.
  struct Named {
    var name: String
    var policy: any Trigger
    var isLearned: Bool
  }

  /// - Parameters:
  ///   - folder: the experiment's, with `experiment.yaml`, or that of its results.
  /// - Throws: where there are no results, or they are of another version.
  public init(folder: URL) throws {
    let isSpec = FileManager.default.fileExists(
      atPath: folder.appending(path: "experiment.yaml").path)
    let own = isSpec ? try ExperimentSpec(folder: folder) : nil
    self.folder = own.map { $0.top.appending(path: "checkpoints/\($0.name)") } ?? folder
    let file = self.folder.appending(path: "results.json")
    guard let data = FileManager.default.contents(atPath: file.path) else {
      let command = own.map { "; rebalance run experiments/\($0.name) makes them" } ?? ""
      throw SpecError(file: file.relativeToHere, "no results are there\(command)")
    }
    do { results = try JSONDecoder().decode(ExperimentRunner.Results.self, from: data) } catch {
      throw SpecError(
        file: file.relativeToHere, "not the results of an experiment, or of another version")
    }
    spec =
      try own
      ?? ExperimentSpec(folder: URL(fileURLWithPath: "experiments/\(results.experiment)"))
    let task = try EnvironmentSpec(path: spec.top.appending(path: spec.environment).path).task
    self.task = task
    let (results, resultsFolder) = (results, self.folder)
    policies = try results.exact.policies.map { row in
      let isLearned = !row.name.hasPrefix("rule:")
      return Named(
        name: row.name,
        policy: isLearned
          ? try PolicyReference.policy(
            of: Checkpoint(contentsOf: resultsFolder.appending(path: row.name)), name: row.name,
            for: task) : try RuleCatalog.rule(row.name, for: task), isLearned: isLearned)
    }
  }

  /// The report.
  ///
  /// - Parameter paths: episodes of the performance profile.
  public func report(paths: Int = 200) throws -> Report {
    Report(
      title: results.experiment, question: results.question, answer: answer,
      provenance: provenance,
      sections: [try exactSection, try sampledSection(paths), learningSection].compactMap { $0 }
        + (try dataSections))
  }

  /// The policy that samples chose, beside all that were learned and the best rule.
  private var answer: [String] {
    let rows = results.exact.policies
    let gaps = rows.filter { !$0.name.hasPrefix("rule:") }.compactMap(\.gap).sorted()
    let rules = rows.filter { $0.name.hasPrefix("rule:") && $0.cost != nil }
    guard let chosen = rows.first(where: { $0.name == results.exported }),
      let gap = chosen.gap, let cost = chosen.cost,
      let rule = rules.min(by: { ($0.cost ?? .infinity) < ($1.cost ?? .infinity) }),
      let other = rule.cost, let least = gaps.first, let most = gaps.last
    else { return [] }
    let optimum =
      chosen.gapAgainst == .ownActions ? "the optimum over the same actions" : "the best possible"
    let comparison =
      cost < other
      ? "\(((other / cost - 1) * 100).fixed(2)) % more"
      : "\(((1 - other / cost) * 100).fixed(2)) % less: the learned policy does not beat it"
    let range =
      gaps.count == 1
      ? ""
      : " The \(gaps.count) learned policies are \(least.fixed(2)) to \(most.fixed(2)) % above."
    return [
      "\(chosen.name), chosen because it cost least on sampled paths, costs \(cost.fixed(4)) bp a "
        + "year in the long run, \(gap.fixed(2)) % above \(optimum).\(range)",
      "\(shortName(rule.name)), by exact cost the best of \(rules.count) rules, costs "
        + "\(other.fixed(4)) bp a year, \(comparison).",
    ]
  }

  private var provenance: [(name: String, value: String)] {
    let origin = results.provenance
    return [
      ("experiment", results.experiment), ("environment", results.exact.environment),
      ("training seeds", spec.seeds.map(String.init).joined(separator: ", ")),
      ("seed of the paths", "\(results.sampled.seed)"), ("version", origin.version),
      ("commit", origin.commit), ("compiler", origin.compiler), ("BLAS core", origin.blasCore),
    ]
  }

  // MARK: - Exact

  private var exactSection: Report.Section {
    get throws {
      let chain = try TwoAssetChain(task)
      let optimum = results.exact.optimum
      return Report.Section(
        "Exact cost in the long run",
        [
          .paragraph(
            "Scores from the stationary law of the two-asset chain, free of sampling error. The best "
              + "possible cost is \(optimum.ownActions.fixed(4)) bp a year over the environment's "
              + "actions and \(optimum.unrestricted.fixed(4)) bp with any trade."),
          .figure(costFigure), .table(exactTable),
        ]
          + (try NoTradeMap.figures(of: policies.map { ($0.name, $0.policy) }, on: task)
            .map { .figure($0) }) + [.figure(CostErrorScatter(results.exact, on: chain).figure)])
    }
  }

  private var costFigure: Figure {
    var rows = IntervalRows(
      name: "exact-cost", title: "Exact cost of each policy",
      caption:
        "Orange: learned. The dashed line is the optimum over the environment's actions; exact "
        + "figures have no interval.",
      xLabel: "cost, bp per year",
      rows: results.exact.policies.compactMap { row in
        row.cost.map {
          IntervalRows.Row(
            name: row.name, estimate: $0, low: $0, high: $0,
            isLearned: !row.name.hasPrefix("rule:"))
        }
      })
    rows.level = ("optimum", results.exact.optimum.ownActions)
    return rows.figure
  }

  private var exactTable: ReportTable {
    ReportTable(
      name: "exact", title: "Exact scores",
      columns: [
        .init("policy", isNumeric: false), .init("gap", unit: "%"),
        .init("cost", unit: "bp per year"), .init("transaction", unit: "bp per year"),
        .init("drift", unit: "bp per year"), .init("turnover", unit: "% per year"),
        .init("tracking error", unit: "bp, post-trade"), .init("trades", unit: "per year"),
        .init("gap against", isNumeric: false),
      ],
      rows: results.exact.policies.map { row in
        [
          .init(shortName(row.name)), .init(row.gap, decimals: 2), .init(row.cost, decimals: 4),
          .init(row.transaction, decimals: 3), .init(row.drift, decimals: 3),
          .init(row.turnover.map { $0 * 100 }, decimals: 2), .init(row.trackingError, decimals: 1),
          .init(row.trades, decimals: 2),
          .init(
            row.gapAgainst == .unrestricted ? "any trade" : row.gap == nil ? "–" : "own actions"),
        ]
      },
      note: results.exact.policies.compactMap { row in
        row.reason.map { "\(shortName(row.name)): \($0)." }
      }.joined(separator: " "))
  }

  // MARK: - Samples

  private func sampledSection(_ paths: Int) throws -> Report.Section {
    let sampled = results.sampled
    let profiled = profiledPolicies
    let profile = try PathProfile(
      names: profiled.map(\.name),
      costs: PathProfile.costs(
        of: profiled.map(\.policy), on: task, paths: paths, seed: sampled.seed),
      seed: sampled.seed)
    return Report.Section(
      "On sampled paths",
      [
        .paragraph(
          "\(sampled.episodes) paths of \(task.horizon) steps from the target, the same for every "
            + "policy, under a seed that no training has seen."),
        .figure(differences), .table(differenceTable),
        .table(Self.table(sampled, name: "sampled", title: "Sampled scores")),
        .figure(profile.figure), .table(profile.table),
      ])
  }

  /// What each policy costs more than the exported one on the same paths.
  private var differenceRows: [IntervalRows.Row] {
    let reference = results.exported
    return results.sampled.pairs.compactMap { pair in
      guard pair.first == reference || pair.second == reference else { return nil }
      let sign = pair.second == reference ? 1.0 : -1
      let name = pair.second == reference ? pair.first : pair.second
      let ends = pair.interval.map { $0 * sign }.sorted()
      return IntervalRows.Row(
        name: name, estimate: pair.difference.mean * sign, low: ends[0], high: ends[1],
        isLearned: !name.hasPrefix("rule:"))
    }.sorted { $0.estimate < $1.estimate }
  }

  private var differenceTable: ReportTable {
    ReportTable(
      name: "differences", title: "Cost above \(shortName(results.exported))",
      columns: [.init("policy", isNumeric: false)]
        + ["difference", "low", "high"].map { .init($0, unit: "bp per year") },
      rows: differenceRows.map { row in
        [.init(shortName(row.name))]
          + [row.estimate, row.low, row.high].map { .init($0, decimals: 4) }
      },
      note: "On the same paths; low and high are the ends of 95 % bootstrap intervals.")
  }

  private var differences: Figure {
    let reference = results.exported
    var figure = IntervalRows(
      name: "paired-differences", title: "Cost above \(shortName(reference))",
      caption: "Differences on the same paths with 95 % bootstrap intervals; right of the line a "
        + "policy costs more than \(shortName(reference)). Where no bar is seen the interval is "
        + "narrower than the dot.",
      xLabel: "difference in cost, bp per year", rows: differenceRows)
    figure.level = ("equal", 0)
    return figure.figure
  }

  /// A few: the learned ones, the best and the worst rules that trade, by sampled cost.
  private var profiledPolicies: [Named] {
    let costs = Dictionary(
      results.sampled.policies.map { ($0.name, $0.cost.mean) }, uniquingKeysWith: { $1 })
    let sorted = policies.sorted {
      costs[$0.name, default: .infinity] < costs[$1.name, default: .infinity]
    }
    let rules = sorted.filter { !$0.isLearned }
    let chosen = [0, rules.count / 3, rules.count * 2 / 3].filter(rules.indices.contains)
    return Array(sorted.filter(\.isLearned).prefix(2)) + Set(chosen).sorted().map { rules[$0] }
  }

  private var learningSection: Report.Section? {
    let agents = spec.agents.map { path in
      let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      return LearningCurves.Agent(
        name: name, folders: spec.seeds.map { folder.appending(path: "\(name)-seed-\($0)") })
    }
    guard let curves = LearningCurves(agents), !curves.curves.isEmpty else { return nil }
    return Report.Section("Learning", [.figure(curves.figure)])
  }

  // MARK: - Data

  private var dataSections: [Report.Section] {
    get throws {
      var sections: [Report.Section] = []
      for (number, path) in spec.replays.enumerated() where number < results.replays.count {
        let task = try EnvironmentSpec(path: spec.top.appending(path: path).path).task
        let evaluation = results.replays[number]
        let policy = try PolicyReference.policy(
          of: Checkpoint(contentsOf: folder.appending(path: results.exported)),
          name: results.exported, for: task)
        let seed = results.sampled.seed
        let episode = try Simulation(task, policy: policy, seed: seed)
        let attribution = try Attribution(task, policy: policy, seed: seed)
        var fall = Waterfall(attribution)
        fall.name = "attribution-\(number + 1)"
        sections.append(
          Report.Section(
            "On real data: \(task.id)",
            [
              .paragraph(
                "The same policies on one path of history, \(evaluation.firstDate) to "
                  + "\(evaluation.lastDate); errors are over calendar years."),
              .table(
                Self.table(
                  evaluation, name: "data-\(number + 1)", title: "Scores on \(task.id)")),
              .figure(
                SimulationFigure(episode, isNarrow: true).figure(name: "episode-\(number + 1)")),
              .figure(fall.figure),
              .table(Self.table(attribution, name: "attribution-\(number + 1)")),
            ]))
      }
      return sections
    }
  }
}
