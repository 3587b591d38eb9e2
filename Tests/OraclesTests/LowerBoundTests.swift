import Experiments
import Foundation
import Oracles
import Rebalancing
import Testing

/// A task without a bound, and what its message must say.
struct UncoveredTask: Sendable, CustomTestStringConvertible {
  let env: String
  var overrides: [String] = []
  let says: [String]
  var testDescription: String { ([env] + overrides).joined(separator: " ") }
}

private let uncovered = [
  UncoveredTask(env: "us-stock-bond-v0", says: ["market is in the way", "returns must be normal"]),
  UncoveredTask(env: "stock-bond-garch-v0", says: ["market is in the way"]),
  UncoveredTask(env: "four-asset-r1-v0", says: ["drift_cost is in the way"]),
  UncoveredTask(env: "taxable-eight-asset-v0", says: ["is in the way"]),
  UncoveredTask(env: "stock-bond-deposits-v0", says: ["is in the way"]),
  UncoveredTask(
    env: "six-asset-regimes-v0",
    says: ["tax_rate is in the way", "with tax_rate=0 there is a bound"]),
  UncoveredTask(
    env: "six-asset-regimes-v0", overrides: ["tax_rate=0", "ticket=5", "initial_value=100000"],
    says: ["half_spread_bp is in the way", "without tickets"]),
  UncoveredTask(
    env: "six-asset-regimes-v0",
    overrides: ["tax_rate=0", "half_spread_bp=0", "commission_bp=0"],
    says: ["half_spread_bp is in the way", "not all 0"]),
]

@Suite struct LowerBoundTests {
  static func task(_ name: String, _ overrides: [String] = []) throws -> RebalancingTask {
    let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try EnvironmentSpec(
      path: top.appending(path: "envs/\(name).yaml").path, overrides: overrides
    ).task
  }

  @Test(arguments: [0.002, 0.01])
  func `is not above the optimum of the two-asset task, and within five percent`(
    cost: Double
  ) throws {
    let problem = try TenYears(cost: cost)
    let bound = try LowerBound(problem.task, episodes: 1_000, seed: 3)
    let optimal = problem.optimalCosts(episodes: 1_000, seed: 3)
    // Paired by path, so that an error of a third of a percent would show.
    let gap = Sample(zip(optimal, bound.costs).map { $0 - $1 })
    #expect(gap.error < 0.003 * problem.optimum.cost)
    #expect(gap.mean > -2 * gap.error)
    #expect(gap.mean < 0.05 * problem.optimum.cost)
    #expect(bound.mean < problem.optimum.costPerYear + 2 * bound.standardError)
  }

  @Test func `holds at daily steps`() throws {
    let task = try RuleScoreTests.task("daily")
    let bound = try LowerBound(task, episodes: 24, seed: 3)
    let gap = Sample(zip(bound.referenceCosts, bound.costs).map { $0 - $1 })
    #expect(gap.mean > 0)
    #expect(gap.mean < 0.05 * Sample(bound.referenceCosts).mean)
    let optimum = try TwoAssetChain(task).solve(.unrestricted, horizon: task.horizon).costPerYear
    #expect(bound.mean < optimum + 2 * bound.standardError)
  }

  @Test func `is within ten percent of what is known of three assets`() throws {
    // Dynamic programming over a grid of destinations: 31.06 bp in all; a continuous policy: 30.8.
    let bound = try LowerBound(try Self.task("three-asset-myrgren-v0"), episodes: 1_500, seed: 3)
    let costs = Sample(bound.costs)
    #expect(costs.mean * 1e4 < 30.8 + 2 * costs.error * 1e4)
    #expect(costs.mean * 1e4 > 0.9 * 30.8)
    // The optimum lies between.
    #expect(Sample(bound.referenceCosts).mean * 1e4 > 30.6)
  }

  @Test func `covers regimes`() throws {
    let task = try Self.task("six-asset-regimes-v0", ["tax_rate=0"])
    let bound = try LowerBound(task, episodes: 40, seed: 3)
    let gap = Sample(zip(bound.referenceCosts, bound.costs).map { $0 - $1 })
    #expect(gap.mean > 0)
    #expect(gap.mean < 0.1 * Sample(bound.referenceCosts).mean)
  }

  @Test func `is the same on any number of workers, path by path`() throws {
    let task = try Self.task("six-asset-regimes-v0", ["tax_rate=0", "horizon_steps=20"])
    let bounds = try (1...3).map { try LowerBound(task, episodes: 7, seed: 9, workers: $0) }
    #expect(bounds[0].costs == bounds[1].costs)
    #expect(bounds[0].costs == bounds[2].costs)
    let fewer = try LowerBound(task, episodes: 3, seed: 9)
    #expect(fewer.costs == Array(bounds[0].costs.prefix(3)))
    let other = try LowerBound(task, episodes: 3, seed: 10)
    #expect(other.costs != fewer.costs)
  }

  @Test func `more effort raises it, and little is a bound too`() throws {
    let task = try Self.task("three-asset-myrgren-v0")
    let bounds = try [0, 5, 400].map { steps in
      var effort = LowerBound.Effort()
      effort.ascentSteps = steps
      return try LowerBound(task, effort: effort, episodes: 50, seed: 2, workers: 2)
    }
    for path in 0..<50 {
      #expect(bounds[0].costs[path] <= bounds[1].costs[path])
      #expect(bounds[0].costs[path] <= bounds[2].costs[path])
    }
    #expect(bounds[1].mean < bounds[2].mean)
  }

  @Test(arguments: uncovered)
  func `says which key is in the way`(_ uncovered: UncoveredTask) throws {
    let task = try Self.task(uncovered.env, uncovered.overrides)
    let error = #expect(throws: NoLowerBound.self) {
      try LowerBound(task, episodes: 2, seed: 1)
    }
    let message = try #require(error).description
    #expect(message.hasPrefix(task.id))
    for part in uncovered.says { #expect(message.contains(part), "\(message)") }
  }
}
