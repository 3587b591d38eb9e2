import Foundation
import Testing

@Suite struct ReproducibilityTests {
  @Test(arguments: ["ppo", "dqn", "q-learning"])
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

  @Test(arguments: [
    ["solve", "--unrestricted"], ["evaluate", "--exact", "--policy", "rule:band(0.05)"],
  ])
  func `solves to the same digits on any number of threads of BLAS`(arguments: [String]) throws {
    let whole = arguments + ["--env", "envs/two-asset-monthly-v0.yaml", "--json"]
    let outputs = try ["1", "2", "3"].map { threads in
      try rebalance(whole, environment: ["OPENBLAS_NUM_THREADS": threads]).output
    }
    #expect(!outputs[0].isEmpty)
    #expect(Set(outputs).count == 1)
  }

  @Test func `differs by seed`() throws {
    let work = try Workplace()
    #expect(try train(work.path("a")).status == 0)
    #expect(try train(work.path("b"), "--seed", "4").status == 0)
    #expect(
      try contents(work.path("a"))["policy.safetensors"]
        != contents(work.path("b"))["policy.safetensors"])
  }

  @Test(arguments: ["ppo", "dqn", "q-learning"])
  func `continues an interrupted training to the same bytes`(agent: String) throws {
    let work = try Workplace()
    let arguments = { (name: String) in
      [
        "train", "--env", "envs/two-asset-monthly-v0.yaml", "--agent", "agents/\(agent).yaml",
        "--out", work.path(name), "--steps",
        ["ppo": "300000", "dqn": "100000"][agent] ?? "2000000",
        "--json",
      ]
    }
    #expect(try rebalance(arguments("whole")).status == 0)
    let (process, finish) = try start(arguments("parts"))
    // The first checkpoint is written before the first step.
    while process.isRunning,
      !FileManager.default.fileExists(atPath: work.path("parts/record.json"))
    {
      Thread.sleep(forTimeInterval: 0.002)
    }
    process.interrupt()
    let interrupted = try finish()
    #expect(interrupted.status == 130)
    #expect(interrupted.output.isEmpty)
    #expect(interrupted.errors.contains("--resume continues"))
    let part = try contents(work.path("parts"))
    let whole = try contents(work.path("whole"))
    #expect(part.keys == whole.keys)
    #expect(part != whole)
    #expect(try rebalance(arguments("parts") + ["--resume"]).status == 0)
    #expect(try contents(work.path("parts")) == whole)
    // There is nothing left to do.
    #expect(try rebalance(arguments("parts") + ["--resume"]).status == 0)
    #expect(try contents(work.path("parts")) == whole)
    #expect(work.names == ["parts", "whole"])
  }
}
