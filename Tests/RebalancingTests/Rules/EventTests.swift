import Rebalancing
import Testing

/// A market and what a rule says of a portfolio at or off its target.
private struct Case: Sendable, CustomTestStringConvertible {
  var rule: String
  var facts: [Fact: [Double]]
  var holdings = [0.5, 0.5]
  var action: TriggerDecision.Action
  var testDescription: String { "\(rule), \(facts), \(holdings)" }
}

private let event = "event(0.0625,index=40,rise=0.25,inflow=0.0625)"
private func market(
  _ index: Double = 20, rise: Double = 0, inflow: Double = 0
) -> [Fact: [Double]] {
  [.volatilityIndex: [index], .volatilityIndexRise: [rise], .inflow: [inflow]]
}

private let cases = [
  Case(rule: "above(volatility_index,40)", facts: market(40), action: .none),
  Case(rule: "above(volatility_index,40)", facts: market((40.0).nextUp), action: .full),
  Case(rule: "below(volatility_index,40)", facts: market(40), action: .none),
  Case(rule: "below(volatility_index,40)", facts: market((40.0).nextDown), action: .full),
  Case(
    rule: "above(volatility,0.25)", facts: [.volatility: [0.125, 0.5]], action: .full),
  Case(
    rule: "above(volatility[0],0.25)", facts: [.volatility: [0.125, 0.5]], action: .none),
  Case(
    rule: "above(volatility[ASSET1],0.25)", facts: [.volatility: [0.125, 0.5]], action: .full),
  Case(rule: "below(trend,-0.25)", facts: [.trend: [0, -0.25]], action: .none),
  Case(rule: "below(trend,-0.25)", facts: [.trend: [0, -0.5]], action: .full),
  Case(rule: event, facts: market(), action: .none),
  Case(rule: event, facts: market(40, rise: 0.25, inflow: 0.0625), action: .none),
  Case(rule: event, facts: market(41), action: .full),
  Case(rule: event, facts: market(rise: 0.26), action: .full),
  Case(rule: event, facts: market(inflow: 0.07), action: .full),
  Case(rule: event, facts: market(), holdings: [0.5625, 0.4375], action: .none),
  Case(rule: event, facts: market(), holdings: [0.4375, (0.5625).nextUp], action: .full),
  // Defensive: above 40 only deviations beyond an eighth.
  Case(
    rule: "defensive(band(0.0625),above=40,beyond=0.125)", facts: market(40),
    holdings: [0.6, 0.4], action: .full),
  Case(
    rule: "defensive(band(0.0625),above=40,beyond=0.125)", facts: market(41),
    holdings: [0.6, 0.4], action: .none),
  Case(
    rule: "defensive(band(0.0625),above=40,beyond=0.125)", facts: market(41),
    holdings: [0.625, 0.375], action: .none),
  Case(
    rule: "defensive(band(0.0625),above=40,beyond=0.125)", facts: market(41),
    holdings: [(0.625).nextUp, 0.375], action: .full),
  Case(
    rule: "defensive(band(0.0625))", facts: market(41), holdings: [0.575, 0.425], action: .none),
  Case(
    rule: "defensive(band(0.0625))", facts: market(41), holdings: [0.585, 0.415], action: .full),
  Case(
    rule: "defensive(never)", facts: market(41), holdings: [0.9, 0.1], action: .none),
  // Severity: partial beyond a sixteenth, full beyond 1.5 targets, at once in a crisis.
  Case(rule: severity, facts: market(), holdings: [0.5625, 0.4375], action: .none),
  Case(rule: severity, facts: market(), holdings: [(0.5625).nextUp, 0.4375], action: .partial),
  Case(rule: severity, facts: market(), holdings: [0.75, 0.25], action: .partial),
  Case(rule: severity, facts: market(), holdings: [(0.75).nextUp, 0.25], action: .full),
  Case(rule: severity, facts: market(40), holdings: [0.76, 0.24], action: .full),
  Case(rule: severity, facts: market(41), holdings: [0.76, 0.24], action: .immediate),
  Case(rule: severity, facts: market(41), holdings: [0.5625, 0.4375], action: .none),
  Case(rule: severity, facts: market(41), holdings: [0.625, 0.375], action: .partial),
  Case(rule: severity, facts: market(41), holdings: [0.63, 0.37], action: .immediate),
  Case(rule: "severity(0.0625)", facts: [:], holdings: [0.9, 0.1], action: .full),
  Case(rule: "severity(0.0625,total=0.5)", facts: [:], holdings: [0.9, 0.1], action: .immediate),
  Case(rule: "severity(0.0625,total=0.5)", facts: [:], holdings: [0.75, 0.25], action: .partial),
]
private let severity = "severity(0.0625,total=0.25,crisis=40)"

@Suite struct EventTests {
  @Test(arguments: cases)
  private func `an event beyond its threshold trades, at it nothing does`(
    _ example: Case
  ) throws {
    var task = try restlessTask()
    task.payment = .cash(asset: 1)
    task.flows = CashFlows(schedules: [.init(amount: 1, everySteps: 5)])
    let decision = try decide(example.rule, example.holdings, facts: example.facts, in: task)
    #expect(decision.action == example.action)
    #expect((decision.fraction == 1) == (example.action >= .full))
  }

  @Test func `a partial trade goes as far as it is told`() throws {
    #expect(try decide("severity(0.05)", [0.6, 0.4]).fraction == 0.5)
    #expect(try decide("severity(0.05,partial=0.25)", [0.6, 0.4]).fraction == 0.25)
  }

  @Test func `a holding without a target is a concentration`() throws {
    #expect(try decide("severity(0.5)", [0.5, 0.49, 0.01], [0.5, 0.5, 0]).action == .full)
  }

  @Test(arguments: [
    (["2024-06-10"], [0.5, 0.5], TriggerDecision.Action.none),
    (["2024-03-30"], [0.5, 0.5], .none), (["2024-03-30"], [0.5625, 0.4375], .none),
    (["2024-03-30"], [(0.5625).nextUp, 0.4375], .full),
    (["2024-06-10"], [0.625, 0.375], .none), (["2024-06-10"], [(0.625).nextUp, 0.375], .full),
  ])
  func `a hybrid needs a date or a band, and then a trade worth it`(
    _ last: [String], _ holdings: [Double], _ action: TriggerDecision.Action
  ) throws {
    // Of two assets the trades sum to twice the deviation: more than an eighth beyond a sixteenth.
    let decision = try decide(
      "hybrid(quarterly,0.125,minimum=0.125)", holdings, last: last.first)
    #expect(decision.action == action)
  }
}
