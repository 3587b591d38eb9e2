import Rebalancing
import Statistics

extension CaseReport {
  func blocks(_ sampled: SampledEvaluation) throws -> [Report.Block] {
    [
      .paragraph(
        "\(sampled.episodes) paths, the same for every policy, under a seed that no training has "
          + "seen.")
    ] + (try standingBlocks("sampled")) + [
      .table(
        ExperimentReport.table(sampled, name: name("sampled"), title: "Every policy and seed"))
    ]
  }

  func blocks(_ walk: CaseResult.Walk) throws -> [Report.Block] {
    var blocks: [Report.Block] = [
      .paragraph(
        "\(walk.folds) test sets, \(walk.evaluation.firstDate) to \(walk.evaluation.lastDate), each "
          + "after what was trained on; what was tuned never saw them. One portfolio goes through "
          + "all of them; only what decides changes.")
    ]
    blocks += try standingBlocks("walk_forward")
    if let sharpe = result.sharpe {
      blocks.append(.table(ExperimentReport.table(sharpe, name: name("sharpe"))))
    }
    return blocks
  }

  /// Costs and differences with their intervals, and how the costs spread.
  private func standingBlocks(_ stage: String) throws -> [Report.Block] {
    guard let standings = standings(stage) else { return [] }
    let suffix = stage.replacing("_", with: "-")
    var costs = IntervalRows(
      name: name("cost-\(suffix)"), title: "Cost of each policy",
      caption: "Means over seeds and paths with 95 % bootstrap intervals; orange: learned."
        + (standings.bound == nil
          ? "" : " Dashed: a certified lower bound on the cost of any policy on these paths."),
      xLabel: "cost, bp per year", rows: standings.rows.compactMap(Self.row))
    costs.level = standings.bound.map { ("bound", $0.estimate) }
    var blocks: [Report.Block] = [.figure(costs.figure)]
    if let yardstick = standings.yardstick {
      var rows = IntervalRows(
        name: name("differences-\(suffix)"),
        title: "Cost above \(shortName(yardstick))",
        caption:
          "Differences on the same paths to \(shortName(yardstick)), the best rule on them, with "
          + "95 % bootstrap intervals over seeds and paths; left of the line is cheaper.",
        xLabel: "difference in cost, bp per year",
        rows: standings.rows.filter { $0.family != yardstick }.compactMap { row in
          row.difference.map {
            .init(
              name: row.family, estimate: $0.estimate, low: $0.low, high: $0.high,
              isLearned: !row.isRule)
          }
        })
      rows.level = ("equal", 0)
      blocks.append(.figure(rows.figure))
    }
    if let figure = afterTaxFigure(standings, suffix) { blocks.append(.figure(figure)) }
    blocks.append(
      .table(ExperimentReport.table(standings, name: name("standings-\(suffix)"))))
    return blocks + (stage == "sampled" ? try profileBlocks(standings) : [])
  }

  /// What is left after tax when all is sold at the end; `nil` where nothing is taxed.
  private func afterTaxFigure(_ standings: Standings, _ suffix: String) -> Figure? {
    let rows = standings.rows.compactMap { row in
      row.liquidated.map {
        IntervalRows.Row(
          name: row.family, estimate: $0.estimate, low: $0.low, high: $0.high,
          isLearned: !row.isRule)
      }
    }
    guard !rows.isEmpty else { return nil }
    var figure = IntervalRows(
      name: name("after-tax-\(suffix)"), title: "After-tax growth, all sold at the end",
      caption:
        "Means over seeds and paths with 95 % bootstrap intervals; right is better. Paths move "
        + "all policies together: differences are surer than these intervals, see the table.",
      xLabel: "growth after tax, % per year", rows: rows)
    figure.isLessBetter = false
    return figure.figure
  }

  /// The cheapest two learned policies and three rules.
  private func profileBlocks(_ standings: Standings) throws -> [Report.Block] {
    guard case .whole(let environment, _) = plan.stage else { return [] }
    let scores = try store.scores(EvaluationKey(caseName: result.name, stage: "sampled"))
    let families =
      standings.rows.filter { !$0.isRule }.prefix(2) + standings.rows.filter(\.isRule).prefix(3)
    let profile = try PathProfile(
      families.map(\.family), scores, stepsPerYear: environment.task.stepsPerYear,
      seed: plan.spec.evaluationSeed)
    guard var profile else { return [] }
    (profile.figure.name, profile.table.name) = (name("performance-profile"), name("path-costs"))
    return [.figure(profile.figure), .table(profile.table)]
  }
}
