import Foundation
import Markets
import Rebalancing
import Testing

/// A portfolio and whether a rule trades it.
struct RuleCase: Sendable, CustomTestStringConvertible {
  let name: String
  let rule: String
  let holdings: [Double]
  let targets: [Double]
  /// The action, and where it is partial the fraction.
  let action: TriggerDecision.Action
  var fraction: Double?
  var testDescription: String { "\(rule): \(name)" }
}

// One sixteenth off the target is a number without rounding; its neighbour is one unit away.
private let edge = 0.5625
private let cases = [
  RuleCase(
    name: "never, far away", rule: "never", holdings: [9, 1], targets: [0.5, 0.5], action: .none),
  RuleCase(
    name: "always, at the target", rule: "always", holdings: [1, 1], targets: [0.5, 0.5],
    action: .full),
  RuleCase(
    name: "exactly at the band", rule: "band(0.0625)", holdings: [edge, 1 - edge],
    targets: [0.5, 0.5], action: .none),
  RuleCase(
    name: "one unit beyond the band", rule: "band(0.0625)", holdings: [edge.nextUp, 1 - edge],
    targets: [0.5, 0.5], action: .full),
  RuleCase(
    name: "the other asset exactly at the band", rule: "band(0.0625)",
    holdings: [1 - edge, edge], targets: [0.5, 0.5], action: .none),
  RuleCase(
    name: "the other asset beyond the band", rule: "band(0.0625)",
    holdings: [1 - edge, edge.nextUp], targets: [0.5, 0.5], action: .full),
  RuleCase(
    name: "a band of nothing, at the target", rule: "band(0)", holdings: [1, 1],
    targets: [0.5, 0.5], action: .none),
  RuleCase(
    name: "half of the way", rule: "band(0.0625,to=0.0625)", holdings: [0.625, 0.375],
    targets: [0.5, 0.5], action: .partial, fraction: 0.5),
  RuleCase(
    name: "exactly at the relative band", rule: "relative_band(0.125)",
    holdings: [edge, 1 - edge], targets: [0.5, 0.5], action: .none),
  RuleCase(
    name: "one unit beyond the relative band", rule: "relative_band(0.125)",
    holdings: [edge.nextUp, 1 - edge], targets: [0.5, 0.5], action: .full),
  RuleCase(
    name: "the small asset leaves its relative band first", rule: "relative_band(0.25)",
    holdings: [0.8125, 0.1875], targets: [0.875, 0.125], action: .full),
  RuleCase(
    name: "the large asset is within its own", rule: "relative_band(0.5)",
    holdings: [0.8125, 0.1875], targets: [0.875, 0.125], action: .none),
  RuleCase(
    name: "a holding without a target", rule: "relative_band(0.5)",
    holdings: [0.5, 0.49, 0.01], targets: [0.5, 0.5, 0], action: .full),
  RuleCase(
    name: "a holding without a target, with a destination", rule: "relative_band(0.5,to=0.25)",
    holdings: [0.5, 0.49, 0.01], targets: [0.5, 0.5, 0], action: .full),
  RuleCase(
    name: "a small holding without a target, in an absolute band", rule: "band(0.05)",
    holdings: [0.5, 0.49, 0.01], targets: [0.5, 0.5, 0], action: .full),
  RuleCase(
    name: "no target and no holding, in an absolute band", rule: "band(0.05)",
    holdings: [0.5, 0.5, 0], targets: [0.5, 0.5, 0], action: .none),
  RuleCase(
    name: "no target and no holding", rule: "relative_band(0.5)", holdings: [0.5, 0.5, 0],
    targets: [0.5, 0.5, 0], action: .none),
]

/// Dates of the last trade and of a decision, and whether a calendar rule trades.
struct CalendarCase: Sendable, CustomTestStringConvertible {
  let period: String
  let last: String?
  let today: String
  let trades: Bool
  var testDescription: String { "\(period): \(last ?? "never") → \(today)" }
}

private let calendarCases = [
  CalendarCase(period: "monthly", last: "2023-12-31", today: "2024-01-01", trades: true),
  CalendarCase(period: "quarterly", last: "2023-12-31", today: "2024-01-01", trades: true),
  CalendarCase(period: "annual", last: "2023-12-31", today: "2024-01-01", trades: true),
  CalendarCase(period: "monthly", last: "2024-01-01", today: "2024-01-31", trades: false),
  CalendarCase(period: "monthly", last: "2024-01-31", today: "2024-02-01", trades: true),
  CalendarCase(period: "monthly", last: "2023-02-10", today: "2024-02-10", trades: true),
  CalendarCase(period: "quarterly", last: "2024-01-01", today: "2024-03-31", trades: false),
  CalendarCase(period: "quarterly", last: "2024-03-31", today: "2024-04-01", trades: true),
  CalendarCase(period: "quarterly", last: "2024-06-30", today: "2024-07-01", trades: true),
  CalendarCase(period: "quarterly", last: "2024-09-30", today: "2024-10-01", trades: true),
  CalendarCase(period: "quarterly", last: "2024-10-01", today: "2024-12-31", trades: false),
  CalendarCase(period: "annual", last: "2024-01-01", today: "2024-12-31", trades: false),
  CalendarCase(period: "monthly", last: nil, today: "2024-05-05", trades: true),
  CalendarCase(period: "annual", last: "2024-05-05", today: "2024-05-05", trades: false),
]

@Suite struct RuleTests {
  private func snapshot(_ holdings: [Double], _ targets: [Double]) -> PortfolioSnapshot {
    PortfolioSnapshot(
      date: CalendarDate(daysSinceEpoch: 19_000), assets: holdings.indices.map { "ASSET\($0)" },
      holdings: holdings, targets: targets)
  }

  @Test(arguments: cases)
  func `a rule trades beyond its threshold and never at it`(_ rule: RuleCase) throws {
    let trigger = try RuleCatalog.rule(rule.rule, for: try smallTask())
    let decision = trigger.decide(snapshot(rule.holdings, rule.targets))
    #expect(decision.action == rule.action)
    let fraction: Double? =
      switch rule.action {
      case .none: 0
      case .partial: rule.fraction
      case .full, .immediate: 1
      }
    #expect(decision.fraction == fraction)
    #expect(!decision.reasons.isEmpty)
  }

  @Test(arguments: [
    ("band(0.05,to=0.025)", [0.5, 0.3, 0.2], [0.62, 0.22, 0.16], 0.025),
    ("band(0.05)", [0.5, 0.3, 0.2], [0.62, 0.22, 0.16], 0),
    ("band(0.05,to=0.05)", [0.5, 0.3, 0.2], [0.45, 0.37, 0.18], 0.05),
    ("relative_band(0.2,to=0.1)", [0.5, 0.3, 0.2], [0.52, 0.23, 0.25], 0.1),
    ("relative_band(0.2,to=0.2)", [0.6, 0.4], [0.47, 0.53], 0.2),
  ])
  func `the farthest asset stops exactly at the destination`(
    _ rule: String, _ targets: [Double], _ weights: [Double], _ destination: Double
  ) throws {
    let trigger = try RuleCatalog.rule(rule, for: try smallTask())
    let fraction = trigger.decide(snapshot(weights, targets)).fraction
    let distances = zip(weights, targets).map { weight, target in
      let left = abs(weight - target) * (1 - fraction)
      return rule.hasPrefix("relative") ? left / target : left
    }
    #expect(fraction > 0)
    #expect(abs((distances.max() ?? .nan) - destination) < 1e-15)
  }

  @Test(arguments: calendarCases)
  func `a calendar rule trades once in a period`(_ example: CalendarCase) throws {
    let rule = try RuleCatalog.rule("calendar(\(example.period))", for: try smallTask())
    var portfolio = snapshot([3, 2], [0.5, 0.5])
    portfolio.date = try #require(CalendarDate(iso: example.today))
    portfolio.lastTrade = example.last.flatMap { CalendarDate(iso: $0) }
    #expect((portfolio.lastTrade == nil) == (example.last == nil))
    #expect(rule.decide(portfolio).fraction == (example.trades ? 1 : 0))
  }

  @Test func `a monthly calendar trades at every step but the first of a monthly task`() throws {
    let task = try Shipped.task("two-asset-monthly-v0")
    let rule = try RuleCatalog.rule("calendar(monthly)", for: task)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    for step in 0..<task.horizon {
      let fraction = rule.decide(environment.snapshot).fraction
      #expect(fraction == (step == 0 ? 0 : 1), "step \(step)")
      _ = environment.advance(fraction: fraction)
    }
  }

  @Test func `the closed form is the cube root of its formula`() throws {
    // 3 κ w²(1−w)² / (2γ) = 3 · .002 · .0576 / 10 = 3.456e-5.
    let width = closedFormHalfWidth(costPerUnit: 0.002, riskAversion: 5, target: 0.6)
    #expect(isClose(width * width * width / 3.456e-5, 1, 1e-14))
    #expect(isClose(width, 0.032573011, 1e-9))
    let task = try Shipped.task("two-asset-monthly-v0")
    #expect(task.closedFormHalfWidth == width)
    let rule = try RuleCatalog.rule("closed_form", for: task)
    let low = 0.6 - width
    #expect(rule.decide(snapshot([low + 1e-9, 0.4 + width - 1e-9], [0.6, 0.4])).action == .none)
    let beyond = rule.decide(snapshot([0.5, 0.5], [0.6, 0.4]))
    #expect(isClose(beyond.fraction, 1 - width / 0.1, 1e-12))
  }

  @Test(arguments: [
    (-1.0, TriggerDecision.Action.none, 0.0), (0, .none, 0), (1e-300, .partial, 1e-300),
    (0.5, .partial, 0.5), (1.0.nextDown, .partial, 1.0.nextDown), (1, .full, 1), (7, .full, 1),
  ])
  func `a decision's action follows from its fraction`(
    _ given: Double, _ action: TriggerDecision.Action, _ fraction: Double
  ) {
    let decision = TriggerDecision(fraction: given)
    #expect(decision.action == action)
    #expect(decision.fraction == fraction)
  }
}
