import Foundation
import Testing

@Suite struct LearnedPolicyTests {
  @Test(arguments: [["--exact"], ["--episodes", "20"]])
  func `scores a checkpoint and its bundle alike`(flags: [String]) throws {
    let (checkpoint, bundle) = try Trained.shared.get().paths
    let run = try rebalance(
      ["evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--json"] + flags
        + ["--policy", checkpoint, "--policy", bundle])
    var rows = try #require(try run.json()["policies"] as? [NSDictionary])
      .compactMap { $0 as? [String: Any] }
    #expect(rows.count == 2)
    #expect(rows[0]["name"] as? String == checkpoint)
    for i in rows.indices { rows[i]["name"] = nil }
    #expect(rows[0]["cost_bp_per_year"] != nil)
    #expect(NSDictionary(dictionary: rows[0]) == NSDictionary(dictionary: rows[1]))
  }

  @Test(arguments: ["envs/four-asset-r1-v0.yaml", "envs/us-factors-v0.yaml"])
  func `does not play a policy for other assets`(env: String) throws {
    let (checkpoint, bundle) = try Trained.shared.get().paths
    for policy in [checkpoint, bundle] {
      let run = try rebalance("evaluate", "--env", env, "--json", "--policy", policy)
      #expect(run.status == 64)
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("the policy is for 2 assets"), "\(run.errors)")
    }
  }

  @Test func `says that what sees more than the weights has no exact score`() throws {
    let work = try Workplace()
    let trained = try train(
      work.path("p"), agent: "ppo", "--set", "observation=[weight_deviation, last_log_return]")
    #expect(trained.status == 0)
    let run = try rebalance(
      "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--exact", "--json", "--policy",
      work.path("p"))
    #expect(run.status == 0)
    let rows = try #require(try run.json()["policies"] as? [[String: Any]])
    #expect(rows[0]["cost_bp_per_year"] is NSNull)
    #expect(
      rows[0]["reason"] as? String
        == "the exact law is of policies that look at the weights alone; it sees last_log_return")
  }
}
