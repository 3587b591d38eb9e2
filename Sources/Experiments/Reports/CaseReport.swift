import Foundation
import Learning
import Oracles
import Rebalancing
import Statistics

/// The part of a report that is of one case.
struct CaseReport {
  let result: CaseResult
  let plan: CasePlan
  /// `nil` where the experiment has one case.
  let number: Int?
  /// Of all results.
  let folder: URL
  let store: RunStore
  /// The policy that was exported, if it is of this case.
  let exported: String?

  /// A heading where there are several cases.
  private func heading(_ words: String) -> String {
    number == nil ? words : "\(result.name): \(words)"
  }

  /// A name that no other case has.
  func name(_ words: String) -> String { number.map { "\(words)-\($0)" } ?? words }

  /// What a stage is called.
  static func words(_ stage: String) -> String {
    switch stage {
    case "exact": "the exact law"
    case "sampled": "sampled paths"
    case "walk_forward": "test sets of real data"
    default: stage
    }
  }

  func sections(hasFigures: Bool) throws -> [Report.Section] {
    var sections: [Report.Section] = []
    func add(_ words: String, _ blocks: [Report.Block]) {
      let kept = blocks.filter { if case .figure = $0 { hasFigures } else { true } }
      if !kept.isEmpty { sections.append(Report.Section(heading(words), kept)) }
    }
    if let exact = result.exact { add("by the exact law", try blocks(exact)) }
    if let sampled = result.sampled { add("on sampled paths", try blocks(sampled)) }
    if let walk = result.walk { add("on test sets of real data", try blocks(walk)) }
    if hasFigures, let learning = try learningFigure { add("learning", [.figure(learning)]) }
    for (index, replay) in result.replays.enumerated() {
      add("on real data, \(replay.environment)", try blocks(replay: replay, index))
    }
    return sections
  }

  func standings(_ stage: String) -> Standings? {
    result.standings.first { $0.stage == stage }
  }

  // MARK: - Exact

  private func blocks(_ exact: ExactEvaluation) throws -> [Report.Block] {
    guard case .whole(let environment, _) = plan.stage else { return [] }
    let task = environment.task
    var blocks: [Report.Block] = [
      .paragraph(
        "Scores from the stationary law of the two-asset chain, free of sampling error. The best "
          + "possible cost is \(exact.optimum.ownActions.fixed(4)) bp a year over the environment's "
          + "actions and \(exact.optimum.unrestricted.fixed(4)) bp with any trade."),
      .figure(exactFigure(exact)),
    ]
    if let standings = standings("exact") {
      blocks.append(.table(ExperimentReport.gaps(standings, name: name("gaps"))))
    }
    blocks += try NoTradeMap.figures(of: shown(on: task), on: task).map { figure in
      var figure = figure
      figure.name = name(figure.name)
      return .figure(figure)
    }
    let scores = try store.scores(EvaluationKey(caseName: result.name, stage: "exact"))
    var scatter = CostErrorScatter(
      exact, on: try TwoAssetChain(task),
      learned: Set(scores.filter { !$0.isRule }.map(\.policy)))
    scatter.name = name(scatter.name)
    return blocks + [
      .figure(scatter.figure), .table(ExperimentReport.table(exact, name: name("exact"))),
    ]
  }

  /// Agents by their seeds' mean, rules as they are.
  private func exactFigure(_ exact: ExactEvaluation) -> Figure {
    let rows =
      standings("exact").map { $0.rows.compactMap(Self.row) }
      ?? exact.policies.compactMap { row in
        row.cost.map {
          IntervalRows.Row(
            name: row.name, estimate: $0, low: $0, high: $0,
            isLearned: !row.name.hasPrefix("rule:"))
        }
      }
    var figure = IntervalRows(
      name: name("exact-cost"), title: "Exact cost of each policy",
      caption:
        "Orange: learned, the mean over training seeds with its 95 % bootstrap interval; rules "
        + "have none. Dashed: the optimum over the environment's actions; over any trade it is "
        + "\(exact.optimum.unrestricted.fixed(4)), which rules that go other ways may come nearer to.",
      xLabel: "cost, bp per year", rows: rows)
    figure.level = ("optimum over the actions", exact.optimum.ownActions)
    return figure.figure
  }

  static func row(_ row: Standings.Row) -> IntervalRows.Row? {
    row.cost.map {
      IntervalRows.Row(
        name: row.family, estimate: $0.estimate, low: $0.low, high: $0.high,
        isLearned: !row.isRule)
    }
  }

  /// Rules, and of each agent what its first seed learned.
  private func shown(on task: RebalancingTask) throws -> [(name: String, policy: any Trigger)] {
    let rules = try plan.spec.rules.map {
      (name: $0, policy: try PolicyReference.policy($0, for: task))
    }
    let trained = try trainings
    return rules
      + (try trained.filter { $0.seed == trained.first?.seed }.map { training in
        let name = "\(training.agent)-seed-\(training.seed)"
        return (
          name: name,
          policy: try PolicyReference.policy(
            of: Checkpoint(contentsOf: folder.appending(path: training.folder)), name: name,
            for: task)
        )
      })
  }

  /// Those of this case that do not walk.
  private var trainings: [StoredTraining] {
    get throws { try store.trainings().filter { $0.caseName == result.name && $0.fold < 0 } }
  }

  private var learningFigure: Figure? {
    get throws {
      let agents = plan.agents.map { agent in
        LearningCurves.Agent(
          name: agent.name,
          folders: (try? trainings)?.filter { $0.agent == agent.name }
            .map { folder.appending(path: $0.folder) } ?? [])
      }
      guard let curves = LearningCurves(agents), !curves.curves.isEmpty else { return nil }
      var figure = curves.figure
      figure.name = name(figure.name)
      return figure
    }
  }

  // MARK: - Data

  private func blocks(replay: SampledEvaluation, _ index: Int) throws -> [Report.Block] {
    let place = name("data-\(index + 1)")
    var blocks: [Report.Block] = [
      .paragraph(
        "The same policies on one path of history, \(replay.firstDate) to \(replay.lastDate); errors "
          + "are over calendar years."),
      .table(ExperimentReport.table(replay, name: place, title: "Scores on \(replay.environment)")),
    ]
    guard index < plan.replays.count, let shown = try followed(replay) else { return blocks }
    let (task, seed) = (plan.replays[index].task, plan.spec.evaluationSeed)
    let policy = try shown.policy(for: task)
    let episode = try Simulation(task, policy: policy, seed: seed)
    let attribution = try Attribution(task, policy: policy, seed: seed)
    var fall = Waterfall(attribution)
    fall.name = name("attribution-\(index + 1)")
    blocks += [
      .figure(
        SimulationFigure(episode, isNarrow: true).figure(name: name("episode-\(index + 1)"))),
      .figure(fall.figure),
      .table(ExperimentReport.table(attribution, name: name("attribution-\(index + 1)"))),
    ]
    return blocks
  }

  /// Whose trades are shown: what was exported, else the first that was learned, else the first rule
  /// that trades.
  private func followed(_ replay: SampledEvaluation) throws -> Entrant? {
    let learned = try trainings
    let chosen = learned.first { "\($0.agent)-seed-\($0.seed)" == exported } ?? learned.first
    if let chosen {
      return Entrant(
        name: "\(chosen.agent)-seed-\(chosen.seed)", family: chosen.agent,
        seed: UInt64(bitPattern: chosen.seed),
        checkpoint: try Checkpoint(contentsOf: folder.appending(path: chosen.folder)))
    }
    return replay.policies.first { $0.tradeCount > 0 }.map {
      Entrant(name: $0.name, family: $0.name, seed: nil, checkpoint: nil)
    }
  }
}
