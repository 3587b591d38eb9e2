import Markets
import Rebalancing
import Testing

/// A task of two assets whose volatilities change, so that a volatility index says something.
func restlessTask() throws -> RebalancingTask {
  var task = try smallTask()
  let equation = GARCHMarket<Double>.Equation(
    mean: 0, omega: 1e-5, alpha: 0.2, gamma: 0, beta: 0.7)
  task.market = .garch(
    try GARCHMarket(
      [equation, equation], correlation: [[1, 0], [0, 1]], returnKind: .log, stepsPerYear: 250))
  return task
}

/// What a rule says of a portfolio of two or more assets.
func decide(
  _ rule: String, _ holdings: [Double], _ targets: [Double] = [0.5, 0.5],
  facts: [Fact: [Double]] = [:], in task: RebalancingTask? = nil, last: String? = nil,
  today: String = "2024-06-10", waitingSince: String? = nil
) throws -> TriggerDecision {
  var task = try task ?? restlessTask()
  task.assets = holdings.indices.map { "ASSET\($0)" }
  task.targets = targets
  let trigger = try RuleCatalog.rule(rule, for: task)
  #expect(trigger.name == "rule:" + rule)
  let decision = trigger.decide(
    try snapshot(
      holdings, targets, facts: facts, last: last, today: today, waitingSince: waitingSince))
  #expect(!decision.reasons.isEmpty)
  return decision
}

/// A portfolio on a day.
func snapshot(
  _ holdings: [Double], _ targets: [Double], facts: [Fact: [Double]] = [:], last: String? = nil,
  today: String = "2024-06-10", waitingSince: String? = nil
) throws -> PortfolioSnapshot {
  func day(_ text: String) throws -> CalendarDate { try #require(CalendarDate(iso: text)) }
  return PortfolioSnapshot(
    date: try day(today), assets: holdings.indices.map { "ASSET\($0)" }, holdings: holdings,
    targets: targets, lastTrade: try last.map(day), waitingSince: try waitingSince.map(day),
    facts: Dictionary(uniqueKeysWithValues: facts.map { ($0.key.rawValue, $0.value) }))
}
