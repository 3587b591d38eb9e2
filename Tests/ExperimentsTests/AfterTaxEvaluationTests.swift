import Algebra
import Experiments
import Foundation
import Rebalancing
import Testing

@Suite struct AfterTaxEvaluationTests {
  private func task(_ name: String, _ overrides: [String] = []) throws -> RebalancingTask {
    try EnvironmentSpec(path: "\(BitsTests.folder)/\(name).yaml", overrides: overrides).task
  }

  private func evaluate(_ task: RebalancingTask, workers: Int = 2) throws -> SampledEvaluation {
    let rules = try ["rule:never", "rule:band(0.02)"].map { try RuleCatalog.rule($0, for: task) }
    return SampledEvaluation(task, policies: rules, episodes: 6, seed: 3, workers: workers)
  }

  private func end(_ task: RebalancingTask, _ rule: String, path: UInt32) throws -> AfterTaxValue {
    let policy = try RuleCatalog.rule(rule, for: task)
    var environment = RebalancingEnvironment<Double>(task.informing(policy), copy: path)
    _ = environment.reset(seed: 3)
    while !environment.hasEnded {
      _ = environment.advance(policy.decide(environment.snapshot))
    }
    return environment.afterTaxValue
  }

  @Test func `means, errors and differences are those of the paths' ends`() throws {
    let task = try task("taxable-eight-asset-v0", ["horizon_steps=504"])
    let evaluation = try evaluate(task)
    var returns: [[Double]] = []
    for (row, rule) in zip(evaluation.policies, ["rule:never", "rule:band(0.02)"]) {
      let ends = try (0..<6).map { try end(task, rule, path: $0) }
      let values = RunningStatistics(ends.map(\.liquidated))
      #expect(row.valueLiquidated?.mean == values.mean)
      #expect(row.valueLiquidated?.standardError == values.standardError)
      #expect(row.valueHeld?.mean == RunningStatistics(ends.map(\.held)).mean)
      // Two years: the geometric mean of the path, then the mean over paths.
      let own = ends.map { (($0.liquidated / 1e6).squareRoot() - 1) * 100 }
      #expect(abs((row.returnLiquidated?.mean ?? 0) - own.reduce(0, +) / 6) < 1e-9)
      #expect(ends.allSatisfy { $0.liquidated < $0.held })
      let places = evaluation.samples[returns.count].compactMap(\.liquidatedReturn)
      #expect(zip(own, places).allSatisfy { abs($0 - $1) < 1e-9 } && places.count == 6)
      let held = evaluation.samples[returns.count].compactMap(\.heldReturn)
      #expect(zip(places, held).allSatisfy { $0 < $1 } && held.count == 6)
      #expect(abs(held.reduce(0, +) / 6 - (row.returnHeld?.mean ?? 0)) < 1e-9)
      returns.append(own)
    }
    let pair = try #require(evaluation.pairs.first)
    let difference = RunningStatistics(zip(returns[0], returns[1]).map { ($0 - $1) * 100 })
    #expect(abs((pair.liquidatedDifference?.mean ?? 0) - difference.mean) < 1e-7)
    #expect(
      abs((pair.liquidatedDifference?.standardError ?? 0) - difference.standardError) < 1e-7)
    let left = try ["rule:never", "rule:band(0.02)"].map { rule in
      try (0..<6).map { try end(task, rule, path: $0).liquidated }
    }
    let values = RunningStatistics(zip(left[0], left[1]).map { $0 - $1 })
    #expect(abs((pair.liquidatedValueDifference?.mean ?? 0) - values.mean) < 1e-6)
    let interval = try #require(pair.liquidatedInterval)
    #expect(interval[0] < difference.mean && difference.mean < interval[1])
    #expect(interval[1] - interval[0] < 5 * difference.standardError)
    let one = try evaluate(task, workers: 1)
    #expect(one.pairs.map(\.liquidatedInterval) == evaluation.pairs.map(\.liquidatedInterval))
    #expect(evaluation.table.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(evaluation.table.contains("liquidated"))
  }

  @Test func `a document has the keys where there is tax, and only there`() throws {
    let keys = [
      "value_held", "value_liquidated", "annual_return_held_percent",
      "annual_return_liquidated_percent", "liquidated_difference_bp", "liquidated_interval_95",
      "liquidated_value_difference",
    ]
    func text(_ task: RebalancingTask) throws -> String {
      let data = try JSONEncoder().encode(try evaluate(task))
      _ = try JSONDecoder().decode(SampledEvaluation.self, from: data)
      return String(decoding: data, as: UTF8.self)
    }
    let taxed = try text(try task("us-factors-v0"))
    let plain = try text(try task("two-asset-monthly-v0"))
    for key in keys {
      #expect(taxed.contains("\"\(key)\""), "\(key)")
      #expect(!plain.contains("\"\(key)\""), "\(key)")
    }
  }

  @Test func `money that flows in is no return, and one path has no error`() throws {
    let flowing = try evaluate(
      try task(
        "stock-bond-deposits-v0",
        ["tax=average_cost", "tax_rate=0.2", "horizon_steps=60"]))
    #expect(flowing.policies[0].valueLiquidated != nil)
    #expect(flowing.policies[0].returnLiquidated == nil)
    #expect(flowing.pairs[0].liquidatedDifference == nil)
    #expect(flowing.pairs[0].liquidatedValueDifference != nil)
    let replay = try evaluate(try task("us-factors-v0", ["episode_start=fixed"]))
    #expect(replay.policies[0].returnLiquidated?.mean != nil)
    #expect(replay.policies[0].returnLiquidated?.standardError == nil)
    #expect(replay.pairs[0].liquidatedInterval == nil)
  }

  @Test func `losses are worth more to who has gains to offset`() throws {
    let name = "taxable-eight-asset-v0"
    let alone = try evaluate(try task(name, ["horizon_steps=504"]))
    let zero = try evaluate(try task(name, ["horizon_steps=504", "outside_long_gains_per_year=0"]))
    #expect(zero.policies[0].valueLiquidated == alone.policies[0].valueLiquidated)
    let rich = try evaluate(
      try task(
        name, ["horizon_steps=504", "outside_short_gains_per_year=100000"]))
    let gain =
      (rich.policies[0].valueLiquidated?.mean ?? 0) - (alone.policies[0].valueLiquidated?.mean ?? 0)
    // Harvested losses save tax at the short rate: some thousands of a million in two years.
    #expect(gain > 2_000 && gain < 70_000, "\(gain)")
    #expect(throws: SpecError.self) { try task(name, ["outside_long_gains_per_year=-1"]) }
  }
}
