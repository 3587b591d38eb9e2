import Algebra
import Experiments
import Oracles
import Rebalancing
import Testing

@Suite struct BoundEvaluationTests {
  private func task(_ overrides: [String] = []) throws -> RebalancingTask {
    try EnvironmentSpec(
      path: "\(BitsTests.folder)/two-asset-monthly-v0.yaml",
      overrides: ["horizon_steps=24"] + overrides
    ).task
  }

  @Test func `gaps are those of the paths, in bp and in percent of the bound`() throws {
    let task = try task()
    let rules = try ["rule:always", "rule:closed_form"].map {
      try RuleCatalog.rule($0, for: task)
    }
    let evaluation = try BoundEvaluation(task, policies: rules, episodes: 40, seed: 5)
    let bound = try LowerBound(task, episodes: 40, seed: 5)
    let samples = SampledEvaluation(task, policies: rules, episodes: 40, seed: 5).samples
    // Two years: a fraction of value is 1e4 / 2 bp a year.
    let lower = RunningStatistics(bound.costs.map { $0 * 5_000 })
    #expect(isNear(evaluation.lowerBound.mean, lower.mean))
    #expect(isNear(evaluation.lowerBound.standardError, lower.standardError))
    let reference = RunningStatistics(bound.referenceCosts.map { $0 * 5_000 })
    #expect(isNear(evaluation.reference.mean, reference.mean))
    #expect(isNear(evaluation.width, (reference.mean - lower.mean) / lower.mean * 100))
    for (row, paths) in zip(evaluation.policies, samples) {
      let gap = RunningStatistics(zip(paths, bound.costs).map { ($0.cost - $1) * 5_000 })
      #expect(isNear(row.gap.mean, gap.mean) && isNear(row.gap.standardError, gap.standardError))
      #expect(isNear(row.cost.mean, row.gap.mean + lower.mean))
      #expect(isNear(row.gapPercent, gap.mean / lower.mean * 100))
      // 95 % of a mean's law are about two errors on either side.
      let (low, high) = (row.interval[0], row.interval[1])
      #expect(abs((gap.mean - low) / gap.standardError - 1.96) < 0.6, "\(row.interval)")
      #expect(abs((high - gap.mean) / gap.standardError - 1.96) < 0.6, "\(row.interval)")
    }
    #expect(evaluation.table.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func `the optimum is that of the episode, over its actions and over all`() throws {
    let list = try task()
    let evaluation = try BoundEvaluation(list, policies: [], episodes: 4, seed: 5)
    let chain = try TwoAssetChain(list)
    #expect(
      evaluation.optimum?.ownActions
        == chain.solve(.fractions([0, 0.5, 1]), horizon: 24).costPerYear)
    #expect(
      evaluation.optimum?.unrestricted == chain.solve(.unrestricted, horizon: 24).costPerYear)
    let box = try BoundEvaluation(
      try task(["actions=destination"]), policies: [], episodes: 4, seed: 5)
    #expect(box.optimum != nil && box.optimum?.ownActions == nil)
  }
}

private func isNear(_ number: Double, _ expected: Double) -> Bool {
  abs(number - expected) <= 1e-9 * max(1, abs(expected))
}
