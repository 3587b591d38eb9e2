import Rebalancing
import Testing

@Suite struct RuleCatalogTests {
  @Test(arguments: [
    ("rule:never", "rule:never"), ("never", "rule:never"), ("rule:always", "rule:always"),
    ("rule:calendar(monthly)", "rule:calendar(monthly)"),
    ("rule:calendar(quarterly)", "rule:calendar(quarterly)"),
    ("calendar(annual)", "rule:calendar(annual)"), ("rule:band(0.05)", "rule:band(0.05)"),
    ("rule:band( 0.05 , to = 0.025 )", "rule:band(0.05,to=0.025)"),
    ("rule:band(to=0.025,0.05)", "rule:band(to=0.025,0.05)"),
    ("rule:band (0.05)", "rule:band(0.05)"), (" rule: band(0.05) ", "rule:band(0.05)"),
    ("rule:band(5e-2)", "rule:band(5e-2)"), ("rule:band(0)", "rule:band(0)"),
    ("rule:relative_band(0.2,to=0.1)", "rule:relative_band(0.2,to=0.1)"),
    ("rule:closed_form", "rule:closed_form"),
  ])
  func `a rule is known by what was written, without spaces`(
    _ text: String, _ name: String
  ) throws {
    let task = try Shipped.task("two-asset-monthly-v0")
    #expect(try RuleCatalog.rule(text, for: task).name == name)
  }

  @Test func `arguments reach the rule`() throws {
    let task = try Shipped.task("two-asset-monthly-v0")
    let band = try RuleCatalog.rule("band(to=0.025, 0.05)", for: task) as? BandRule
    #expect(band?.band == 0.05 && band?.destination == 0.025 && band?.measure == .absolute)
    let relative = try RuleCatalog.rule("relative_band(0.2)", for: task) as? BandRule
    #expect(relative?.band == 0.2 && relative?.destination == 0)
    #expect(relative?.measure == .relative)
    let edge = try RuleCatalog.rule("closed_form", for: task) as? BandRule
    #expect(edge?.band == task.closedFormHalfWidth && edge?.destination == edge?.band)
    let half = try RuleCatalog.rule("closed_form(0.5)", for: task) as? BandRule
    #expect(half?.band == edge.map { $0.band / 2 } && half?.destination == half?.band)
    let calendar = try RuleCatalog.rule("calendar(quarterly)", for: task) as? CalendarRule
    #expect(calendar?.period == .quarterly)
  }

  static let names =
    "never, always, partial, calendar, band, relative_band, combined_band, volatility_band, "
    + "taxable_band, closed_form, above, below, event, hybrid, severity, any, all, minimum, "
    + "cost_benefit, defensive, cash_first, delay, quadratic, garleanu_pedersen"
  static let band = "it is written band(B[,to=D][,ASSET=B…])"
  static let pairs = "parentheses are expected in pairs, the first closed at the end"

  @Test(arguments: [
    ("rule:sometimes", "rule:sometimes: no rule is called “sometimes”; there are \(names)"),
    ("", ": no rule is called “”; there are \(names)"),
    (
      "rule:never(1)", "rule:never(1): “1” is one argument too many, it is written never"
    ),
    ("rule:band", "rule:band: an argument is missing, \(band)"),
    (
      "rule:band(2)",
      "rule:band(2): the distance 2.0 is more than 1, which no weight is from its target"
    ),
    (
      "rule:combined_band(1.5,0.2)",
      "rule:combined_band(1.5,0.2): the distance 1.5 is more than 1, which no weight is from its target"
    ),
    ("rule:band(1,2)", "rule:band(1,2): “2” is one argument too many, \(band)"),
    (
      "rule:calendar",
      "rule:calendar: an argument is missing, it is written calendar(monthly|quarterly|annual)"
    ),
    (
      "rule:calendar(weekly)",
      "rule:calendar(weekly): the period is monthly, quarterly or annual, “weekly” is given"
    ),
    (
      "rule:closed_form(1,2)",
      "rule:closed_form(1,2): “2” is one argument too many, it is written closed_form[(M)]"
    ),
    ("rule:band(0.05,from=1)", "rule:band(0.05,from=1): there is no argument “from”, \(band)"),
    (
      "rule:band(0.05,to=0.06)",
      "rule:band(0.05,to=0.06): the destination 0.06 lies outside the band 0.05"
    ),
    ("rule:band(0.05", "rule:band(0.05: \(pairs)"),
    ("rule:band(0.05))", "rule:band(0.05)): \(pairs)"),
    ("rule:band(0.05)x", "rule:band(0.05)x: \(pairs)"),
    ("any(band(0.05),never", "any(band(0.05),never: \(pairs)"),
    ("rule:band(-0.05)", "rule:band(-0.05): “-0.05” is not a number of at least 0"),
    ("rule:band(0.05,to=-1)", "rule:band(0.05,to=-1): “-1” is not a number of at least 0"),
    ("rule:band(x)", "rule:band(x): “x” is not a number of at least 0"),
    ("rule:band(nan)", "rule:band(nan): “nan” is not a number of at least 0"),
    ("rule:band(inf)", "rule:band(inf): “inf” is not a number of at least 0"),
    ("rule:band()", "rule:band(): the argument “” is empty or repeated"),
    ("rule:band(0.05,)", "rule:band(0.05,): the argument “” is empty or repeated"),
    ("rule:band(=0.05)", "rule:band(=0.05): the argument “=0.05” is empty or repeated"),
    ("rule:band(0.05,to=)", "rule:band(0.05,to=): the argument “to=” is empty or repeated"),
    (
      "rule:band(0.05,to=0,to=0)",
      "rule:band(0.05,to=0,to=0): the argument “to=0” is empty or repeated"
    ),
    (
      "band(0.05,RISKY=0.02,to=0.01)",
      "rule:band(0.05,RISKY=0.02,to=0.01): bands that differ end at `target`, `half` or `edge`, "
        + "“0.01” is given"
    ),
    (
      "band(0.05,STOCK=0.02)",
      "rule:band(0.05,STOCK=0.02): there is no argument “STOCK”, \(band)"
    ),
    ("any(never,bnd(1))", "bnd(1): no rule is called “bnd”; there are \(names)"),
    ("any(never,band(x))", "rule:band(x): “x” is not a number of at least 0"),
    ("any", "rule:any: an argument is missing, it is written any(RULE,RULE…)"),
    (
      "taxable_band(0.08,0.05)",
      "rule:taxable_band(0.08,0.05): the band 0.05 where there is tax is narrower than 0.08"
    ),
    ("partial(1.5)", "rule:partial(1.5): 1.5 is more than 1, the whole way"),
    (
      "above(volatility[GOLD],1)",
      "rule:above(volatility[GOLD],1): “volatility[GOLD]” is none of the numbers of volatility"
    ),
    (
      "above(volatility[2],1)",
      "rule:above(volatility[2],1): “volatility[2]” is none of the numbers of volatility"
    ),
    ("above(volatility,x)", "rule:above(volatility,x): “x” is not a number"),
    ("delay(never)", "rule:delay(never): days=N, a whole number, is missing"),
    (
      "severity(0.05,crisis=40)",
      "rule:severity(0.05,crisis=40): crisis=L needs total=T, beyond which it trades at once"
    ),
    (
      "severity(0.05,partial=1)",
      "rule:severity(0.05,partial=1): a partial trade goes more than none and less than all of the "
        + "way, not 1.0"
    ),
    (
      "garleanu_pedersen(0)",
      "rule:garleanu_pedersen(0): L must be above 0 and the discount below 1"
    ),
    ("quadratic(0)", "rule:quadratic(0): C must be above 0"),
  ])
  func `a text that names no rule says why`(_ text: String, _ message: String) throws {
    let task = try Shipped.task("two-asset-monthly-v0")
    let error = #expect(throws: RuleError.self) { try RuleCatalog.rule(text, for: task) }
    #expect(error?.description == message)
  }

  @Test func `the closed form is refused where its conditions do not hold`() throws {
    let task = try Shipped.task("four-asset-r1-v0")
    let error = #expect(throws: RuleError.self) { try RuleCatalog.rule("closed_form", for: task) }
    #expect(
      error?.description == "rule:closed_form: the closed form is for two assets, proportional "
        + "costs and a quadratic drift cost; four-asset-r1-v0 is another task (for correlated "
        + "assets none is known; quadratic(C) takes any number)")
  }

  @Test func `a model rule is refused where its model does not hold`() throws {
    for (rule, name, reason) in [
      ("quadratic(1)", "four-asset-r1-v0", "it needs proportional costs"),
      ("quadratic(1)", "stock-bond-garch-v0", "it needs a market whose covariance is known"),
      ("garleanu_pedersen(1)", "four-asset-r1-v0", "it needs `drift_cost: quadratic`"),
    ] {
      let task = try Shipped.task(name)
      let error = #expect(throws: RuleError.self) { try RuleCatalog.rule(rule, for: task) }
      #expect(error?.description.contains(reason) == true, "\(rule), \(name)")
    }
  }

  /// One rule of each kind.
  static let samples = [
    "never", "always", "partial(0.1)", "calendar(monthly)", "band(0.05)", "relative_band(0.1)",
    "combined_band(0.05,0.25)", "volatility_band(0.25)", "taxable_band(0.05,0.08)", "closed_form",
    "above(volatility_index,25)", "below(volatility_index,10)",
    "event(0.05,index=40,rise=0.3,inflow=0.01)", "hybrid(quarterly,0.05,minimum=0.02)",
    "severity(0.05,total=0.1,crisis=30)", "any(band(0.05),calendar(annual))",
    "all(band(0.02),calendar(monthly))", "minimum(band(0.02),0.05)", "cost_benefit(0.5)",
    "defensive(band(0.05))", "cash_first(band(0.05))", "delay(band(0.05),days=60)",
    "quadratic(0.2)", "garleanu_pedersen(5)",
  ]

  @Test(arguments: Shipped.names)
  func `every rule plays every environment, or says why not`(_ name: String) throws {
    let task = try Shipped.task(name, horizon: 40)
    var played = 0
    for text in Self.samples {
      do throws(RuleError) {
        let rule = try RuleCatalog.rule(text, for: task)
        var environment = RebalancingEnvironment<Double>(task.informing(rule))
        _ = environment.reset(seed: 1)
        while !environment.hasEnded {
          let decision = rule.decide(environment.snapshot)
          #expect(decision.reasons.allSatisfy { !$0.hasPrefix("invalid_input") }, "\(text)")
          _ = environment.advance(decision)
        }
        played += 1
      } catch { #expect(error.description.hasPrefix("rule:\(text): ")) }
    }
    #expect(played >= 15)
    #expect(Self.samples.count == RuleCatalog.entries.count)
  }

  @Test func `every kind of rule has a name, a usage and a sentence`() {
    for entry in RuleCatalog.entries {
      #expect(!entry.summary.isEmpty && entry.usage.count <= 75)
      #expect(Self.samples.contains { $0.prefix { $0 != "(" } == entry.name })
    }
    #expect(RuleCatalog.entries.map(\.name).joined(separator: ", ") == Self.names)
  }
}
