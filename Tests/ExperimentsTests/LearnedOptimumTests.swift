import Experiments
import Foundation
import Gym
import Learning
import Rebalancing
import Testing

/// Agents on tasks whose best policy is known.
@Suite struct LearnedOptimumTests {
  static let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  static let monthly = "\(top)/envs/two-asset-monthly-v0.yaml"

  /// Trains into a folder of its own and gives the policy.
  private func train(
    _ agent: String, _ agentOverrides: [String] = [], environment: [String] = [],
    path: String = monthly, seed: UInt64 = 1
  ) throws -> (policy: any Trigger, task: RebalancingTask) {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let spec = try EnvironmentSpec(path: path, overrides: environment)
    let run = TrainingRun(
      environment: spec,
      agent: try AgentSpec(path: "\(Self.top)/agents/\(agent).yaml", overrides: agentOverrides),
      seed: seed, folder: folder)
    #expect(try run.run(TrainingRun.Options()) == .finished)
    return (try PolicyReference.policy(folder.path, for: spec.task), spec.task)
  }

  private func cost(_ policy: any Trigger, _ task: RebalancingTask) throws -> Double {
    try #require(try ExactEvaluation(task, policies: [policy]).policies[0].cost)
  }

  @Test(arguments: ["q-learning", "sarsa", "expected-sarsa", "double-q"])
  func `a table is within half a percent of the optimum`(_ agent: String) throws {
    let (policy, task) = try train(agent)
    let row = try ExactEvaluation(task, policies: [policy]).policies[0]
    let gap = try #require(row.gap)
    #expect(row.gapAgainst == .ownActions)
    #expect(gap > -1e-6 && gap <= 0.5, "\(gap) %")
  }

  @Test(arguments: ["algorithm=value_iteration", "algorithm=policy_iteration"])
  func `the solution of the law is the optimum but for its bins`(_ algorithm: String) throws {
    let (policy, task) = try train("value-iteration", [algorithm])
    let gap = try #require(try ExactEvaluation(task, policies: [policy]).policies[0].gap)
    #expect(gap > -1e-6 && gap < 0.02, "\(gap) %")
    let (coarse, _) = try train("value-iteration", [algorithm, "bins=20"])
    let coarseGap = try #require(try ExactEvaluation(task, policies: [coarse]).policies[0].gap)
    #expect(coarseGap > gap)
  }

  @Test func `an environment without a law is refused with the reason`() {
    func message(_ name: String, _ overrides: [String] = []) -> String {
      do {
        _ = try train(
          "value-iteration", environment: overrides, path: "\(Self.top)/envs/\(name).yaml")
        return "trained"
      } catch { return "\(error)" }
    }
    #expect(
      message("us-stock-bond-v0").hasPrefix(
        "us-stock-bond-v0 cannot be solved exactly: its market is not `log_ratio`"))
    #expect(
      message("two-asset-monthly-v0", ["observation=[weight_deviation]"])
        == "two-asset-monthly-v0: its law is given over scaled_deviation alone, the observation is "
        + "weight_deviation[0], weight_deviation[1]")
  }

  @Test func `the tuned band costs as little as the best of a fine grid`() throws {
    let (policy, task) = try train("tuned-band")
    var best = Double.infinity
    for band in stride(from: 0.022, through: 0.034, by: 0.001) {
      for inset in [0, 0.001, 0.002, 0.004] {
        let rule = try RuleCatalog.rule("band(\(band),to=\(band - inset))", for: task)
        best = min(best, try cost(rule, task))
      }
    }
    #expect(try cost(policy, task) < best * 1.005)
  }

  @Test func `a calendar and a multiple of the closed form can be tuned`() throws {
    let calendar = try train(
      "tuned-band",
      [
        "rule=calendar({period})", "ranges={period: [monthly, quarterly, annual]}",
        "total_steps=400000",
      ])
    #expect(calendar.policy.name == "rule:calendar(annual)")
    let closed = try train(
      "tuned-band",
      ["rule=closed_form({m})", "ranges={m: [0.2, 3]}", "total_steps=1000000"])
    let plain = try RuleCatalog.rule("closed_form", for: closed.task)
    #expect(try cost(closed.policy, closed.task) < cost(plain, closed.task))
  }

  /// What a policy does at weights of the first asset from .4 to .8.
  private func fractions(
    _ policy: any Trigger, _ task: RebalancingTask
  ) -> [(weight: Double, fraction: Double)] {
    stride(from: 0.41, to: 0.8, by: 0.02).map { weight in
      let snapshot = PortfolioSnapshot(
        date: task.startDate, assets: task.assets, holdings: [weight, 1 - weight],
        targets: task.targets)
      return (weight, policy.decide(snapshot).fraction)
    }
  }

  /// An agent's file and what is changed in it for tasks that only ask for a direction.
  struct ShortTraining: Sendable, CustomTestStringConvertible {
    var agent: String
    var overrides: [String]
    var testDescription: String { agent }

    /// Bins of the first asset's deviation; that of the second is its negative.
    static func table(_ agent: String) -> Self {
      Self(
        agent: agent,
        overrides: [
          "bins=[40, 1]", "low=[-0.2, -1]", "high=[0.2, 1]", "total_steps=2000000",
          "epsilon_steps=1500000",
        ])
    }

    static let all = [
      table("q-learning"), table("sarsa"), table("expected-sarsa"), table("double-q"),
      Self(agent: "ppo", overrides: ["total_steps=400000"]),
      Self(agent: "dqn", overrides: ["total_steps=100000", "epsilon_steps=50000"]),
      Self(agent: "post-decision", overrides: ["total_steps=3000000"]),
    ]
  }

  @Test(arguments: ShortTraining.all)
  func `where trading is free the full trade is learned`(_ training: ShortTraining) throws {
    // In millionths, for differences of hundredths of a basis point to be seen.
    let (policy, task) = try train(
      training.agent, training.overrides,
      environment: [
        "cost_per_unit=0", "observation=[weight_deviation]", "reward_scale=1000000",
      ])
    // A month moves the weight by 0.011.
    for (weight, fraction) in fractions(policy, task) where abs(weight - 0.6) < 0.06 {
      if abs(weight - 0.6) > 0.004 { #expect(fraction == 1, "\(fraction) at \(weight)") }
    }
  }

  @Test(arguments: ShortTraining.all)
  func `where a trade costs all that is traded, never is learned`(_ training: ShortTraining) throws
  {
    let (policy, task) = try train(
      training.agent, training.overrides + ["criterion=discounted", "discount=0.99"],
      environment: ["cost_per_unit=0.999", "observation=[weight_deviation]", "horizon_steps=12"])
    for (weight, fraction) in fractions(policy, task) where abs(weight - 0.6) < 0.06 {
      // A cell around the target holds weights whose trade costs next to nothing.
      if abs(weight - 0.6) > 0.01 { #expect(fraction == 0, "\(fraction) at \(weight)") }
    }
  }
}
