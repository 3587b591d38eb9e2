import Rebalancing
import Testing

@Suite struct CompositeTests {
  @Test(arguments: [
    ("any(never,band(0.05))", TriggerDecision.Action.full, 1.0),
    ("any(never,never)", .none, 0), ("any(band(0.2),band(0.3))", .none, 0),
    ("any(partial(0.25),partial(0.75))", .partial, 0.75),
    ("any(partial(0.75),partial(0.25))", .partial, 0.75),
    ("any(partial(0.75),always)", .full, 1),
    ("any(always,severity(0.05,total=0.1))", .immediate, 1),
    ("any(severity(0.05,total=0.1),always)", .immediate, 1),
    ("all(always,band(0.05))", .full, 1), ("all(always,band(0.2))", .none, 0),
    ("all(band(0.05,to=0.025),always)", .partial, 0.75),
    ("all(always,partial(0.25),partial(0.75))", .partial, 0.25),
    ("all(severity(0.05,total=0.1),always)", .full, 1),
    ("all(any(never,always),any(partial(0.5),never))", .partial, 0.5),
    ("any(always)", .full, 1), ("all(partial(0.5))", .partial, 0.5),
    ("minimum(band(0.05),0.1875)", .full, 1), ("minimum(band(0.05),0.2)", .none, 0),
    ("minimum(partial(0.5),0.1)", .none, 0), ("minimum(partial(0.5),0.09)", .partial, 0.5),
    ("minimum(severity(0.05,total=0.1),0.5)", .immediate, 1),
  ])
  func `the strongest of any, the weakest of all`(
    _ rule: String, _ action: TriggerDecision.Action, _ fraction: Double
  ) throws {
    // Half and half, 0.1 off: the trades of all of the way sum to 0.2.
    let decision = try decide(rule, [0.6, 0.4])
    #expect(decision.action == action)
    #expect(isClose(decision.fraction, fraction, 1e-12))
  }

  @Test func `exactly the minimum is not enough`() throws {
    #expect(try decide("minimum(always,0.125)", [0.5625, 0.4375]).action == .none)
    #expect(try decide("minimum(always,0.125)", [(0.5625).nextUp, 0.4375]).action == .full)
  }

  @Test func `the precedence is immediate, full, partial, none`() {
    let ranked = [
      TriggerDecision.noAction("a"), TriggerDecision(fraction: 0.2),
      TriggerDecision(fraction: 0.7), TriggerDecision(fraction: 1),
      TriggerDecision.immediate("b"),
    ]
    for (i, one) in ranked.enumerated() {
      for (j, other) in ranked.enumerated() { #expect(one.isStronger(than: other) == (i > j)) }
    }
    #expect(TriggerDecision.Action.allCases == TriggerDecision.Action.allCases.sorted())
  }

  @Test func `whoever fires is heard with the reason`() throws {
    let decision = try decide(
      "any(band(0.05),above(volatility_index,40))", [0.6, 0.4],
      facts: [.volatilityIndex: [50]])
    #expect(decision.reasons.count == 2)
    #expect(decision.reasons[1] == "volatility_index is 50.0, above 40.0")
    let quiet = try decide(
      "all(band(0.05),above(volatility_index,40))", [0.6, 0.4],
      facts: [.volatilityIndex: [30]])
    #expect(quiet.reasons == ["volatility_index is 30.0, not above 40.0"])
  }

  @Test func `a rule of rules needs what they need`() throws {
    let task = try restlessTask()
    let rule = try RuleCatalog.rule(
      "any(all(calendar(monthly),above(volatility_index,40)),delay(band(0.05),days=9))",
      for: task)
    #expect(rule.needs.facts == [.volatilityIndex, .trend] && rule.needs.dates)
    #expect(try RuleCatalog.rule("band(0.05)", for: task).needs == TriggerNeeds())
  }
}
