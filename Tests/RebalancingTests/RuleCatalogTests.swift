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

  static let usages =
    "never, always, calendar(monthly|quarterly|annual), band(B[,to=D]), "
    + "relative_band(B[,to=D]), closed_form[(M)]"

  @Test(arguments: [
    ("rule:sometimes", "rule:sometimes: no rule is called “sometimes”; there are \(usages)"),
    ("", ": no rule is called “”; there are \(usages)"),
    ("rule:never(1)", "rule:never(1): 0 arguments are expected, 1 given"),
    ("rule:band", "rule:band: 1 argument is expected, 0 given"),
    ("rule:band(1,2)", "rule:band(1,2): 1 argument is expected, 2 given"),
    ("rule:calendar", "rule:calendar: 1 argument is expected, 0 given"),
    ("rule:calendar(weekly)", "rule:calendar(weekly): the period is monthly, quarterly or annual"),
    ("rule:closed_form(1,2)", "rule:closed_form(1,2): 1 argument is expected, 2 given"),
    ("rule:band(0.05,from=1)", "rule:band(0.05,from=1): there is no argument “from”"),
    (
      "rule:band(0.05,to=0.06)",
      "rule:band(0.05,to=0.06): the destination 0.06 lies outside the band 0.05"
    ),
    (
      "rule:band(0.05", "rule:band(0.05: one pair of parentheses is expected, closed at the end"
    ),
    (
      "rule:band(0.05))", "rule:band(0.05)): one pair of parentheses is expected, closed at the end"
    ),
    (
      "rule:band(0.05)x", "rule:band(0.05)x: one pair of parentheses is expected, closed at the end"
    ),
    (
      "rule:band(-0.05)",
      "rule:band(-0.05): “-0.05” is not a distance (a number of at least 0)"
    ),
    (
      "rule:band(0.05,to=-1)",
      "rule:band(0.05,to=-1): “-1” is not a distance (a number of at least 0)"
    ),
    ("rule:band(x)", "rule:band(x): “x” is not a distance (a number of at least 0)"),
    ("rule:band(nan)", "rule:band(nan): “nan” is not a distance (a number of at least 0)"),
    ("rule:band(inf)", "rule:band(inf): “inf” is not a distance (a number of at least 0)"),
    ("rule:band()", "rule:band(): the argument “” is empty or repeated"),
    ("rule:band(0.05,)", "rule:band(0.05,): the argument “” is empty or repeated"),
    ("rule:band(=0.05)", "rule:band(=0.05): the argument “=0.05” is empty or repeated"),
    (
      "rule:band(0.05,to=)", "rule:band(0.05,to=): the argument “to=” is empty or repeated"
    ),
    (
      "rule:band(0.05,to=0,to=0)",
      "rule:band(0.05,to=0,to=0): the argument “to=0” is empty or repeated"
    ),
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
        + "costs and a quadratic drift cost; four-asset-r1-v0 is another task")
  }

  @Test func `every kind of rule has a name, a usage and a sentence`() {
    for entry in RuleCatalog.entries {
      #expect(entry.usage.hasPrefix(entry.name) && !entry.summary.isEmpty)
    }
    #expect(RuleCatalog.entries.map(\.usage).joined(separator: ", ") == Self.usages)
  }
}
