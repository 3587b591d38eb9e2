import Experiments
import Foundation
import Markets
import Rebalancing
import Statistics
import Testing

@Suite struct WalkStageTests {
  private static let envs = URL(filePath: #filePath)
    .appending(path: "../../../envs").standardizedFileURL.path
  private let path = envs + "/us-stock-bond-v0.yaml"

  private func stage(_ plan: WalkForwardPlan) throws -> WalkStage {
    try WalkStage(plan, EnvironmentSpec(path: path), path: path, overrides: [])
  }

  private func dates(_ spec: EnvironmentSpec) throws -> [CalendarDate] {
    guard case .historical(let market) = spec.task.market else { return [] }
    return market.history.dates
  }

  @Test func `what agents train on ends before the test, by purge and embargo`() throws {
    let plan = WalkForwardPlan(
      train: 2520, test: 252, purge: 5, embargo: 21, isRolling: true, testsBegin: nil)
    let walk = try stage(plan)
    let whole = try dates(EnvironmentSpec(path: path))
    #expect(walk.folds.count > 10)
    var lastTested: Int?
    for fold in walk.folds {
      let chosen = fold.choose { $0 }
      let training = try dates(walk.training(chosen.choice))
      let test = try walk.test([chosen.test])
      var game = RebalancingEnvironment<Double>(test.task)
      _ = game.reset(seed: 1)
      #expect(game.date == walk.firstDay(of: chosen.test))
      let begin = try #require(whole.firstIndex(of: game.date))
      let trained = try #require(training.last.flatMap { whole.firstIndex(of: $0) })
      #expect(begin - trained == 26)
      #expect(try walk.training(chosen.choice).task.horizon == 1260)
      // The warm-up and the training set itself.
      #expect(training.count == 252 + 2520 + 1)
      if let lastTested { #expect(begin == lastTested) }
      var steps = 0
      while !game.hasEnded {
        _ = game.advance(fraction: 0)
        steps += 1
      }
      #expect(steps == 252)
      lastTested = begin + steps
    }
    #expect(lastTested == whole.count - 1)
    // One episode through all of them.
    let all = try walk.test(walk.folds.map { $0.choose { _ in }.test })
    #expect(all.task.horizon == 252 * walk.folds.count)
  }

  @Test func `each choice decides from its day on`() throws {
    let task = try EnvironmentSpec(path: path).task
    let change = try #require(CalendarDate(iso: "2015-01-01"))
    let policy = SuccessivePolicies(
      name: "walk",
      stages: [
        (
          try #require(CalendarDate(iso: "2014-01-01")),
          try RuleCatalog.rule("rule:never", for: task)
        ),
        (change, try RuleCatalog.rule("rule:always", for: task)),
      ])
    func decision(_ day: String) throws -> TriggerDecision.Action {
      policy.decide(
        PortfolioSnapshot(
          date: try #require(CalendarDate(iso: day)), assets: ["A", "B"], holdings: [7, 3],
          targets: [0.5, 0.5])
      ).action
    }
    #expect(try decision("2013-06-01") == .none)
    #expect(try decision("2014-12-31") == .none)
    #expect(try decision("2015-01-01") == .full)
    #expect(try decision("2020-01-01") == .full)
  }

  @Test func `tests begin on a day or later`() throws {
    let begin = try #require(CalendarDate(iso: "2010-01-01"))
    let plan = WalkForwardPlan(
      train: 2520, test: 252, purge: 0, embargo: 0, isRolling: false, testsBegin: begin)
    let walk = try stage(plan)
    let first = try #require(walk.folds.first)
    let test = try walk.test([first.choose { _ in }.test])
    var game = RebalancingEnvironment<Double>(test.task)
    _ = game.reset(seed: 1)
    #expect(game.date >= begin && game.date.year <= 2010)
    let late = try #require(CalendarDate(iso: "2030-01-01"))
    #expect(throws: SpecError.self) {
      _ = try stage(
        WalkForwardPlan(
          train: 2520, test: 252, purge: 0, embargo: 0, isRolling: false, testsBegin: late))
    }
  }

  @Test func `the first test is the first that begins on the day or later, whatever is left out`()
    throws
  {
    func begins(_ first: CalendarDate?) throws -> [CalendarDate] {
      let plan = WalkForwardPlan(
        train: 2520, test: 252, purge: 5, embargo: 21, isRolling: true, testsBegin: first)
      let walk = try stage(plan)
      return try walk.folds.map { fold in
        var game = RebalancingEnvironment<Double>(
          try walk.test([fold.choose { _ in }.test]).task)
        _ = game.reset(seed: 1)
        return game.date
      }
    }
    let all = try begins(nil)
    #expect(try begins(all[3]) == Array(all[3...]))
    #expect(try begins(all[3].adding(days: 1)) == Array(all[4...]))
  }

  @Test func `only data has a timeline`() throws {
    let model = Self.envs + "/two-asset-monthly-v0.yaml"
    #expect(throws: SpecError.self) {
      _ = try WalkStage(
        WalkForwardPlan(
          train: 10, test: 10, purge: 0, embargo: 0, isRolling: false, testsBegin: nil),
        EnvironmentSpec(path: model), path: model, overrides: [])
    }
  }
}
