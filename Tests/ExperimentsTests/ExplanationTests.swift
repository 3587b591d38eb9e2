import Experiments
import Foundation
import Rebalancing
import Testing

@Suite struct ExplanationTests {
  static func task(_ name: String, _ overrides: [String] = []) throws -> RebalancingTask {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path
    return try EnvironmentSpec(path: "\(folder)/\(name).yaml", overrides: overrides).task
  }

  static func explanation(
    _ name: String, _ rule: String, step: Int? = nil, weights: [Double]? = nil,
    _ overrides: [String] = []
  ) throws -> Explanation {
    let task = try task(name, overrides)
    let policy = try RuleCatalog.rule(rule, for: task)
    let state = try ExplainedState(
      task, policy: policy, seed: 3, step: step, weights: weights)
    return try Explanation(task, policy: policy, at: state, seed: 3)
  }

  @Test func `finds the edges of a band and where it goes`() throws {
    let half = try Self.explanation(
      "two-asset-monthly-v0", "rule:band(0.05,to=half)", weights: [0.66, 0.34])
    #expect(half.decision.action == "REBALANCE_PARTIAL")
    #expect(abs(half.decision.destination[0] - 0.625) < 1e-12)
    let segments = half.line.segments
    #expect(segments.map(\.action) == ["REBALANCE_PARTIAL", "NO_ACTION", "REBALANCE_PARTIAL"])
    try #require(segments.count == 3)
    let cuts = [segments[0].from] + segments.map(\.to)
    for (found, edge) in zip(cuts, [0, 0.55, 0.65, 1]) { #expect(abs(found - edge) < 1e-9) }
    #expect(abs((segments[0].destinations.last ?? .nan) - 0.575) < 1e-6)
    #expect(abs((segments[2].destinations.first ?? .nan) - 0.625) < 1e-6)
    #expect(half.line.noTrade.map { abs($0.lowerBound - 0.55) < 1e-9 } == true)
    #expect(half.plane == nil)
  }

  @Test func `lays the exact optimum beside it where there is one`() throws {
    let band = try Self.explanation("two-asset-monthly-v0", "rule:band(0.05)")
    let optimum = try #require(band.optimum)
    for (found, edge) in zip(optimum.noTrade, [0.5618, 0.6315]) {
      #expect(abs(found - edge) < 1e-3)
    }
    for (found, edge) in zip(optimum.unrestrictedNoTrade, [0.5712, 0.6236]) {
      #expect(abs(found - edge) < 1e-3)
    }
    let data = try Self.explanation("us-factors-v0", "rule:band(0.01)")
    #expect(data.optimum == nil)
  }

  @Test(arguments: [
    "rule:band(0.03,to=half)", "rule:always", "rule:calendar(quarterly)", "rule:never",
    "rule:relative_band(0.1)",
  ])
  func `a rule of the catalogue is nearest to itself`(rule: String) throws {
    let explanation = try Self.explanation("two-asset-monthly-v0", rule)
    let first = try #require(explanation.rules.first)
    #expect(first.agreement == 100)
    #expect(first.distance == 0)
    #expect(first.differences.isEmpty)
    let names = explanation.rules.filter { $0.agreement == 100 && $0.distance == 0 }.map(\.rule)
    #expect(names.contains(rule) || rule == "rule:relative_band(0.1)", "\(names)")
    let shares = explanation.rules.map(\.agreement)
    #expect(shares == shares.sorted(by: >))
  }

  @Test func `counts agreement as a reader would by hand`() throws {
    let rule = "rule:band(0.0321)"
    let explanation = try Self.explanation("two-asset-monthly-v0", rule)
    let task = try Self.task("two-asset-monthly-v0")
    let policy = try RuleCatalog.rule(rule, for: task)
    for found in explanation.rules {
      let other = try RuleCatalog.rule(found.rule, for: task)
      var (states, same, trades, bothTrade, distance) = (0, 0, 0, 0, 0.0)
      for episode in 0..<17 {
        var game = RebalancingEnvironment<Double>(task, copy: UInt32(episode))
        _ = game.reset(seed: 3)
        while !game.hasEnded {
          let snapshot = game.snapshot
          let (a, b) = (policy.decide(snapshot), other.decide(snapshot))
          states += 1
          let isSame =
            (a.fraction == 0) == (b.fraction == 0) && (a.fraction == 1) == (b.fraction == 1)
          same += isSame ? 1 : 0
          if a.fraction > 0 || b.fraction > 0 {
            trades += 1
            bothTrade += isSame ? 1 : 0
          }
          distance += abs(a.fraction - b.fraction) * abs(snapshot.deviations[0])
          _ = game.advance(a)
        }
      }
      #expect(states == explanation.comparedStates)
      #expect(abs(found.agreement - Double(same) / Double(states) * 100) < 1e-9)
      let ofTrades = try #require(found.agreementOfTrades)
      #expect(abs(ofTrades - Double(bothTrade) / Double(trades) * 100) < 1e-9)
      #expect(abs(found.distance - distance / Double(states)) < 1e-12)
      #expect(found.differences.reduce(0) { $0 + $1.states } == states - same)
    }
  }

  @Test(arguments: [
    ("two-asset-monthly-v0", "rule:closed_form"),
    ("three-asset-myrgren-v0", "rule:band(0.02,to=edge)"),
    ("four-asset-r1-v0", "rule:band(0.01)"), ("us-factors-v0", "rule:band(0.01)"),
    ("stock-bond-garch-v0", "rule:volatility_band(0.2)"),
    ("taxable-eight-asset-v0", "rule:band(0.02)"),
  ])
  func `the map shows at the state what is decided there`(env: String, rule: String) throws {
    let explanation = try Self.explanation(env, rule)
    #expect(explanation.decision.action != "NO_ACTION", "the first trade is the state")
    let line = explanation.line
    let here = try #require(line.segments.first { $0.from <= line.here && line.here <= $0.to })
    #expect(here.action == explanation.decision.action)
    let farthest = zip(explanation.state.weights, explanation.state.targets)
      .map { abs($0 - $1) }.max()
    let isFarthest = abs(abs(line.here - line.target) - (farthest ?? .nan)) < 1e-12
    #expect(isFarthest || line.asset == explanation.state.assets[0])
    for (first, second) in zip(line.segments, line.segments.dropFirst()) {
      #expect(first.to == second.from)
    }
    #expect((line.segments.first?.from, line.segments.last?.to) == (0, 1))
    let text = explanation.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(text.allSatisfy { $0.count <= 80 })
    #expect(text.count < 60)
  }

  @Test func `edges of three assets depend on how the others share the rest`() throws {
    let explanation = try Self.explanation(
      "three-asset-myrgren-v0", "rule:band(0.02)", weights: [0.46, 0.36, 0.18])
    // The others hold 2 : 1 as their targets do, so the first asset's own band decides.
    let noTrade = try #require(explanation.line.noTrade)
    #expect(abs(noTrade.lowerBound - 0.38) < 1e-9)
    #expect(abs(noTrade.upperBound - 0.42) < 1e-9)
    // Of the rest B has 35/54 here, and leaves its band below before the first asset leaves its own.
    let skewed = try Self.explanation(
      "three-asset-myrgren-v0", "rule:band(0.02)", weights: [0.46, 0.35, 0.19])
    let narrower = try #require(skewed.line.noTrade)
    #expect(abs(narrower.lowerBound - 0.38) < 1e-9)
    #expect(abs(narrower.upperBound - (1 - 0.38 * 54 / 35)) < 1e-9)
  }

  @Test
  func `a plane leaves out what exceeds the whole and marks actions as the policy takes them`()
    throws
  {
    let explanation = try Self.explanation(
      "three-asset-myrgren-v0", "rule:band(0.02)", weights: [0.62, 0.38, 0])
    let plane = try #require(explanation.plane)
    #expect(plane.assets == ["A", "C"])
    var (none, full) = (0, 0)
    for (row, c) in plane.rows.enumerated() {
      for (column, a) in plane.columns.enumerated() {
        let farthest = [a - 0.4, 1 - a - c - 0.4, c - 0.2].map(abs).max() ?? 0
        guard abs(farthest - 0.02) > 1e-9 else { continue }
        let expected = a + c > 1 + 1e-9 ? -1 : farthest > 0.02 ? 2 : 0
        #expect(plane.actions[row][column] == expected, "\(a) \(c)")
        none += expected == 0 ? 1 : 0
        full += expected == 2 ? 1 : 0
      }
    }
    #expect(none > 0 && full > 0)
  }

  @Test func `other weights bring the facts that they would have`() throws {
    let task = try Self.task("two-asset-monthly-v0")
    let policy = try RuleCatalog.rule("rule:cost_benefit(0.1)", for: task)
    var game = RebalancingEnvironment<Double>(task.informing(policy))
    _ = game.reset(seed: 3)
    for _ in 0..<7 { _ = game.advance(fraction: 0) }
    let same = game.snapshot(holding: game.snapshot.weights).facts ?? [:]
    for (name, numbers) in try #require(game.snapshot.facts) {
      #expect(abs((same[name]?.first ?? .nan) - numbers[0]) < 1e-15, "\(name)")
    }
    for weight in [0.3, 0.6, 0.75] {
      let facts = game.snapshot(holding: [weight, 1 - weight]).facts ?? [:]
      let cost = try #require(facts["trade_cost_to_target"]?.first)
      #expect(abs(cost - 0.002 * abs(weight - 0.6)) < 1e-12)
    }
  }

  @Test func `a request is a state, and its facts stay`() throws {
    let task = try Self.task("two-asset-monthly-v0")
    let policy = try RuleCatalog.rule("rule:band(0.05)", for: task)
    let request = """
      {"date": "2024-01-31", "assets": ["RISKY", "NUMERAIRE"], "holdings": [70, 30],
       "target_weights": [0.5, 0.5], "last_trade": "2023-12-31"}
      """
    let state = try ExplainedState(request: Data(request.utf8), for: task, policy: policy)
    let explanation = try Explanation(task, policy: policy, at: state, seed: 3)
    #expect(explanation.state.weights == [0.7, 0.3])
    #expect(explanation.line.noTrade.map { abs($0.upperBound - 0.55) < 1e-9 } == true)
    let short = request.replacing("[70, 30]", with: "[70, 30, 5]")
    #expect(throws: (any Error).self) {
      try ExplainedState(request: Data(short.utf8), for: task, policy: policy)
    }
  }

  @Test(arguments: [
    ([0.6, 0.5], "sum 1"), ([1.2, -0.2], "sum 1"), ([0.5, 0.25, 0.25], "2 are needed"),
    ([.nan, 1], "sum 1"),
  ])
  func `refuses weights that are no portfolio`(weights: [Double], says: String) throws {
    let error = #expect(throws: SpecError.self) {
      try Self.explanation("two-asset-monthly-v0", "rule:never", weights: weights)
    }
    #expect(error.map { "\($0)".contains(says) } == true)
  }

  @Test func `refuses a step that the episode has not`() throws {
    #expect(throws: SpecError.self) {
      try Self.explanation("two-asset-monthly-v0", "rule:never", step: 120)
    }
    #expect(throws: SpecError.self) {
      try Self.explanation("two-asset-monthly-v0", "rule:never", step: -1)
    }
  }

  @Test(
    .enabled(if: Gnuplot.isInstalled),
    arguments: [
      ("two-asset-monthly-v0", "rule:band(0.05)", "optimum"),
      ("three-asset-myrgren-v0", "rule:band(0.02)", "weight of"),
    ])
  func `draws the map`(env: String, rule: String, words: String) throws {
    let svg = try #require(try Self.explanation(env, rule).figure.svg())
    #expect(svg.contains(words))
    #expect(svg.contains(env))
  }
}
