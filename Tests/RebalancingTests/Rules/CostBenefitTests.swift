import Markets
import Rebalancing
import Testing

@Suite struct CostBenefitTests {
  private func facts(_ drift: Double, _ cost: Double, _ tax: Double) -> [Fact: [Double]] {
    [.driftCostPerYear: [drift], .tradeCostToTarget: [cost], .taxToTarget: [tax]]
  }

  @Test(arguments: [
    (0.5, 0.125, 0.0, TriggerDecision.Action.full), (0.5, 0.25, 0, .none),
    (0.5, (0.25).nextDown, 0, .full), (0.5, 0.125, 0.125, .none), (0.5, 0.125, 0.0625, .full),
    (0, 0, 0, .none), (0.5, 0.5, -0.5, .full),
  ])
  func `it trades when half a year of drift costs more than the trade and its tax`(
    _ drift: Double, _ cost: Double, _ tax: Double, _ action: TriggerDecision.Action
  ) throws {
    let decision = try decide("cost_benefit(0.5)", [0.6, 0.4], facts: facts(drift, cost, tax))
    #expect(decision.action == action)
  }

  @Test func `at the target a tax credit is no reason to trade`() throws {
    let decision = try decide("cost_benefit(1)", [0.5, 0.5], facts: facts(0, 0, -0.1))
    #expect(decision.action == .none)
  }

  @Test func `in a simulation benefit and cost are those of the task`() throws {
    var task = try smallTask(horizon: 400)
    task.tax = .averageCost(rate: 0.2)
    let rule = try RuleCatalog.rule("cost_benefit(0.05)", for: task)
    var environment = RebalancingEnvironment<Double>(task.informing(rule))
    _ = environment.reset(seed: 3)
    let covariance = try #require(task.market.constantCovariance)
    var trades = 0
    while !environment.hasEnded {
      let snapshot = environment.snapshot
      let d = snapshot.deviations
      let variance =
        d[0] * d[0] * covariance[0] + 2 * d[0] * d[1] * covariance[1] + d[1] * d[1] * covariance[3]
      let basis = snapshot.basis ?? []
      let gains = (0..<2).map { i -> Double in
        let sold = max(d[i], 0) / snapshot.weights[i]
        return sold * (snapshot.holdings[i] - basis[i]) / snapshot.value
      }
      let cost = 0.001 * (abs(d[0]) + abs(d[1])) + 0.2 * (gains[0] + gains[1])
      let benefit = 2 * variance * 0.05
      let drift = try #require(snapshot.facts?["drift_cost_per_year"]?.first)
      #expect(abs(drift - 2 * variance) < 1e-12 * (1 + variance))
      let decision = rule.decide(snapshot)
      if abs(benefit - cost) > 1e-12 { #expect((decision.action == .full) == (benefit > cost)) }
      trades += decision.action == .full ? 1 : 0
      _ = environment.advance(decision)
    }
    #expect(trades > 2 && trades < 300, "\(trades)")
  }
}
