import Experiments
import Foundation
import Rebalancing
import Testing

@Suite struct AttributionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var environment: String
    var rule: String
    var overrides: [String] = []
    var testDescription: String { "\(environment) \(rule)" }

    func task() throws -> RebalancingTask {
      let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path
      return try EnvironmentSpec(path: "\(folder)/\(environment).yaml", overrides: overrides).task
    }

    func trigger() throws -> any Trigger { try RuleCatalog.rule(rule, for: task()) }

    func attribution(episode: UInt32 = 0) throws -> Attribution {
      try Attribution(task(), policy: trigger(), seed: 3, episode: episode)
    }
  }

  static let cases = [
    Case(environment: "two-asset-monthly-v0", rule: "rule:band(0.03,to=half)"),
    Case(environment: "two-asset-monthly-v0", rule: "rule:always"),
    Case(
      environment: "us-stock-bond-v0", rule: "rule:calendar(quarterly)",
      overrides: ["horizon_steps=1500"]),
    Case(environment: "stock-bond-garch-v0", rule: "rule:defensive(band(0.01),above=25)"),
    Case(environment: "stock-bond-deposits-v0", rule: "rule:cash_first(band(0.02,to=half))"),
    Case(
      environment: "taxable-eight-asset-v0", rule: "rule:band(0.02)",
      overrides: ["horizon_steps=300"]),
  ]

  /// All numbers of a contribution.
  static func numbers(_ gain: Attribution.Contribution) -> [Double] {
    [
      gain.basisPoints.drift, gain.basisPoints.transaction, gain.basisPoints.tax,
      gain.money.drift, gain.money.transaction, gain.money.tax, gain.market, gain.wealth,
    ]
  }

  @Test(arguments: cases)
  func `contributions sum to the policy minus never`(_ given: Case) throws {
    let attribution = try given.attribution(episode: given.environment.hasPrefix("us") ? 0 : 2)
    #expect(attribution.decisions.count > 1)
    let parts = attribution.decisions.map { Self.numbers($0.contribution) }
    for (place, total) in Self.numbers(attribution.total).enumerated() {
      let sum = parts.reduce(0) { $0 + $1[place] }
      // Basis points as they are, currency in proportion to the account.
      let scale = place < 3 ? 1 : attribution.neverValue
      #expect(abs(sum - total) <= 1e-9 * scale, "\(place)")
    }
    let wealth = attribution.policyValue - attribution.neverValue
    #expect(attribution.total.wealth == wealth)
    #expect(attribution.total.basisPoints.transaction < 0)
  }

  @Test(arguments: cases)
  func `the total is that of two simulations`(_ given: Case) throws {
    let (task, policy) = (try given.task(), try given.trigger())
    let never = try RuleCatalog.rule("rule:never", for: task)
    let total = try given.attribution().total.basisPoints
    let acted = try Simulation(task, policy: policy, seed: 3)
    let left = try Simulation(task, policy: never, seed: 3)
    // An overlay harvests without being asked, so never need not be free.
    #expect(abs(total.drift - (left.totals.drift - acted.totals.drift)) < 1e-9)
    #expect(abs(total.transaction - (left.totals.transaction - acted.totals.transaction)) < 1e-9)
    #expect(abs(total.tax - (left.totals.tax - acted.totals.tax)) < 1e-9)
    let steps = acted.steps.count { $0.turnover > 0 }
    let trades = try given.attribution().decisions.count { $0.turnover > 0 }
    #expect(trades == steps || task.tax.lots != nil)
  }

  /// Plays an episode from its beginning: the policy's first decisions to trade, and no later one.
  static func value(
    after decisions: Int, _ task: RebalancingTask, _ policy: any Trigger
  ) -> (value: Double, cost: Double) {
    var game = RebalancingEnvironment<Double>(task.informing(policy), copy: 0)
    _ = game.reset(seed: 3)
    var (done, cost) = (0, 0.0)
    while !game.hasEnded {
      let decision = policy.decide(game.snapshot)
      let acts = decision.action != .none && done < decisions
      done += acts ? 1 : 0
      let outcome = acts ? game.advance(decision) : game.advance(fraction: 0)
      cost += (outcome.driftCost + outcome.transactionCost + outcome.taxCost) * 1e4
    }
    return (game.value, cost)
  }

  @Test(arguments: [cases[0], cases[3], cases[5]])
  func `a decision's contribution is that of paths played from the start`(_ given: Case) throws {
    let (task, policy) = (try given.task(), try given.trigger())
    let attribution = try given.attribution()
    var before = Self.value(after: 0, task, policy)
    #expect(before.value == attribution.neverValue)
    for (number, decision) in attribution.decisions.prefix(12).enumerated() {
      let after = Self.value(after: number + 1, task, policy)
      #expect(after.value - before.value == decision.contribution.wealth, "\(number)")
      let saved = before.cost - after.cost
      #expect(abs(saved - decision.contribution.basisPoints.total) < 1e-9, "\(number)")
      before = after
    }
  }

  @Test(arguments: cases)
  func `wealth is what the market paid less what was paid`(_ given: Case) throws {
    let attribution = try given.attribution()
    for gain in attribution.decisions.map(\.contribution) + [attribution.total] {
      let sum = gain.market + gain.money.transaction + gain.money.tax
      #expect(abs(sum - gain.wealth) < 1e-9 * max(1, attribution.neverValue))
    }
  }

  @Test func `one trade before the last step is worth its drift less its cost`() throws {
    let given = Case(
      environment: "two-asset-monthly-v0", rule: "rule:always", overrides: ["horizon_steps=2"])
    let task = try given.task()
    var game = RebalancingEnvironment<Double>(task)
    _ = game.reset(seed: 3)
    _ = game.advance(fraction: 0)
    let (value, distance) = (game.value, game.snapshot.deviations[0])
    let attribution = try given.attribution()
    let gain = try #require(attribution.decisions.last).contribution
    #expect(abs(distance) > 1e-3)
    // (γ/2) σ² d² Δt saved, κ |d| paid; in the last step nothing follows.
    let drift = 2.5 * 0.1628 * 0.1628 * distance * distance / 12 * 1e4
    let cost = -0.002 * abs(distance) * 1e4
    #expect(abs(gain.basisPoints.drift - drift) < 1e-12)
    #expect(abs(gain.basisPoints.transaction - cost) < 1e-12)
    #expect(gain.basisPoints.tax == 0)
    #expect(abs(gain.money.total - (drift + cost) * 1e-4 * value) < 1e-15)
    #expect(Self.numbers(attribution.decisions[0].contribution).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [cases[0], cases[2]])
  func `a decision says when it was made, and what the portfolio was worth`(
    _ given: Case
  ) throws {
    let (task, policy) = (try given.task(), try given.trigger())
    let decisions = try given.attribution().decisions
    var game = RebalancingEnvironment<Double>(task.informing(policy), copy: 0)
    _ = game.reset(seed: 3)
    var (step, number) = (0, 0)
    while !game.hasEnded {
      let (date, value, decision) = (game.date, game.value, policy.decide(game.snapshot))
      let outcome = game.advance(decision)
      if decision.action != .none {
        let told = try #require(decisions.dropFirst(number).first)
        #expect(told.step == step && told.date == date && told.value == value)
        #expect(told.turnover == outcome.turnover && told.reasons == decision.reasons)
        number += 1
      }
      step += 1
    }
    #expect(number == decisions.count && number > 1)
  }

  @Test func `who never trades has nothing to explain`() throws {
    let attribution = try Case(environment: "two-asset-monthly-v0", rule: "rule:never")
      .attribution()
    #expect(attribution.decisions.isEmpty)
    #expect(Self.numbers(attribution.total).allSatisfy { $0 == 0 })
    #expect(attribution.policyValue == attribution.neverValue)
  }

  @Test(arguments: cases)
  func `the table fits a screen, and its rows add up`(_ given: Case) throws {
    let attribution = try given.attribution()
    let lines = attribution.table.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    let rows = min(20, attribution.decisions.count)
    let hasRest = attribution.decisions.count > 20
    #expect(
      lines.contains { $0.hasPrefix("\(attribution.decisions.count - 20) others") } == hasRest)
    #expect(lines[2 + rows + (hasRest ? 1 : 0)].hasPrefix("all "))
    #expect(lines[0].contains("tax") == (attribution.total.basisPoints.tax != 0))
  }

  @Test func `programs read names that say what is what`() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let attribution = try Self.cases[0].attribution()
    let text = String(decoding: try encoder.encode(attribution), as: UTF8.self)
    for key in [
      "\"bp\":{\"drift\":", "\"money\":{\"drift\":", "\"never_value\":", "\"policy_value\":",
      "\"env\":\"two-asset-monthly-v0\"", "\"wealth\":", "\"market\":", "\"reasons\":[",
    ] { #expect(text.contains(key), "\(key)") }
  }

  @Test func `episodes that do not exist are refused`() throws {
    let error = #expect(throws: SpecError.self) { try Self.cases[2].attribution(episode: 1) }
    #expect(
      "\(try #require(error))".contains(
        "episode 1 is given, data that is replayed from a fixed day has one: 0"))
    let long = Case(
      environment: "two-asset-monthly-v0", rule: "rule:always",
      overrides: ["horizon_steps=100001"])
    let refused = #expect(throws: SpecError.self) { try long.attribution() }
    #expect("\(try #require(refused))".contains("up to 100000 are valid"))
  }
}
