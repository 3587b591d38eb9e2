import Experiments
import Foundation
import Markets
import Rebalancing
import Testing

@Suite struct PeriodTableTests {
  private func task(_ name: String, _ overrides: [String] = []) throws -> RebalancingTask {
    try EnvironmentSpec(path: "\(BitsTests.folder)/\(name).yaml", overrides: overrides).task
  }

  private func rules(_ task: RebalancingTask) throws -> [any Trigger] {
    try ["rule:never", "rule:band(0.05)"].map { try RuleCatalog.rule($0, for: task) }
  }

  @Test(arguments: [
    ("2008-09..2009-03", "2008-09..2009-03", "2008-09-01", "2009-03-31"),
    ("2020", "2020", "2020-01-01", "2020-12-31"),
    ("2020-02", "2020-02", "2020-02-01", "2020-02-29"),
    ("rates=2022-01-03..2022-10-14", "rates", "2022-01-03", "2022-10-14"),
    ("2019-12", "2019-12", "2019-12-01", "2019-12-31"),
    ("a=2019..2020-01", "a", "2019-01-01", "2020-01-31"),
  ])
  func `windows are read as they are written`(
    _ text: String, _ name: String, _ from: String, _ through: String
  ) throws {
    let window = try CalendarWindow(text)
    #expect(window.name == name && window.from.description == from)
    #expect(window.through.description == through)
  }

  @Test(arguments: ["", "2008-13", "2009..2008", "2008..", "..", "=2008", "x", "2008..2009..2010"])
  func `what is no window is refused with what is`(_ text: String) throws {
    let error = #expect(throws: SpecError.self) { try CalendarWindow(text) }
    #expect("\(try #require(error))".contains("valid are 2008-09..2009-03"))
  }

  @Test func `a window's terms are those of its steps, and all days together those of all`() throws
  {
    let task = try task("us-stock-bond-v0")
    let rules = try rules(task)
    let crisis = try CalendarWindow("2008-09..2009-03")
    let all = try CalendarWindow("1990..2017-03")
    let table = try PeriodTable(task, policies: rules, windows: [crisis, all])
    let row = try #require(table.windows[0].policies)[1]
    var environment = RebalancingEnvironment<Double>(task.informing(rules[1]))
    _ = environment.reset(seed: 7)
    var (steps, cost, turnover, growth) = (0, 0.0, 0.0, 1.0)
    while !environment.hasEnded {
      let date = environment.date
      let outcome = environment.advance(rules[1].decide(environment.snapshot))
      guard crisis.from <= date, date <= crisis.through else { continue }
      steps += 1
      cost += outcome.transactionCost + outcome.driftCost
      turnover += outcome.turnover
      growth *= outcome.valueAfter / outcome.valueBefore
    }
    #expect(row.steps == steps && steps > 130)
    #expect(abs(row.cost - cost * 252 / Double(steps) * 1e4) < 1e-9)
    #expect(abs(row.turnover - turnover * 252 / Double(steps)) < 1e-12)
    #expect(abs(row.totalReturn - (growth - 1)) < 1e-12)
    #expect(row.drawdown > -row.totalReturn && row.drawdown < 0.4)
    // The data begins in 1990, the decisions a year later.
    #expect(!table.windows[1].isCovered)
    let whole = try PeriodTable(
      task, policies: rules, windows: [try CalendarWindow("1991-01-05..2017-03")])
    let evaluation = SampledEvaluation(task, policies: rules, episodes: 1, seed: 1)
    let rows = try #require(whole.windows[0].policies)
    #expect(rows[1].trades == evaluation.policies[1].tradeCount)
    #expect(abs(rows[1].cost / evaluation.policies[1].cost.mean - 1) < 1e-3)
    #expect(
      abs(rows[1].trackingError / evaluation.policies[1].trackingError - 1) < 1e-3)
  }

  @Test func `a crisis that the data does not hold reads not covered, and null`() throws {
    let task = try task("us-stock-bond-v0")
    let table = try PeriodTable(task, policies: try rules(task), windows: CalendarWindow.crises)
    #expect(table.windows.map(\.isCovered) == [true, false, false])
    #expect(table.table.contains("  not covered"))
    #expect(table.table.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let json = String(decoding: try JSONEncoder().encode(table), as: UTF8.self)
    #expect(json.contains("\"policies\":null") && json.contains("\"covered\":false"))
    // A window that the data reaches into is not covered either.
    let part = try PeriodTable(
      task, policies: try rules(task), windows: [try CalendarWindow("2017")])
    #expect(part.windows[0].policies == nil)
  }

  @Test func `data with random episodes is replayed as a whole`() throws {
    let task = try task("us-factors-v0")
    let table = try PeriodTable(task, policies: try rules(task), windows: CalendarWindow.crises)
    #expect(table.windows.map(\.isCovered) == [false, true, true])
    #expect(table.firstDate.year == 2015 && table.lastDate.year == 2022)
    let covid = try #require(table.windows[1].policies)
    #expect(covid[0].trades == 0 && covid[0].drawdown > 0.3 && covid[0].totalReturn < -0.1)
    let one = try PeriodTable(
      task, policies: try rules(task), windows: CalendarWindow.crises, workers: 1)
    #expect(one.windows.map(\.policies) == table.windows.map(\.policies))
  }

  /// Growth net of what is paid, and the largest fall, of the steps in a window.
  private func path(
    _ task: RebalancingTask, _ rule: any Trigger, _ window: CalendarWindow
  ) -> (growth: Double, fall: Double, tax: Double, steps: Int) {
    var environment = RebalancingEnvironment<Double>(task.informing(rule))
    _ = environment.reset(seed: 7)
    var (values, tax) = ([1.0], 0.0)
    while !environment.hasEnded {
      let date = environment.date
      let outcome = environment.advance(rule.decide(environment.snapshot))
      guard window.from <= date, date <= window.through else { continue }
      let net = (1 - outcome.transactionCost - outcome.taxCost) * (1 + outcome.portfolioReturn)
      values.append(values[values.count - 1] * net)
      tax += outcome.taxCost
    }
    let falls = values.indices.map { 1 - values[$0] / (values[...$0].max() ?? 1) }
    return (values[values.count - 1], falls.max() ?? 0, tax, values.count - 1)
  }

  @Test func `what is paid in is no return`() throws {
    let task = try task(
      "us-stock-bond-v0",
      [
        "cash=US_TREASURY", "pay_from=cash", "initial_value=100000", "deposit=20000",
        "deposit_every_steps=10",
      ])
    let window = try CalendarWindow("2008-09..2009-03")
    let rule = try rules(task)[1]
    let row = try #require(
      PeriodTable(task, policies: [rule], windows: [window]).windows[0].policies?.first)
    let expected = path(task, rule, window)
    #expect(row.steps == expected.steps)
    #expect(abs(row.totalReturn - (expected.growth - 1)) < 1e-9)
    #expect(abs(row.drawdown - expected.fall) < 1e-9)
  }

  @Test func `a fall counts from where the window begins`() throws {
    let task = try task("us-stock-bond-v0")
    let never = try rules(task)[0]
    // Stocks fell by 9 % on the day that followed.
    let day = try CalendarWindow("day=2008-10-14..2008-10-14")
    let month = try CalendarWindow("2008-10")
    let table = try PeriodTable(task, policies: [never], windows: [day, month])
    for window in table.windows {
      let row = try #require(window.policies?.first)
      let expected = path(task, never, window.window)
      #expect(abs(row.drawdown - expected.fall) < 1e-12 && row.drawdown > 0.02)
    }
    let one = try #require(table.windows[0].policies?.first)
    #expect(one.steps == 1 && abs(one.drawdown + one.totalReturn) < 1e-12)
  }

  @Test func `tax is a term of its own, and of the cost`() throws {
    let task = try task("us-factors-v0", ["episode_start=fixed"])
    let always = try RuleCatalog.rule("rule:always", for: task)
    let window = try CalendarWindow("2020")
    let row = try #require(
      PeriodTable(task, policies: [always], windows: [window]).windows[0].policies?.first)
    #expect(row.tax > 0.1)
    #expect(abs(row.cost - (row.transaction + row.tax + row.drift)) < 1e-9)
  }

  @Test func `a week may be missing at either end, and no more`() throws {
    let task = try task("us-stock-bond-v0")
    let all = [try CalendarWindow("2000")]
    let whole = try PeriodTable(task, policies: try rules(task), windows: all)
    let windows = try [(7, 7), (8, 7), (7, 8)].map { before, after in
      let (from, through) = (
        whole.firstDate.adding(days: -before), whole.lastDate.adding(days: after)
      )
      return try CalendarWindow("\(before)-\(after)=\(from)..\(through)")
    }
    let table = try PeriodTable(task, policies: try rules(task), windows: windows)
    #expect(table.windows.map(\.isCovered) == [true, false, false])
  }

  @Test func `models have no days to look at`() throws {
    let task = try task("two-asset-monthly-v0")
    let error = #expect(throws: SpecError.self) {
      try PeriodTable(task, policies: try rules(task), windows: CalendarWindow.crises)
    }
    #expect("\(try #require(error))".contains("data that is replayed"))
  }
}
