import Experiments
import Foundation
import Markets
import Rebalancing
import Synchronization
import Testing

@Suite struct LookAheadCheckTests {
  private func task(_ name: String, _ overrides: [String] = []) throws -> RebalancingTask {
    try EnvironmentSpec(path: "\(BitsTests.folder)/\(name).yaml", overrides: overrides).task
  }

  @Test(arguments: BitsTests.published.keys.sorted())
  func `shipped environments and rules are blind to what comes`(_ name: String) throws {
    for rule in ["rule:band(0.02)", "rule:defensive(band(0.01),above=25)"] {
      let task = try task(name)
      guard let probe = try? RuleCatalog.rule(rule, for: task) else { continue }
      let check = try LookAheadCheck(task, forks: 3) { try RuleCatalog.rule(rule, for: $0) }
      #expect(check.passes, "\(probe.name): \(check.finding?.description ?? "")")
      #expect(check.forks == 3 && check.comparisons >= 3)
    }
  }

  /// Trades on the days before the stock falls, which its data tells.
  private struct Peek: Trigger {
    let name = "peek"
    let falls: Set<CalendarDate>

    init(_ task: RebalancingTask) {
      guard case .historical(let market) = task.market else {
        falls = []
        return
      }
      let history = market.history
      falls = Set(
        (1..<history.dates.count).filter { history.growth(0, on: $0) < 1 }
          .map { history.dates[$0 - 1] })
    }

    func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
      TriggerDecision(fraction: falls.contains(snapshot.date) ? 1 : 0)
    }
  }

  @Test func `a rule that knows tomorrow is caught, with the day`() throws {
    let check = try LookAheadCheck(try task("us-stock-bond-v0")) { Peek($0) }
    let finding = try #require(check.finding)
    #expect(!check.passes && finding.date == finding.fork)
    #expect(finding.change.contains("the decision changed from"))
    #expect(
      finding.description.hasSuffix(
        "at step \(finding.step), \(finding.date), when what comes after \(finding.fork) changed"))
  }

  @Test func `what looks ahead fails a report, what does not is no finding`() throws {
    let task = try task("us-stock-bond-v0")
    let finding = try #require(
      try SanityGate.finding(of: "p", lookingAheadOn: task, caseName: "a", seed: 1) { Peek($0) })
    #expect(finding.caseName == "a" && finding.policy == "p")
    #expect(finding.problem.hasPrefix("look-ahead: the decision changed"))
    let honest = try SanityGate.finding(of: "p", lookingAheadOn: task, caseName: "a", seed: 1) {
      try RuleCatalog.rule("rule:band(0.02)", for: $0)
    }
    #expect(honest == nil)
  }

  /// A band as wide as the stock's volatility over the whole sample.
  private func fitted(_ task: RebalancingTask) throws -> any Trigger {
    guard case .historical(let market) = task.market else {
      return try RuleCatalog.rule("rule:never", for: task)
    }
    let history = market.history
    let last = history.dates.count - 1
    let trend = abs(Foundation.log(history[last, 0] / history[0, 0])) / 50
    return try RuleCatalog.rule("rule:band(\(min(0.2, 0.01 + trend)))", for: task)
  }

  @Test func `so is a rule that was fitted to the whole sample`() throws {
    let check = try LookAheadCheck(try task("us-stock-bond-v0"), policy: fitted)
    #expect(check.finding?.change.contains("changed") == true)
    #expect(
      (check.finding?.date ?? CalendarDate(daysSinceEpoch: 0)) <= check.finding?.fork
        ?? .init(daysSinceEpoch: 0))
  }

  /// Decides otherwise every other time that it is asked.
  private final class Fickle: Trigger {
    let name = "fickle"
    private let count = Mutex(0)
    func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
      let turn = count.withLock { value -> Int in
        value += 1
        return value
      }
      return TriggerDecision(fraction: turn % 2 == 0 ? 1 : 0)
    }
  }

  /// Asks for what its data says is worth knowing, and then does not look at it.
  private struct Curious: Trigger {
    let name = "curious"
    let needs: TriggerNeeds

    init(_ task: RebalancingTask) {
      guard case .historical(let market) = task.market else {
        needs = TriggerNeeds()
        return
      }
      let history = market.history
      let last = history.dates.count - 1
      needs = TriggerNeeds(facts: history[last, 0] > history[0, 0] ? [.volatility] : [.trend])
    }

    func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision { .noAction("nothing to do") }
  }

  @Test func `so is one that is told other things in another future`() throws {
    let check = try LookAheadCheck(try task("us-stock-bond-v0")) { Curious($0) }
    #expect(check.finding?.change.contains("what is told (volatility) changed") == true)
  }

  @Test func `nothing that changes with the future goes unseen on models`() throws {
    let check = try LookAheadCheck(try task("two-asset-monthly-v0"), forks: 1) { _ in Fickle() }
    #expect(check.finding?.change.contains("REBALANCE_FULL") == true)
    let json = String(decoding: try JSONEncoder().encode(check), as: UTF8.self)
    #expect(json.contains("\"decisions_compared\""))
  }

  @Test func `the other future is another one, and its past the same`() throws {
    guard case .historical(let market) = try task("us-stock-bond-v0").market else {
      Issue.record("no data")
      return
    }
    let other = try market.withOtherFuture(after: 1_000)
    for day in 1..<2_000 {
      let (one, two) = (market.history.growth(0, on: day), other.history.growth(0, on: day))
      let expected = day <= 1_000 ? one : 1 / (one * one)
      #expect(abs(two - expected) < 1e-12, "day \(day)")
    }
    #expect(other.history.dates == market.history.dates)
    // Models draw anew.
    var game = RebalancingEnvironment<Double>(try task("two-asset-monthly-v0"))
    _ = game.reset(seed: 1)
    var changed = game.withOtherFuture(seed: 2)
    #expect(game.snapshot == changed.snapshot)
    #expect(
      game.advance(fraction: 0).portfolioReturn != changed.advance(fraction: 0).portfolioReturn)
  }
}
