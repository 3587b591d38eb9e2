import Foundation
import Testing

@Suite struct BundleCommandTests {
  @Test func `does not export what was not evaluated, unless told`() throws {
    let work = try Workplace()
    let checkpoint = try work.copyOfCheckpoint()
    try FileManager.default.removeItem(atPath: checkpoint + "/evaluation.json")
    let refused = try rebalance("export", checkpoint, "--out", work.path("bundle"), "--json")
    #expect(refused.status == 65)
    #expect(refused.output.isEmpty)
    #expect(refused.errors.contains("\(checkpoint): no evaluation record"), "\(refused.errors)")
    #expect(refused.errors.contains("--unevaluated"))
    #expect(work.names == ["checkpoint"])
    let told = try rebalance(
      "export", checkpoint, "--out", work.path("bundle"), "--unevaluated", "--json")
    #expect(told.status == 0, "\(told.errors)")
    #expect(try told.json()["evaluated"] as? Bool == false)
    let manifest = try json(work.path("bundle/manifest.json"))
    let absent = try #require(manifest["absent"] as? [String: String])
    #expect(absent["evaluation.json"]?.contains("unevaluated") == true)
    let card = try String(contentsOfFile: work.path("bundle/MODEL_CARD.md"), encoding: .utf8)
    #expect(card.contains("## Not evaluated"))
  }

  @Test func `does not export by the record of another policy`() throws {
    let work = try Workplace()
    let checkpoint = work.path("other")
    #expect(try train(checkpoint, "--set", "agent.step_size=0.5").status == 0)
    try FileManager.default.copyItem(
      atPath: Trained.shared.get().checkpoint + "/evaluation.json",
      toPath: checkpoint + "/evaluation.json")
    let run = try rebalance("export", checkpoint, "--out", work.path("bundle"))
    #expect(run.status == 65)
    #expect(run.errors.contains("\(checkpoint)/evaluation.json: it is of the policy"))
    #expect(work.names == ["other"])
  }

  @Test func `records savings against every rule, which are those of an evaluation`() throws {
    let work = try Workplace()
    let checkpoint = try work.copyOfCheckpoint()
    let arguments = [
      "evaluate", "--env", "two-asset-monthly-v0", "--policy", checkpoint, "--policy",
      "rule:band(0.04)", "--episodes", "20", "--json",
    ]
    let record = try rebalance(arguments + ["--record"])
    #expect(record.status == 0, "\(record.errors)")
    let written = try json(checkpoint + "/evaluation.json")
    #expect(NSDictionary(dictionary: written) == NSDictionary(dictionary: try record.json()))
    let rules = try #require(written["rules"] as? [[String: Any]])
    #expect(rules.count >= 10)
    let rule = try #require(rules.first { $0["name"] as? String == "rule:band(0.04)" })
    let saving = try #require(rule["saving_bp_per_year"] as? [String: Double])
    let evaluation = try rebalance(arguments).json()
    let pairs = try #require(evaluation["pairs"] as? [[String: Any]])
    let difference = try #require(pairs[0]["cost_difference_bp"] as? [String: Double])
    let interval = try #require(pairs[0]["interval_95"] as? [Double])
    let mean = try #require(difference["mean"])
    #expect(saving["mean"] == -mean)
    #expect(abs((saving["low"] ?? 0) + interval[1]) < 0.05 * abs(interval[1]))
    let best = try #require(written["best_rule"] as? [String: Any])
    let costs = rules.compactMap { $0["cost_bp_per_year"] as? Double }
    #expect(best["cost_bp_per_year"] as? Double == costs.min())
    let exact = try #require(written["exact"] as? [String: Any])
    let gaps = try #require(exact["gaps"] as? [[String: Any]])
    // The policy of so short a training may have no long-run cost; then the reason stands there.
    #expect((gaps[0]["gap_percent"] == nil) == (gaps[0]["reason"] != nil))
    let band = try #require(gaps.first { $0["name"] as? String == "rule:band(0.05)" })
    let gap = try #require(band["gap_percent"] as? Double)
    #expect(abs(gap - 23.58) < 0.01)
  }

  @Test(arguments: [
    ["--exact"], ["--window", "crises"], ["--policy", "checkpoints/none"],
  ])
  func `records one checkpoint in one way`(more: [String]) throws {
    let run = try rebalance(
      ["evaluate", "--env", "two-asset-monthly-v0", "--policy", "none", "--record"] + more)
    #expect(run.status == 64)
    #expect(run.errors.contains("--record"))
  }

  @Test func `records no rule`() throws {
    let run = try rebalance(
      "evaluate", "--env", "two-asset-monthly-v0", "--policy", "rule:never", "--record")
    #expect(run.status == 65)
    #expect(run.errors.contains("rule:never: no such folder"))
  }

  @Test func `makes a key, signs with it, and trusts it alone`() throws {
    let work = try Workplace()
    let checkpoint = try Trained.shared.get().checkpoint
    let made = try rebalance("keys", "create", "--out", work.path("own"), "--json")
    #expect(made.status == 0, "\(made.errors)")
    #expect(try rebalance("keys", "create", "--out", work.path("other")).status == 0)
    let again = try rebalance("keys", "create", "--out", work.path("own"))
    #expect(again.status == 65)
    #expect(again.errors.contains("not overwritten"))
    for name in ["own", "own.pub"] {
      let shown = try rebalance("keys", "show", work.path(name), "--json")
      #expect(try shown.json()["key_id"] as? String == made.json()["key_id"] as? String)
      #expect(!shown.output.contains("PRIVATE"))
    }
    let bundle = work.path("bundle")
    let signed = try rebalance(
      "export", checkpoint, "--out", bundle, "--key", work.path("own"), "--json")
    #expect(signed.status == 0, "\(signed.errors)")
    #expect(try signed.json()["signature_verified"] as? Bool == true)
    #expect(try rebalance("verify", bundle, "--trust", work.path("own.pub")).status == 0)
    let strange = try rebalance("verify", bundle, "--trust", work.path("other.pub"))
    #expect(strange.status == 65)
    #expect(strange.errors.hasPrefix("error: manifest.sig: "), "\(strange.errors)")
    // Unsigned over signed: what nobody vouches for takes the place, and is refused where it matters.
    #expect(try rebalance("export", checkpoint, "--out", bundle).status == 0)
    let request = try Workplace.text("Tests/CommandLineTests/request.json")
    let refused = try rebalance(
      "decide", "--policy", bundle, "--trust", work.path("own.pub"), input: request)
    #expect(refused.status == 65)
    #expect(refused.errors.hasPrefix("error: manifest.sig: missing"), "\(refused.errors)")
  }

  @Test func `says that a signature was not checked`() throws {
    let work = try Workplace()
    let key = try rebalance("keys", "create", "--out", work.path("own"), "--json").json()
    let id = try #require(key["key_id"] as? String)
    let bundle = work.path("bundle")
    let checkpoint = try Trained.shared.get().checkpoint
    #expect(
      try rebalance("export", checkpoint, "--out", bundle, "--key", work.path("own")).status == 0)
    let says = "signature by \(id) not checked: give --trust"
    let plain = try rebalance("verify", bundle)
    #expect(plain.status == 0 && plain.output.contains(says), "\(plain.output)")
    let document = try rebalance("verify", bundle, "--json").json()
    #expect(document["signed_by"] as? String == id)
    #expect(document["signature_verified"] as? Bool == false)
    #expect(document["warnings"] as? [String] == [says])
    let trusted = try rebalance("verify", bundle, "--trust", work.path("own.pub"), "--json").json()
    #expect(trusted["signature_verified"] as? Bool == true)
    #expect(trusted["warnings"] as? [String] == [])
  }

  @Test(arguments: [
    (["--name", "../evil"], "“../evil” is no name of a policy"),
    (["--name", ""], "“” is no name of a policy"),
    (["--policy-version", "1.x"], "“1.x” is no version of a policy"),
  ])
  func `exports only what a registry takes`(arguments: [String], says: String) throws {
    let work = try Workplace()
    let run = try rebalance(
      ["export", try Trained.shared.get().checkpoint, "--out", work.path("bundle")] + arguments)
    #expect(run.status == 65)
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(work.names.isEmpty)
  }

  @Test(arguments: [["--name", "other"], ["--policy-version", "1.0.1"]])
  func `replaces no bundle of another name or version`(arguments: [String]) throws {
    let work = try Workplace()
    let bundle = try work.copyOfBundle()
    let before = try contents(bundle)
    let checkpoint = try Trained.shared.get().checkpoint
    let run = try rebalance(["export", checkpoint, "--out", bundle] + arguments)
    #expect(run.status == 65)
    #expect(run.errors.contains("it holds the bundle checkpoint 1.0.0"), "\(run.errors)")
    #expect(try contents(bundle) == before)
    #expect(try rebalance("export", checkpoint, "--out", bundle).status == 0)
  }

  @Test func `names the field where a manifest is none`() throws {
    let work = try Workplace()
    let bundle = try work.copyOfBundle()
    for (text, says) in [
      ("{", "manifest.json: not JSON: line 1: a key in quotes is expected"),
      ("{\"format\": 1}", "manifest.json: format: text is expected"),
      ("[]", "manifest.json: a JSON object is expected"),
    ] {
      _ = try work.file("bundle/manifest.json", text)
      let run = try rebalance("verify", bundle)
      #expect(run.status == 65)
      #expect(run.errors == "error: \(says); the bundle is refused\n")
    }
    let nothing = try rebalance(
      "verify", Trained.shared.get().bundle, "--observations", work.path("nope"), "--scores",
      work.path("scores"))
    #expect(
      nothing.errors == "error: \(work.path("nope")): No such file or directory\n",
      "\(nothing.errors)")
  }

  @Test func `refuses observations of another shape`() throws {
    let work = try Workplace()
    let bundle = try Trained.shared.get().bundle
    let none = try work.file("none", "no tensors")
    let run = try rebalance(
      "verify", bundle, "--observations", none, "--scores", work.path("scores"))
    #expect(run.status == 65)
    #expect(run.errors.contains(none))
    #expect(try rebalance("verify", bundle, "--scores", work.path("scores")).status == 64)
    #expect(work.names == ["none"])
  }

  private func json(_ path: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }
}
