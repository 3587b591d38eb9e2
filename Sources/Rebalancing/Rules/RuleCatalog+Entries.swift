extension RuleCatalog {
  static let plainEntries = [
    Entry("never", "never trades") { (call, _) throws(RuleError) in NeverRule(name: call.text) },
    Entry("always", "trades to the target at every decision") { (call, _) throws(RuleError) in
      AlwaysRule(name: call.text)
    },
    Entry("partial(F)", "goes F of the way to the target at every decision") {
      (call, _) throws(RuleError) in
      PartialStepRule(name: call.text, fraction: try call.share())
    },
    Entry(
      "calendar(monthly|quarterly|annual)", "trades to the target once in a calendar period",
      needs: "last_trade"
    ) { (call, _) throws(RuleError) in
      CalendarRule(name: call.text, period: try call.period())
    },
  ]

  static let bandEntries = [
    Entry(
      "band(B[,to=D][,ASSET=B…])",
      "trades when a weight is more than B from its target, to D from it (0), `half` or `edge`; "
        + "an asset may have a B of its own"
    ) { (call, task) throws(RuleError) in
      try call.band(task, .absolute) { .weight($0) }
    },
    Entry(
      "relative_band(B[,to=D][,ASSET=B…])", "the same in fractions of each target weight"
    ) { (call, task) throws(RuleError) in
      try call.band(task, .relative) { .share($0) }
    },
    Entry(
      "combined_band(B,R[,to=half|edge])",
      "trades beyond the smaller of B in weight and R in fractions of the target weight"
    ) { (call, task) throws(RuleError) in
      let width = AssetBandRule.Width.smaller(weight: try call.distance(), share: try call.number())
      return AssetBandRule(
        name: call.text, widths: task.assets.map { _ in width },
        share: try call.shareOfBand(), assets: task.assets)
    },
    Entry(
      "volatility_band(M[,to=half|edge])",
      "trades when a weight is more than M times the asset's volatility per √year from its target",
      needs: "volatility"
    ) { (call, task) throws(RuleError) in
      let width = AssetBandRule.Width.volatility(multiple: try call.number())
      return AssetBandRule(
        name: call.text, widths: task.assets.map { _ in width },
        share: try call.shareOfBand(), assets: task.assets)
    },
    Entry("taxable_band(B,W[,to=D])", "band(B), in a taxed task the wider band(W)") {
      (call, task) throws(RuleError) in
      let (narrow, wide) = (try call.distance(), try call.distance())
      guard wide >= narrow else {
        throw call.fault("the band \(wide) where there is tax is narrower than \(narrow)")
      }
      let band = task.tax == .none ? narrow : wide
      return BandRule(
        name: call.text, band: band, destination: try call.destination(inside: band),
        measure: .absolute)
    },
    Entry(
      "closed_form[(M)]",
      "trades to the edge of M (1) times the closed-form no-trade region",
      needs: "two assets, proportional costs, `drift_cost: quadratic`"
    ) { (call, task) throws(RuleError) in
      let multiplier = call.hasMore ? try call.number() : 1
      guard let width = task.closedFormHalfWidth else {
        throw call.fault(
          "the closed form is for two assets, proportional costs and a quadratic drift cost; "
            + "\(task.id) is another task"
            + (task.assets.count > 2
              ? " (for correlated assets none is known; quadratic(C) takes any number)" : ""))
      }
      let edge = multiplier * width
      return BandRule(name: call.text, band: edge, destination: edge, measure: .absolute)
    },
  ]

  static let eventEntries = [
    Entry(
      "above(FACT,L)",
      "trades to the target when a fact is above L, such as volatility_index, inflow, "
        + "regime_probability[1]", needs: "the fact"
    ) { (call, task) throws(RuleError) in try call.fact(task, .above) },
    Entry("below(FACT,L)", "the same below L", needs: "the fact") {
      (call, task) throws(RuleError) in try call.fact(task, .below)
    },
    Entry(
      "event(B[,index=L][,rise=S][,inflow=F])",
      "trades to the target when a weight is more than B from it, the volatility index above L or "
        + "up by more than S in `volatility_rise_steps`, or more than F of value has come in",
      needs: "volatility_index, volatility_index_rise, inflow where given"
    ) { (call, _) throws(RuleError) in
      var rules: [any Rule] = [
        BandRule(
          name: "band", band: try call.distance(), destination: 0, measure: .absolute)
      ]
      for (argument, fact) in [
        ("index", Fact.volatilityIndex), ("rise", .volatilityIndexRise), ("inflow", .inflow),
      ] {
        guard let level = try call.number(named: argument) else { continue }
        rules.append(
          FactRule(name: fact.rawValue, fact: fact, place: nil, side: .above, level: level))
      }
      return CompositeRule(name: call.text, rules: rules, choice: .strongest)
    },
    Entry(
      "hybrid(PERIOD,B,minimum=M)",
      "trades to the target when a period has begun or a weight is more than B from it, if the "
        + "trades then sum to more than M of value", needs: "last_trade"
    ) { (call, _) throws(RuleError) in
      let rules: [any Rule] = [
        CalendarRule(name: "calendar", period: try call.period()),
        BandRule(name: "band", band: try call.distance(), destination: 0, measure: .absolute),
      ]
      return MinimumTradeRule(
        name: call.text, rule: CompositeRule(name: call.text, rules: rules, choice: .strongest),
        minimum: try call.number(named: "minimum", or: 0))
    },
    Entry(
      "severity(B[,partial=F][,concentration=C][,total=T][,crisis=L])",
      "F (0.5) of the way beyond B; all of it beyond C (1.5) targets of one asset; at once when "
        + "the deviations sum to more than T, with L only while the volatility index is above it",
      needs: "volatility_index with L"
    ) { (call, _) throws(RuleError) in try call.severity() },
  ]

  static let gateEntries = [
    Entry("any(RULE,RULE…)", "what the strongest of some rules says", needs: "what they need") {
      (call, task) throws(RuleError) in
      CompositeRule(name: call.text, rules: try call.rules(for: task), choice: .strongest)
    },
    Entry(
      "all(RULE,RULE…)", "what the weakest of some rules says: it trades if all of them do",
      needs: "what they need"
    ) { (call, task) throws(RuleError) in
      CompositeRule(name: call.text, rules: try call.rules(for: task), choice: .weakest)
    },
    Entry(
      "minimum(RULE,M)", "what a rule says if its trades sum to more than M of value",
      needs: "what the rule needs"
    ) { (call, task) throws(RuleError) in
      MinimumTradeRule(
        name: call.text, rule: try call.rule(for: task), minimum: try call.number())
    },
    Entry(
      "cost_benefit(Y)",
      "trades to the target when Y years of the drift cost exceed costs and tax of the trade",
      needs: "drift_cost_per_year, trade_cost_to_target, tax_to_target"
    ) { (call, _) throws(RuleError) in
      CostBenefitRule(name: call.text, years: try call.number())
    },
    Entry(
      "defensive(RULE[,above=L][,beyond=B])",
      "what a rule says, but only about weights more than B (0.08) from their targets while the "
        + "volatility index is above L (40)", needs: "volatility_index"
    ) { (call, task) throws(RuleError) in
      DefensiveRule(
        name: call.text, rule: try call.rule(for: task),
        level: try call.number(named: "above", or: 40),
        distance: try call.number(named: "beyond", or: 0.08))
    },
    Entry(
      "cash_first(RULE[,minimum=M])",
      "spends cash that is more than M (0) above its target on what is underweight, then asks a rule",
      needs: "a cash asset"
    ) { (call, task) throws(RuleError) in
      guard let cash = task.payment.cash ?? task.costs.cash else {
        throw call.fault("\(task.id) has no cash asset; the key `cash` names one")
      }
      return CashFirstRule(
        name: call.text, rule: try call.rule(for: task), cash: cash,
        minimum: try call.number(named: "minimum", or: 0), assets: task.assets)
    },
    Entry(
      "delay(RULE,days=N)",
      "puts off what a rule says while the trend is against its trades, for at most N days",
      needs: "trend, waiting_since"
    ) { (call, task) throws(RuleError) in
      let rule = try call.rule(for: task)
      guard let days = try call.number(named: "days"), let whole = Int(exactly: days) else {
        throw call.fault("days=N, a whole number, is missing")
      }
      return DelayRule(name: call.text, rule: rule, days: whole)
    },
  ]

  static let modelEntries = [
    Entry(
      "quadratic(C)",
      "the destination of least cost now plus C times the squared deviations after it",
      needs:
        "proportional costs, `drift_cost: quadratic`, a model of the market with constant covariance or regimes"
    ) { (call, task) throws(RuleError) in try call.quadratic(task) },
    Entry(
      "garleanu_pedersen(L[,discount=R])",
      "the part of the way that is optimal under quadratic trading costs L/2 uᵀΣu",
      needs: "`drift_cost: quadratic`"
    ) { (call, task) throws(RuleError) in
      guard case .quadratic(let riskAversion) = task.driftCost, riskAversion > 0 else {
        throw call.fault("it needs `drift_cost: quadratic` with a `risk_aversion` above 0")
      }
      let (cost, discount) = (try call.number(), try call.number(named: "discount", or: 0))
      guard cost > 0, discount < 1 else {
        throw call.fault("L must be above 0 and the discount below 1")
      }
      return PartialStepRule(
        name: call.text,
        fraction: garleanuPedersenRate(
          riskAversion: riskAversion, tradingCost: cost, discount: discount))
    },
  ]
}
