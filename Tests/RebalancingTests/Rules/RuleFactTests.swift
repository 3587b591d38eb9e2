import Gym
import Markets
import Rebalancing
import Testing

/// Facts that only rules look at so far, against what they are by definition.
@Suite struct RuleFactTests {
  private func showing(_ facts: [Fact], _ task: RebalancingTask) -> RebalancingTask {
    var task = task
    task.observation = ObservationBuilder(
      features: [.weightDeviation] + facts.map { .fact($0) }, assetCount: task.assets.count)
    return task
  }

  @Test func `the rise of the index is its share of what it was some steps ago`() throws {
    var task = showing([.volatilityIndex, .volatilityIndexRise], try restlessTask())
    task.volatilityRiseSteps = 3
    var environment = RebalancingEnvironment<Double>(task)
    var indices: [Double] = []
    for seed in 1...2 {
      _ = environment.reset(seed: UInt64(seed))
      indices = []
      for step in 0..<40 {
        let facts = environment.snapshot.facts ?? [:]
        let index = try #require(facts["volatility_index"]?.first)
        let rise = try #require(facts["volatility_index_rise"]?.first)
        let expected = step < 3 ? 0 : index / indices[step - 3] - 1
        #expect(isClose(rise, expected, 1e-12), "step \(step)")
        indices.append(index)
        _ = environment.advance(fraction: step % 5 == 0 ? 1 : 0)
      }
    }
    #expect(Set(indices).count > 30)
  }

  @Test func `the inflow is what has landed in cash, of the value that it landed in`() throws {
    var task = try accountTask(nil, horizon: 60)
    task.flows = CashFlows(
      schedules: [.init(amount: 10_000, everySteps: 7), .init(amount: -3_000, everySteps: 11)])
    task.market = .yielding(
      YieldMarket(task.market, yieldPerYear: [0.03, 0.01, 0, 0], stepsPerYear: 250))
    var environment = RebalancingEnvironment<Double>(showing([.inflow], task))
    _ = environment.reset(seed: 1)
    #expect(environment.snapshot.facts?["inflow"] == [0])
    for step in 0..<50 {
      let before = environment.snapshot
      let outcome = environment.advance(fraction: 0)
      let after = environment.snapshot
      let inflow = try #require(after.facts?["inflow"]?.first)
      let dividends =
        (before.holdings[0] * 0.03 + before.holdings[1] * 0.01) / 250
      #expect(abs(inflow * after.value - dividends - outcome.flow) < 1, "step \(step)")
      #expect(inflow > 0 || outcome.flow < 0)
    }
  }

  @Test func `a batch has them to the bit, through a saved state too`() throws {
    let facts: [Fact] = [.volatilityIndexRise, .driftCostPerYear, .inflow]
    expectTwins(showing(facts, try restlessTask()), steps: 120)
    var task = try accountTask(nil, horizon: 60)
    task.flows = CashFlows(
      schedules: [.init(amount: 10_000, everySteps: 7)],
      chance: .init(probability: 0.2, mean: 1_000, deviation: 100))
    task.market = .yielding(
      YieldMarket(task.market, yieldPerYear: [0.03, 0.01, 0, 0], stepsPerYear: 250))
    expectTwins(showing(facts, task), steps: 150)
    try checkVectorEnvironment(
      BatchedRebalancingEnvironment<SIMD8<Double>>(showing(facts, task), count: 5))
    try checkVectorEnvironment(
      BatchedRebalancingEnvironment<SIMD8<Double>>(
        showing(facts, try restlessTask()), count: 3))
  }
}
