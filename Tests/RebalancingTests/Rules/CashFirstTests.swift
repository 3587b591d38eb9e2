import Rebalancing
import Testing

@Suite struct CashFirstTests {
  private func cashTask() throws -> RebalancingTask {
    var task = try restlessTask()
    task.payment = .cash(asset: 2)
    return task
  }

  private let targets = [0.5, 0.375, 0.125]

  private func decision(_ rule: String, _ holdings: [Double]) throws -> TriggerDecision {
    try decide(rule, holdings, targets, in: cashTask())
  }

  @Test func `new cash buys what is underweight, in proportion to what is lacking`() throws {
    // Cash is an eighth above its target, the others lack a sixteenth each.
    let all = try decision("cash_first(never)", [0.4375, 0.3125, 0.25])
    #expect(all.destination == targets && all.action == .full)
    // Only half of what is lacking is there.
    let half = try decision("cash_first(never)", [0.5625, 0.25, 0.1875])
    #expect(half.destination == [0.5625, 0.3125, 0.125])
    #expect(half.action == .partial && isClose(half.fraction, 0.5, 1e-12))
  }

  @Test func `nothing is sold for it`() throws {
    let holdings = [0.7, 0.05, 0.25]
    let decision = try decision("cash_first(never)", holdings)
    let destination = try #require(decision.destination)
    #expect(destination[0] == holdings[0] && isClose(destination.reduce(0, +), 1, 1e-15))
    #expect(isClose(destination[1], 0.175, 1e-12) && isClose(destination[2], 0.125, 1e-12))
  }

  @Test func `cash at its target, below it or within the minimum buys nothing`() throws {
    for holdings in [[0.5625, 0.3125, 0.125], [0.5625, 0.375, 0.0625]] {
      #expect(try decision("cash_first(never)", holdings).action == .none)
    }
    let rule = "cash_first(never,minimum=0.0625)"
    #expect(try decision(rule, [0.5, 0.3125, 0.1875]).action == .none)
    #expect(try decision(rule, [0.5, 0.3125, (0.1875).nextUp]).action != .none)
  }

  @Test func `the rule is asked about what the purchases leave`() throws {
    // Before them the second asset is an eighth off, after them a sixteenth.
    let holdings = [0.5625, 0.25, 0.1875]
    #expect(try decision("band(0.1)", holdings).action == .full)
    let calm = try decision("cash_first(band(0.1))", holdings)
    #expect(calm.destination == [0.5625, 0.3125, 0.125])
    let strict = try decision("cash_first(band(0.05))", holdings)
    #expect(strict.action == .full && strict.destination == nil)
    let part = try decision("cash_first(band(0.05,to=half))", holdings)
    let destination = try #require(part.destination)
    #expect(isClose(destination[0], 0.525, 1e-12) && isClose(destination[1], 0.35, 1e-12))
    #expect(part.reasons.count == 2)
  }

  @Test func `a task without cash cannot spend it`() throws {
    let error = #expect(throws: RuleError.self) {
      try RuleCatalog.rule("cash_first(never)", for: try smallTask())
    }
    #expect(
      error?.description
        == "rule:cash_first(never): small-v0 has no cash asset; the key `cash` names one")
  }

  @Test func `the account goes where the rule says, and pays for it out of cash`() throws {
    var task = try accountTask(nil, horizon: 60)
    task.flows = CashFlows(schedules: [.init(amount: 25_000, everySteps: 10)])
    let rule = try RuleCatalog.rule("cash_first(never)", for: task)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 2)
    var purchases = 0
    while !environment.hasEnded {
      let before = environment.snapshot
      let decision = rule.decide(before)
      let outcome = environment.advance(decision)
      #expect(outcome.identityError < 1e-12)
      guard let destination = decision.destination else {
        #expect(outcome.turnover == 0)
        continue
      }
      purchases += 1
      // What cash gives is what the others get.
      let bought = destination[0...2].reduce(0, +) - before.weights[0...2].reduce(0, +)
      #expect(isClose(outcome.turnover, bought, 1e-9))
      let perUnit = [0.001, 0.0005, 0.002]
      let cost = (0..<3).reduce(0.0) {
        $0 + perUnit[$1] * abs(destination[$1] - before.weights[$1])
      }
      #expect(abs(outcome.transactionCost - cost) < 1e-9)
    }
    #expect(purchases >= 5)
  }
}
