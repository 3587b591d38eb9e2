import Markets
import Rebalancing
import Testing

@Suite struct RuleNeedsTests {
  @Test(arguments: [
    (
      "defensive(band(0.05))",
      "rule:defensive(band(0.05)): it needs volatility_index: the volatility of small-v0 never "
        + "changes; `market: garch`, `regimes`, `bootstrap` or `historical` have one that does"
    ),
    (
      "any(never,above(regime_probability,0.5))",
      "rule:any(never,above(regime_probability,0.5)): it needs regime_probability: the market of "
        + "small-v0 has no regimes; `market: regimes` has them"
    ),
    (
      "event(0.05,inflow=0.02)",
      "rule:event(0.05,inflow=0.02): it needs inflow: nothing flows in small-v0; `deposit` or "
        + "dividends make it"
    ),
    (
      "above(pending_flow,0.02)",
      "rule:above(pending_flow,0.02): it needs pending_flow: nothing flows by schedule in "
        + "small-v0; `deposit` or `withdrawal` make it"
    ),
  ])
  func `a rule that the task cannot serve is refused with the key that would`(
    _ rule: String, _ message: String
  ) throws {
    let error = #expect(throws: RuleError.self) {
      try RuleCatalog.rule(rule, for: try smallTask())
    }
    #expect(error?.description == message)
  }

  @Test func `a rule that the snapshot cannot serve does nothing and says why`() throws {
    let rule = "defensive(band(0.05))"
    let missing = try decide(rule, [0.9, 0.1])
    #expect(
      missing == .invalid("facts.volatility_index: missing, the rule needs it", .schema))
    let many = try decide(rule, [0.9, 0.1], facts: [.volatilityIndex: [20, 30]])
    #expect(many == .invalid("facts.volatility_index: 2 numbers", .schema))
    let nan = try decide(rule, [0.9, 0.1], facts: [.volatilityIndex: [.nan]])
    #expect(
      nan == .invalid("facts.volatility_index: one is not a finite number", .schema))
  }

  @Test(arguments: [
    [.nan, 1], [1, .infinity], [0, 0], [], [-1, 1], [.infinity, -.infinity] as [Double],
  ])
  func `what is no portfolio is not traded by any rule`(_ holdings: [Double]) throws {
    for rule in [
      "always", "band(0.05)", "relative_band(0.05)", "calendar(monthly)", "partial(0.5)",
      "combined_band(0.05,0.2)", "severity(0.05,total=0.1)", "any(always,never)", "all(always)",
      "minimum(always,0)", "hybrid(monthly,0.05)", "taxable_band(0.05,0.08)",
    ] {
      let trigger = try RuleCatalog.rule(rule, for: try smallTask())
      var portfolio = try snapshot([1, 1], [0.5, 0.5])
      portfolio.holdings = holdings
      let decision = trigger.decide(portfolio)
      #expect(decision.action == .none && decision.fraction == 0, "\(rule)")
      #expect(decision.reasons.first?.hasPrefix("invalid_input: ") == true, "\(rule)")
    }
    var portfolio = try snapshot([1, 1], [.nan, 0.5])
    portfolio.assets = ["A", "B"]
    let always = try RuleCatalog.rule("always", for: try smallTask())
    #expect(always.decide(portfolio).action == .none)
  }

  @Test func `a rule made for assets is not asked about others`() throws {
    let rule = try RuleCatalog.rule("band(0.05,ASSET1=0.02)", for: try smallTask())
    var portfolio = try snapshot([9, 1], [0.5, 0.5])
    #expect(rule.decide(portfolio).action == .full)
    portfolio.assets = ["ASSET1", "ASSET0"]
    #expect(
      rule.decide(portfolio)
        == .invalid(
          "assets: ASSET1, ASSET0 are given; the policy is for ASSET0, ASSET1, in this order",
          .schema))
  }

  @Test func `snapshots bring what a rule needs, though no agent sees it`() throws {
    let task = try restlessTask()
    let rule = try RuleCatalog.rule("any(above(volatility_index,99),cost_benefit(1))", for: task)
    var informed = RebalancingEnvironment<Double>(task.informing(rule))
    var plain = RebalancingEnvironment<Double>(task)
    #expect(informed.reset(seed: 1) == plain.reset(seed: 1))
    #expect(plain.snapshot.facts == nil)
    #expect(
      informed.snapshot.facts?.keys.sorted() == [
        "drift_cost_per_year", "tax_to_target", "trade_cost_to_target", "volatility_index",
      ])
    for _ in 0..<20 {
      let decision = rule.decide(informed.snapshot)
      #expect(decision.reasons.allSatisfy { !$0.hasPrefix("invalid_input") })
      let outcomes = (informed.advance(decision), plain.advance(decision))
      #expect(outcomes.0 == outcomes.1)
    }
  }
}
