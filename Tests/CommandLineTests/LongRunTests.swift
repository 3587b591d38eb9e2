import Foundation
import Testing

/// Trainings that are left alone for hours, in seconds.
@Suite struct LongRunTests {
  /// Checkpoints and evaluations at every update: most chances to be killed within one.
  private static let busy = [
    "--checkpoint-every", "1", "--evaluate-every", "1", "--evaluation-episodes", "2",
  ]

  private func arguments(_ out: String, agent: String, steps: Int, _ more: [String]) -> [String] {
    [
      "train", "--env", "envs/two-asset-monthly-v0.yaml", "--agent", "agents/\(agent).yaml",
      "--out", out, "--steps", "\(steps)",
    ] + more
  }

  @Test(arguments: [("ppo", 300_000), ("q-learning", 1_200_000)])
  func `ends in the same bytes however often it is killed`(agent: String, steps: Int) throws {
    let work = try Workplace()
    let (whole, parts) = (work.path("whole"), work.path("parts"))
    #expect(try rebalance(arguments(whole, agent: agent, steps: steps, Self.busy)).status == 0)
    // Where each was killed: in the midst of the work, mostly, and sometimes while it started.
    var kills: [Int] = []
    while kills.count < 7 {
      let before = eventFiles(parts)
      let (process, finish) = try start(
        arguments(parts, agent: agent, steps: steps, Self.busy + ["--resume"]))
      while kills.count % 3 != 2, process.isRunning, eventFiles(parts) == before {
        Thread.sleep(forTimeInterval: 0.002)
      }
      Thread.sleep(forTimeInterval: .random(in: 0...0.25))
      kill(process.processIdentifier, SIGKILL)
      if try finish().status == 0 { break }
      kills.append((try? json(parts + "/log/run.json")["steps"] as? Int) ?? 0)
    }
    #expect(kills.contains { 0 < $0 && $0 < steps }, "\(kills)")
    #expect(
      try rebalance(arguments(parts, agent: agent, steps: steps, Self.busy + ["--resume"])).status
        == 0)
    #expect(try contents(parts) == contents(whole))
    #expect(try contents(parts + "/best") == contents(whole + "/best"))
    #expect(try contents(parts + "/best").count == 3)
    #expect(try runFile(parts) == runFile(whole))
    #expect(work.names == ["parts", "whole"])
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `finishes the update, saves and says how to go on`(signal: Int32) throws {
    let work = try Workplace()
    let (process, finish) = try start(
      arguments(work.path("a b"), agent: "ppo", steps: 30_000_000, ["--json"]))
    try wait(for: work.path("a b/log/run.json"), of: process)
    Thread.sleep(forTimeInterval: 0.1)
    kill(process.processIdentifier, signal)
    let run = try finish()
    #expect(run.status == 130)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(" of 30000000; the same command with --resume continues:\n"))
    #expect(run.errors.contains("--out '\(work.path("a b"))' --steps 30000000 --json --resume\n"))
    let record = try json(work.path("a b/log/run.json"))
    #expect(record["outcome"] as? String == "stopped")
    #expect(try json(work.path("a b/record.json"))["steps"] as? Int == record["steps"] as? Int)
  }

  @Test func `a second Ctrl-C ends it within the update`() throws {
    let work = try Workplace()
    // One update of some seconds.
    let (process, finish) = try start(
      arguments(
        work.path("p"), agent: "ppo", steps: 30_000_000, ["--set", "agent.rollout_steps=60000"]))
    try wait(for: work.path("p/log/run.json"), of: process)
    let before = try contents(work.path("p"))
    kill(process.processIdentifier, SIGINT)
    Thread.sleep(forTimeInterval: 0.2)
    kill(process.processIdentifier, SIGINT)
    let run = try finish()
    #expect(run.status == 130)
    #expect(run.errors.contains("Ctrl-C again ends at once"))
    #expect(!run.errors.contains("--resume continues"))
    #expect(try contents(work.path("p")) == before)
  }

  @Test func `several seeds give the files of each alone, and one table`() throws {
    let work = try Workplace()
    let more = ["--evaluate-every", "100000", "--evaluation-episodes", "3"]
    let run = try rebalance(
      arguments(work.path("all"), agent: "ppo", steps: 200_000, more + ["--seeds", "3,5..6"]))
    #expect(run.status == 0, "\(run.errors)")
    let seeds = run.output.split(separator: "\n").dropFirst(2).prefix(3).map { $0.prefix(2) }
    #expect(seeds == ["3 ", "5 ", "6 "])
    #expect(run.output.components(separatedBy: "finished  204800").count == 4)
    for seed in ["3", "5", "6"] {
      let (one, all) = (work.path(seed), work.path("all/seed-\(seed)"))
      let single = arguments(one, agent: "ppo", steps: 200_000, more + ["--seed", seed])
      #expect(try rebalance(single).status == 0)
      for folder in ["", "/best"] {
        #expect(try contents(one + folder) == contents(all + folder))
        #expect(try contents(one + folder).count == 3)
      }
      #expect(try runFile(one) == runFile(all))
    }
  }

  @Test func `a seed that fails takes no other with it`() throws {
    let work = try Workplace()
    try FileManager.default.createDirectory(
      atPath: work.path("out"), withIntermediateDirectories: true)
    _ = try work.file("out/seed-2", "mine")
    let run = try rebalance(
      arguments(
        work.path("out"), agent: "q-learning", steps: 40_000, ["--seeds", "1..3", "--json"])
    )
    #expect(run.status == 65)
    #expect(run.errors.contains("error: seed 2: \(work.path("out"))/seed-2: cannot be written"))
    let rows = try #require(try run.json()["runs"] as? [[String: Any]])
    #expect(rows.map { $0["ending"] as? String } == ["finished", "failed", "finished"])
    #expect(rows.map { $0["steps"] as? Int } == [49152, 0, 49152])
    for seed in [1, 3] { #expect(try contents(work.path("out/seed-\(seed)")).count == 3) }
  }

  @Test func `several seeds stop together and go on`() throws {
    let work = try Workplace()
    let all = arguments(work.path("all"), agent: "ppo", steps: 300_000, ["--seeds", "1,2"])
    let (process, finish) = try start(all)
    try wait(for: work.path("all/seed-1/log/run.json"), of: process)
    kill(process.processIdentifier, SIGTERM)
    let run = try finish()
    #expect(run.status == 130)
    #expect(run.output.contains("stopped"))
    #expect(run.errors.contains("--resume continues"))
    #expect(try rebalance(all).status == 64)
    #expect(try rebalance(all + ["--resume"]).status == 0)
    let one = arguments(work.path("one"), agent: "ppo", steps: 300_000, ["--seed", "2"])
    #expect(try rebalance(one).status == 0)
    #expect(try contents(work.path("one")) == contents(work.path("all/seed-2")))
  }

  @Test(arguments: ["1e10", "1e30"])
  func `stops a training that diverges and keeps the last good checkpoint`(rate: String) throws {
    let work = try Workplace()
    let blank = arguments(work.path("good"), agent: "ppo", steps: 100_000, [])
    #expect(try rebalance(blank).status == 0)
    let more = ["--seed", "7", "--set", "agent.learning_rate=\(rate)"]
    let wild = arguments(work.path("p"), agent: "ppo", steps: 100_000, Self.busy + more)
    let run = try rebalance(wild + ["--json"])
    #expect(run.status == 70)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("error: seed 7 diverged at step 8192: "), "\(run.errors)")
    #expect(
      run.errors.contains("the last good checkpoint is \(work.path("p")), of step 0"),
      "\(run.errors)")
    #expect(try json(work.path("p/record.json"))["steps"] as? Int == 0)
    #expect(try json(work.path("p/log/run.json"))["outcome"] as? String == "failed")
    #expect(!FileManager.default.fileExists(atPath: work.path("p/best")))
    let evaluation = try rebalance(
      "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--exact", "--policy", work.path("p"))
    #expect(evaluation.status == 0)
  }

  @Test func `keeps the best evaluation, which is a policy too`() throws {
    let work = try Workplace()
    let more = ["--evaluate-every", "20000", "--evaluation-episodes", "4", "--json"]
    let run = try rebalance(arguments(work.path("q"), agent: "q-learning", steps: 200_000, more))
    #expect(run.status == 0)
    let best = try #require(try run.json()["best"] as? [String: Any])
    let steps = try #require(best["steps"] as? Int)
    #expect(best["episodes"] as? Int == 4)
    #expect(best["seed"] as? Int == 2_000_000)
    #expect(try json(work.path("q/best/record.json"))["steps"] as? Int == steps)
    // The score is that of the evaluator on the same paths.
    let evaluation = try rebalance(
      "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--json", "--episodes", "4", "--seed",
      "2000000", "--policy", work.path("q/best"))
    let rows = try #require(try evaluation.json()["policies"] as? [[String: Any]])
    let reward = try #require(rows[0]["reward_per_step"] as? [String: Double])
    #expect(reward["mean"] == best["mean_reward"] as? Double)
    let cost = try #require(rows[0]["cost_bp_per_year"] as? [String: Double])
    #expect(cost["mean"] == best["cost_bp_per_year"] as? Double)
    // The reward of this task is minus the costs, in basis points a month.
    let mean = try #require(reward["mean"])
    #expect(abs(mean * 12 + (cost["mean"] ?? 0)) < 1e-9)
    // Other evaluations cannot be compared with it.
    let other = more.map { $0 == "4" ? "5" : $0 } + ["--resume"]
    let refused = try rebalance(
      arguments(work.path("q"), agent: "q-learning", steps: 200_000, other))
    #expect(refused.status == 64)
    #expect(refused.errors.contains("/q/best: the best checkpoint is of another run or other"))
  }

  /// Whatever is learned, an action's number, the action itself or a rule, is evaluated on the way.
  @Test(arguments: [
    ("ppo", 20_000, ["--set", "actions=fraction"]),
    ("ppo", 20_000, ["--set", "actions=destination"]),
    ("tuned-band", 200_000, []), ("post-decision", 400_000, []), ("value-iteration", 100_000, []),
  ])
  func `evaluates what it trains`(agent: String, steps: Int, more: [String]) throws {
    let work = try Workplace()
    let evaluation = ["--evaluate-every", "1", "--evaluation-episodes", "2", "--json"]
    let run = try rebalance(
      arguments(work.path("p"), agent: agent, steps: steps, evaluation + more))
    #expect(run.status == 0, "\(run.errors)")
    let best = try #require(try run.json()["best"] as? [String: Any])
    #expect(best["episodes"] as? Int == 2)
    let again = try rebalance(
      [
        "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--json", "--episodes", "2",
        "--seed",
        "2000000", "--policy", work.path("p/best"),
      ] + more)
    let rows = try #require(try again.json()["policies"] as? [[String: Any]])
    let reward = try #require(rows[0]["reward_per_step"] as? [String: Double])
    #expect(reward["mean"] == best["mean_reward"] as? Double)
  }

  @Test func `records the resolved specifications, their digests and the machine`() throws {
    let work = try Workplace()
    #expect(try train(work.path("q"), "--workers", "1").status == 0)
    let run = try json(work.path("q/log/run.json"))
    #expect(run["steps"] as? Int == 49152)
    #expect(run["total_steps"] as? Int == 40000)
    let clock = try #require(run["wall_clock"] as? [String: Any])
    let session = try #require((clock["sessions"] as? [[String: Any]])?.first)
    #expect(
      Set(session.keys) == ["started", "ended", "first_step", "last_step", "threads"])
    #expect(session["threads"] as? Int == 1)
    let record = try #require(run["record"] as? [String: Any])
    let saved = try #require(try json(work.path("q/record.json"))["record"] as? [String: Any])
    #expect(NSDictionary(dictionary: record) == NSDictionary(dictionary: saved))
    for part in ["agent", "environment"] {
      let part = try #require(record[part] as? [String: Any])
      #expect((part["sha256"] as? String)?.count == 64)
      #expect((part["spec"] as? [String: Any])?.isEmpty == false)
    }
    let provenance = try #require(record["provenance"] as? [String: String])
    #expect(Set(provenance.keys) == ["version", "commit", "compiler", "blas_core"])
    #expect(try rebalance("--version").output == (provenance["version"] ?? "") + "\n")
  }

  @Test(arguments: [
    (["--seeds", "3..1"], "--seeds 3..1: valid are"), (["--seeds", "1,,2"], "valid are"),
    (["--seeds", "1...3"], "valid are"), (["--seeds", "1.3"], "valid are"),
    (["--seeds", "-1"], "seeds"), (["--seeds", "1..2,2"], "a seed stands twice"),
    (["--seeds", "0..18446744073709551615"], "at most 10000"),
    (["--seeds", "1,2", "--seed", "1"], "not both"),
    (["--seeds", "1,9", "--evaluate-every", "5", "--evaluation-seed", "9"], "is a training seed"),
    (["--checkpoint-every", "0"], "--checkpoint-every 0: at least 1"),
    (["--evaluate-every", "0"], "--evaluate-every 0: at least 1"),
    (["--evaluation-episodes", "1"], "--evaluation-episodes 1: at least 2"),
  ])
  func `refuses options that make no sense`(more: [String], says: String) throws {
    let work = try Workplace()
    let run = try rebalance(arguments(work.path("q"), agent: "q-learning", steps: 1000, more))
    #expect(run.status == 64)
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(work.names.isEmpty)
  }

  // MARK: - Helpers

  private func json(_ path: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
    return try #require(object as? [String: Any])
  }

  /// What `run.json` says but the wall clock.
  private func runFile(_ folder: String) throws -> NSDictionary {
    var run = try json(folder + "/log/run.json")
    #expect(run.removeValue(forKey: "wall_clock") != nil)
    #expect(run["outcome"] as? String == "finished")
    return NSDictionary(dictionary: run)
  }

  private func eventFiles(_ folder: String) -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: folder + "/log"))?
      .filter { $0.hasPrefix("events.") }.count ?? 0
  }

  private func wait(for path: String, of process: Process) throws {
    while process.isRunning, !FileManager.default.fileExists(atPath: path) {
      Thread.sleep(forTimeInterval: 0.002)
    }
  }
}
