import Algebra
import Experiments
import Foundation
import Markets
import Rebalancing
import Testing

@Suite struct FloorCheckTests {
  private func task(_ name: String, _ overrides: [String] = []) throws -> RebalancingTask {
    try EnvironmentSpec(path: "\(BitsTests.folder)/\(name).yaml", overrides: overrides).task
  }

  private func driftless(_ name: String) throws -> RebalancingTask {
    try task(name, ["log_ratio_drift=0"])
  }

  private static let rules = [
    "rule:always", "rule:band(0.05)", "rule:band(0.02,to=0.0175)", "rule:closed_form",
    "rule:band(0.05,to=0.05)",
  ]

  @Test(arguments: ["two-asset-monthly-v0", "two-asset-daily-v0"])
  func `exact scores lie above the floor, where they are known to`(_ name: String) throws {
    let task = try driftless(name)
    let check = try FloorCheck(task)
    let exact = try ExactEvaluation(
      task, policies: try Self.rules.map { try RuleCatalog.rule($0, for: task) })
    for row in exact.policies {
      guard case .passes(let product) = check.verdict(row) else {
        Issue.record("\(row.name): \(check.verdict(row))")
        continue
      }
      #expect(product > 0.283 && product < 0.8, "\(row.name): \(product)")
      if row.name.contains("to=0.05") || row.name.contains("closed") {
        // To the edge: the floor itself, but for the steps.
        #expect(abs(product - 0.289) < 0.02, "\(row.name): \(product)")
      }
      if row.name == "rule:band(0.05)" { #expect(abs(product - 0.408) < 0.03, "\(product)") }
    }
    let never = try ExactEvaluation(task, policies: [try RuleCatalog.rule("rule:never", for: task)])
    guard case .undecided = check.verdict(never.policies[0]) else {
      Issue.record("never has no stationary law")
      return
    }
  }

  @Test func `only driftless two-asset chains have a floor`() throws {
    let error = #expect(throws: SpecError.self) { try FloorCheck(try task("two-asset-monthly-v0")) }
    #expect("\(try #require(error))".contains("log_ratio_drift is 0.0285; 0 is valid"))
    #expect(throws: (any Error).self) { try FloorCheck(try task("us-stock-bond-v0")) }
  }

  @Test func `the formula by hand`() throws {
    let check = try FloorCheck(try driftless("two-asset-monthly-v0"))
    let s = 0.1628 * 0.24
    // Trading to the edges h = 0.03 in continuous time: E[x²] = h²/3, turnover s²/(2h).
    let turnover = s * s / 0.06
    let square = 0.0003 - s * s / 24
    guard
      case .passes(let product) = check.verdict(
        trackingError: 0.1628 * square.squareRoot(), turnover: turnover)
    else {
      Issue.record("the floor itself passes")
      return
    }
    #expect(abs(product - 1 / 12.0.squareRoot()) < 1e-12)
    let lower = check.verdict(
      trackingError: 0.1628 * square.squareRoot(), turnover: 0.97 * turnover)
    guard case .fails(let words) = lower else {
      Issue.record("3 % below the floor fails: \(lower)")
      return
    }
    #expect(words.contains("0.2800 s², the floor without foresight 0.2887 s²"))
    let unsure = check.verdict(
      trackingError: 0.1628 * square.squareRoot(), turnover: 0.97 * turnover, relativeError: 0.02)
    guard case .passes = unsure else {
      Issue.record("within three errors: \(unsure)")
      return
    }
    for verdict in [
      check.verdict(trackingError: 0.01, turnover: 0),
      check.verdict(trackingError: 0.1628 * 0.2, turnover: 0.01),
    ] {
      guard case .undecided = verdict else {
        Issue.record("\(verdict)")
        continue
      }
    }
  }

  @Test func `sampled scores are judged where episodes are long`() throws {
    let task = try driftless("two-asset-monthly-v0")
    let check = try FloorCheck(task)
    let rules = try ["rule:band(0.02)", "rule:band(0.05)"].map {
      try RuleCatalog.rule($0, for: task)
    }
    let years = Double(task.horizon) / 12
    let short = SampledEvaluation(task, policies: rules, episodes: 20, seed: 1)
    guard case .undecided(let words) = check.verdict(short.policies[1], years: min(years, 10))
    else {
      Issue.record("ten years are short")
      return
    }
    #expect(words.contains("are short beside"))
    var long = task
    long.horizon = 12_000
    let rows = SampledEvaluation(long, policies: rules, episodes: 4, seed: 1).policies
    guard case .passes(let product) = check.verdict(rows[0], years: 1_000) else {
      Issue.record("\(check.verdict(rows[0], years: 1_000))")
      return
    }
    #expect(product > 0.4 && product < 0.5, "\(product)")
  }

  /// Knows the market's draws: trades only as far as the mean weight of the coming year would stay
  /// beyond its band without it.
  private struct Foresight: Trigger {
    let name = "foresight"
    /// The coming log returns by the bits of the last one, which says where on which path one is.
    let coming: [UInt64: [Double]]

    init(_ task: RebalancingTask, paths: Int, steps: Int, seed: UInt64) {
      var coming: [UInt64: [Double]] = [:]
      for copy in 0..<paths {
        var long = task
        long.horizon = steps + 12
        var game = RebalancingEnvironment<Double>(long, copy: UInt32(copy))
        _ = game.reset(seed: seed)
        var returns: [Double] = []
        for _ in 0..<steps + 12 {
          _ = game.advance(fraction: 1)
          returns.append(game.snapshot.lastLogReturns?[0] ?? 0)
        }
        for step in 0..<steps {
          coming[returns[step].bitPattern] = Array(
            returns[min(step + 1, returns.count - 1)..<min(step + 13, returns.count)])
        }
      }
      self.coming = coming
    }

    func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
      guard let last = snapshot.lastLogReturns?[0], let returns = coming[last.bitPattern] else {
        return .noAction("the path's beginning")
      }
      let (weight, target) = (snapshot.weights[0], snapshot.targets[0])
      var logOdds = Foundation.log(weight / (1 - weight))
      var mean = 0.0
      for move in returns {
        logOdds += move
        mean += (1 / (1 + Foundation.exp(-logOdds)) - target) / Double(returns.count)
      }
      let excess = max(0, abs(mean) - 0.03) * (mean < 0 ? -1 : 1)
      guard excess != 0 else { return .noAction("it will come back") }
      let goal = min(max(weight - excess, 0.05), 0.95)
      return TriggerDecision(
        destination: [goal, 1 - goal], from: snapshot.weights, targets: snapshot.targets)
    }
  }

  /// Trades in its first steps and never again.
  private struct Beginner: Trigger {
    let name = "beginner"
    let last: CalendarDate
    func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
      TriggerDecision(fraction: snapshot.date < last ? 1 : 0)
    }
  }

  @Test func `the first twentieth of a path does not count`() throws {
    let task = try driftless("two-asset-monthly-v0")
    let check = try FloorCheck(task)
    // Steps 0 to 2 of 60 do not; step 1 is the first that finds something to trade.
    for (steps, counts) in [(3, false), (4, true)] {
      var game = RebalancingEnvironment<Double>(task)
      _ = game.reset(seed: 1)
      for _ in 0..<steps { _ = game.advance(fraction: 0) }
      let verdict = check.play(
        Beginner(last: game.date), on: task, paths: 2, steps: 60, seed: 1)
      #expect((verdict == .undecided("it does not trade")) == !counts, "\(verdict)")
    }
  }

  @Test func `who knows the coming year falls below the floor and is caught`() throws {
    let task = try driftless("two-asset-monthly-v0")
    let check = try FloorCheck(task)
    let (paths, steps) = (4, 10_000)
    let foresight = Foresight(task, paths: paths, steps: steps, seed: 3)
    let verdict = check.play(foresight, on: task, paths: paths, steps: steps, seed: 3)
    guard case .fails(let words) = verdict else {
      Issue.record("\(verdict)")
      return
    }
    #expect(words.contains("look-ahead or a fault"))
    // With another seed it knows nothing: what it does not find it does not trade on.
    let blind = check.play(
      try RuleCatalog.rule("rule:band(0.03,to=0.03)", for: task), on: task, paths: paths,
      steps: steps, seed: 3)
    guard case .passes(let product) = blind else {
      Issue.record("\(blind)")
      return
    }
    #expect(abs(product - 0.29) < 0.03, "\(product)")
    let one = check.play(
      try RuleCatalog.rule("rule:band(0.03,to=0.03)", for: task), on: task, paths: paths,
      steps: steps, seed: 3, workers: 1)
    #expect(one == blind)
  }
}
