import Deployment
import Experiments
import Foundation
import Rebalancing
import Testing

/// Answers nothing that could be done.
private struct Broken: Trigger {
  var name: String { "broken" }
  var answer: TriggerDecision
  func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision { answer }
}

private func task(_ name: String, _ overrides: [String] = []) throws -> RebalancingTask {
  try place(name, overrides).task
}

private func place(_ name: String, _ overrides: [String] = []) throws -> EnvironmentSpec {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path
  return try EnvironmentSpec(path: "\(folder)/\(name).yaml", overrides: overrides)
}

@Suite struct ShadowReportTests {
  @Test func `the champion decides as if it were alone, whatever the challenger does`() throws {
    let task = try task("two-asset-monthly-v0")
    let champion = try RuleCatalog.rule("rule:band(0.03)", for: task)
    var faulty = TriggerDecision(fraction: 1)
    faulty.fraction = .nan
    let answers = [
      faulty, TriggerDecision.invalid("a fact is missing", .schema),
      TriggerDecision(destination: [2, -1], from: [0.5, 0.5], targets: [0.6, 0.4]),
      TriggerDecision(destination: [1], from: [0.5], targets: [0.6]),
    ]
    for answer in answers {
      let shadow = ShadowTrigger(champion: champion, challenger: Broken(answer: answer))
      var (alone, watched) = (
        RebalancingEnvironment<Double>(task), RebalancingEnvironment<Double>(task)
      )
      _ = (alone.reset(seed: 4), watched.reset(seed: 4))
      while !alone.hasEnded {
        let snapshot = watched.snapshot
        #expect(shadow.decide(snapshot) == champion.decide(alone.snapshot))
        let record = shadow.record(snapshot)
        #expect(record.fault != nil)
        #expect(!record.isDisagreement)
        #expect(record.challenger.action == .none)
        #expect(
          watched.advance(shadow.decide(snapshot)) == alone.advance(champion.decide(snapshot)))
      }
    }
  }

  private func report(
    _ place: EnvironmentSpec, _ champion: String, _ challenger: String, episodes: Int = 6
  ) throws -> ShadowReport {
    try ShadowReport(
      place, champion: ShadowParty(champion, for: place.task),
      challenger: ShadowParty(challenger, for: place.task), episodes: episodes, seed: 3)
  }

  @Test func `a policy in its own shadow never disagrees, and saves nothing`() throws {
    let report = try report(try place("two-asset-monthly-v0"), "rule:band(0.05)", "rule:band(0.05)")
    #expect(report.requests == 6 * 120)
    #expect(report.disagreements == 0)
    #expect(report.byKind.isEmpty)
    for saving in [report.saving, report.singleDecisions] {
      #expect([saving.low, saving.mean, saving.high] == [0, 0, 0])
    }
  }

  /// The champion never trades, so after the challenger's one trade nothing is traded either: what it
  /// saves is the path of one trade, by hand.
  @Test(arguments: [
    ("two-asset-monthly-v0", [String]()), ("four-asset-r1-v0", ["horizon_steps=40"]),
    ("taxable-eight-asset-v0", ["horizon_steps=30"]),
  ])
  func `each other decision is priced on the same path, by itself`(
    environment: String, overrides: [String]
  ) throws {
    let task = try task(environment, overrides)
    let report = try report(
      place(environment, overrides), "rule:never", "rule:band(0.005)", episodes: 2)
    #expect(report.disagreements > 3)
    #expect(report.byKind.map(\.kind) == ["NO_ACTION → REBALANCE_FULL"])
    for other in report.decisions.prefix(10) {
      var costs: [Double] = []
      var wealth: [Double] = []
      for trades in [true, false] {
        var game = RebalancingEnvironment<Double>(task, copy: other.episode)
        _ = game.reset(seed: 3)
        var (sum, step) = (0.0, 0)
        while !game.hasEnded {
          let outcome = game.advance(fraction: trades && step == other.step ? 1 : 0)
          sum += outcome.transactionCost + outcome.taxCost + outcome.driftCost
          step += 1
        }
        costs.append(sum * 1e4)
        wealth.append(game.value)
      }
      #expect(abs(other.gain.basisPoints.total - (costs[1] - costs[0])) < 1e-8)
      #expect(abs(other.gain.wealth - (wealth[0] - wealth[1])) < 1e-9 * wealth[0])
      #expect(other.championFraction == 0 && other.challengerFraction == 1)
    }
    let sum = report.decisions.reduce(0) { $0 + $1.gain.basisPoints.total }
    let years = Double(report.requests) / task.stepsPerYear
    #expect(abs(report.singleDecisions.mean - sum / years) < 1e-9 * max(1, abs(sum)))
    let kind = try #require(report.byKind.first)
    #expect(abs(kind.saving - sum) < 1e-9 * max(1, abs(sum)))
  }

  @Test func `the saving is the difference that evaluation finds on the same paths`() throws {
    let task = try task("two-asset-monthly-v0")
    let report = try report(place("two-asset-monthly-v0"), "rule:always", "rule:band(0.05)")
    let evaluation = SampledEvaluation(
      task,
      policies: try ["rule:always", "rule:band(0.05)"].map { try RuleCatalog.rule($0, for: task) },
      episodes: 6, seed: 3)
    #expect(report.saving.mean == evaluation.pairs[0].difference.mean)
    #expect([report.saving.low, report.saving.high] == evaluation.pairs[0].interval)
    #expect(report.saving.low > 0)
    #expect(report.policy.name == "rule:band(0.05)")
    #expect(report.champion.name == "rule:always")
  }

  @Test func `the document has the fields that a promotion asks for`() throws {
    let place = try place("two-asset-monthly-v0")
    let report = try report(
      place, "rule:never", "rule:band(0.05)", episodes: 2)
    let object = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
    let policy = try #require(object["policy"] as? [String: String])
    #expect(policy.keys.sorted() == ["name", "sha256", "version"])
    #expect((object["champion"] as? [String: String])?.count == 3)
    #expect(object["requests"] as? Int == 240)
    #expect(object["env"] as? String == "two-asset-monthly-v0")
    #expect(object["env_sha256"] as? String == place.sha256)
    #expect((object["disagreements"] as? Int ?? 0) > 0)
    #expect((object["by_kind"] as? [[String: Any]])?.isEmpty == false)
    let saving = try #require(object["saving_bp_per_year"] as? [String: Double])
    #expect(saving.keys.sorted() == ["high", "low", "mean"])
  }
}
