import Experiments
import Foundation
import Oracles
import Rebalancing
import Testing

/// A rule and its cost in basis points per year: daily and monthly decisions, κ = .002 and .01, from
/// solutions of the stationary density that share no code with ours.
struct ScoredRule: Sendable, CustomTestStringConvertible {
  let rule: String
  /// daily .002, daily .01, monthly .002, monthly .01.
  let costs: [Double]
  var testDescription: String { rule }
}

private let scored = [
  ScoredRule(rule: "rule:always", costs: [9.898, 49.49, 2.161, 10.80]),
  ScoredRule(rule: "rule:band(0.01)", costs: [2.654, 13.217, 1.649, 8.196]),
  ScoredRule(rule: "rule:band(0.02)", costs: [1.471, 7.157, 1.160, 5.573]),
  ScoredRule(rule: "rule:band(0.03)", costs: [1.081, 4.970, 0.945, 4.220]),
  ScoredRule(rule: "rule:band(0.05)", costs: [0.892, 3.280, 0.873, 3.030]),
  ScoredRule(rule: "rule:band(0.10)", costs: [1.501, 2.733, 1.583, 2.758]),
  ScoredRule(rule: "rule:band(0.05,to=0.025)", costs: [0.775, 2.402, 0.790, 2.302]),
  ScoredRule(rule: "rule:relative_band(0.2,to=0.1)", costs: [1.222, 2.273, 1.291, 2.300]),
  ScoredRule(rule: "rule:band(0.02,to=0.0175)", costs: [0.866, 3.988, 0.7455, 3.277]),
  ScoredRule(rule: "rule:closed_form", costs: [0.7145, 2.146, 0.7224, 2.165]),
  ScoredRule(rule: "rule:calendar(monthly)", costs: [2.201, 10.845, 2.161, 10.80]),
  ScoredRule(rule: "rule:calendar(quarterly)", costs: [1.373, 6.368]),
  ScoredRule(rule: "rule:calendar(annual)", costs: [1.132, 3.640]),
]

@Suite struct RuleScoreTests {
  static let problems = [("daily", 0.002), ("daily", 0.01), ("monthly", 0.002), ("monthly", 0.01)]

  static func task(
    _ step: String, cost: Double = 0.002, steps: Int? = nil
  ) throws -> RebalancingTask {
    let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let overrides = ["cost_per_unit=\(cost)"] + (steps.map { ["steps_per_year=\($0)"] } ?? [])
    return try EnvironmentSpec(
      path: top.appending(path: "envs/two-asset-\(step)-v0.yaml").path, overrides: overrides
    ).task
  }

  @Test(arguments: scored)
  func `scores a rule as its stationary law says`(_ rule: ScoredRule) throws {
    for ((step, cost), expected) in zip(Self.problems, rule.costs) {
      let task = try Self.task(step, cost: cost)
      let trigger = try RuleCatalog.rule(rule.rule, for: task)
      let score = try TwoAssetChain(task).score(trigger, in: task).score
      #expect(isClose(score.costPerYear, expected, 1e-3), "\(step), cost \(cost)")
      #expect(
        isClose(
          score.transactionCostPerYear + score.driftCostPerYear, score.costPerYear, 1e-12))
      #expect(isClose(score.transactionCostPerYear, cost * score.turnoverPerYear * 1e4, 1e-12))
    }
  }

  @Test func `a band of five percent has its known tracking error`() throws {
    let task = try Self.task("daily")
    let trigger = try RuleCatalog.rule("rule:band(0.05)", for: task)
    let score = try TwoAssetChain(task).score(trigger, in: task).score
    #expect(isClose(score.trackingError, 34.3, 2e-3))
    #expect(isClose(score.turnoverPerYear, 0.02986, 1e-3))
  }

  @Test func `the optimal region scores what the optimum costs`() throws {
    let task = try Self.task("monthly")
    let chain = try TwoAssetChain(task)
    let optimum = try chain.solve(.unrestricted)
    let region = Region(low: optimum.noTrade.lowerBound, high: optimum.noTrade.upperBound)
    let score = try chain.score(region, in: task)
    #expect(isClose(score.score.costPerYear, optimum.score.costPerYear, 1e-9))
    #expect(!score.usesOnlyGivenFractions)
  }

  @Test func `sampling agrees with the exact score`() throws {
    let task = try Self.task("monthly")
    let trigger = try RuleCatalog.rule("rule:band(0.05,to=0.025)", for: task)
    let exact = try TwoAssetChain(task).score(trigger, in: task).score
    var long = task
    long.horizon = 1200
    let sampled = SampledEvaluation(long, policies: [trigger], episodes: 200, seed: 7)
    let row = sampled.policies[0]
    // Episodes begin at the target, which the law forgets within some years of the hundred.
    #expect(abs(row.cost.mean - exact.costPerYear) < 4 * row.cost.standardError + 0.005)
    #expect(abs(row.turnover.mean - exact.turnoverPerYear) < 4 * row.turnover.standardError + 2e-4)
    #expect(isClose(row.trackingError, exact.trackingError, 0.02))
  }

  @Test func `never trading has no stationary law, and the reason is said`() throws {
    let task = try Self.task("monthly")
    let never = try RuleCatalog.rule("rule:never", for: task)
    let error = #expect(throws: NoStationaryLaw.self) {
      try TwoAssetChain(task).score(never, in: task)
    }
    #expect(error?.description.hasPrefix("no stationary law: ") == true)
  }

  @Test func `a calendar needs whole steps`() throws {
    let task = try Self.task("monthly", steps: 52)
    let monthly = try RuleCatalog.rule("rule:calendar(monthly)", for: task)
    #expect(throws: NoStationaryLaw.self) { try TwoAssetChain(task).score(monthly, in: task) }
    let annual = try RuleCatalog.rule("rule:calendar(annual)", for: task)
    #expect(try TwoAssetChain(task).score(annual, in: task).score.tradesPerYear == 1)
  }

  @Test func `other tasks are refused with the reason`() throws {
    var task = try Self.task("monthly")
    task.tax = .averageCost(rate: 0.2)
    let error = #expect(throws: NotExactlySolvable.self) { try TwoAssetChain(task) }
    #expect(error?.description.contains("it is taxed") == true)
  }
}

/// Trades to the edge of a region.
private struct Region: Trigger {
  let name = "region"
  let low: Double
  let high: Double

  func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    let w = snapshot.weights[0]
    let destination = min(max(w, low), high)
    return TriggerDecision(
      fraction: destination == w ? 0 : (destination - w) / (snapshot.targets[0] - w))
  }
}
