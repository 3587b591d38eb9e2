import Foundation
import Testing

@Suite struct ReproducibilityTests {
  @Test(arguments: ["ppo", "q-learning"])
  func `gives the same bytes twice, and on any number of threads`(agent: String) throws {
    let work = try Workplace()
    for (name, workers) in [("a", "1"), ("b", "1"), ("c", "2")] {
      #expect(try train(work.path(name), agent: agent, "--workers", workers).status == 0)
    }
    let first = try contents(work.path("a"))
    #expect(Set(first.keys) == ["policy.safetensors", "record.json", "training.safetensors"])
    #expect(try contents(work.path("b")) == first)
    #expect(try contents(work.path("c")) == first)
  }

  @Test func `differs by seed`() throws {
    let work = try Workplace()
    #expect(try train(work.path("a")).status == 0)
    #expect(try train(work.path("b"), "--seed", "4").status == 0)
    #expect(
      try contents(work.path("a"))["policy.safetensors"]
        != contents(work.path("b"))["policy.safetensors"])
  }

  @Test func `continues an interrupted training to the same bytes`() throws {
    let work = try Workplace()
    let arguments = { (name: String) in
      [
        "train", "--env", "envs/two-asset-monthly-v0.yaml", "--agent", "agents/ppo.yaml",
        "--out", work.path(name), "--steps", "300000",
      ]
    }
    #expect(try rebalance(arguments("whole")).status == 0)
    let (process, finish) = try start(arguments("parts"))
    // The first checkpoint is written before the first step.
    while !FileManager.default.fileExists(atPath: work.path("parts/record.json")) {
      Thread.sleep(forTimeInterval: 0.01)
    }
    process.interrupt()
    let interrupted = try finish()
    #expect(interrupted.status == 130)
    let part = try contents(work.path("parts"))
    let whole = try contents(work.path("whole"))
    #expect(part != whole)
    #expect(try rebalance(arguments("parts") + ["--resume"]).status == 0)
    #expect(try contents(work.path("parts")) == whole)
  }

  @Test func `scores an exported bundle as its checkpoint`() throws {
    let work = try Workplace()
    #expect(try train(work.path("q")).status == 0)
    #expect(try rebalance("export", work.path("q"), "--out", work.path("bundle")).status == 0)
    let run = try rebalance(
      "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--json", "--policy", work.path("q"),
      "--policy", work.path("bundle"), "--episodes", "20")
    let rows = try #require(try run.json()["policies"] as? [[String: Any]])
    let costs = rows.map { ($0["cost_bp_per_year"] as? [String: Double])?["mean"] }
    #expect(costs[0] != nil)
    #expect(costs[0] == costs[1])
  }
}
