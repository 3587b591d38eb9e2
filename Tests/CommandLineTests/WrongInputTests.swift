import Foundation
import Testing

/// A specification that must be refused: what is replaced in a good one, and what must be said.
struct BadSpec: Sendable, CustomTestStringConvertible {
  let name: String
  let replace: String
  let with: String
  let says: [String]
  var testDescription: String { name }
}

private let badSpecs = [
  BadSpec(
    name: "unknown key", replace: "risk_aversion: 5", with: "risk_aversion: 5\nrisk_aversionn: 5",
    says: ["spec.yaml:", "unknown key “risk_aversionn”", "valid here are"]),
  BadSpec(
    name: "first action not 0", replace: "actions: [0, 0.5, 1]", with: "actions: [0.5, 1]",
    says: ["spec.yaml:", "actions", "the first must be 0"]),
  BadSpec(
    name: "falling actions", replace: "actions: [0, 0.5, 1]", with: "actions: [0, 1, 0.5]",
    says: ["spec.yaml:", "rising fractions"]),
  BadSpec(
    name: "weights that do not sum to 1", replace: "target_weights: [0.6, 0.4]",
    with: "target_weights: [0.6, 0.5]", says: ["spec.yaml:", "target_weights", "sum to 1.1"]),
  BadSpec(
    name: "text for a number", replace: "risk_aversion: 5", with: "risk_aversion: high",
    says: ["spec.yaml:", "risk_aversion", "a number is expected, “high” is given"]),
  BadSpec(
    name: "a key twice", replace: "risk_aversion: 5", with: "risk_aversion: 5\nrisk_aversion: 6",
    says: ["spec.yaml", "risk_aversion"]),
  BadSpec(
    name: "a missing key", replace: "risk_aversion: 5", with: "",
    says: ["spec.yaml", "the key “risk_aversion” is missing"]),
]

/// A request that must be refused, and the place that must be named.
struct BadRequest: Sendable, CustomTestStringConvertible {
  let name: String
  let replace: String
  let with: String
  let says: String
  var testDescription: String { name }
}

private let badRequests = [
  BadRequest(name: "NaN", replace: "61000.0", with: "NaN", says: "NaN is not a finite number"),
  BadRequest(name: "NaN as text", replace: "61000.0", with: "\"NaN\"", says: "holdings[0]"),
  BadRequest(name: "Infinity", replace: "61000.0", with: "Infinity", says: "Infinity is not"),
  BadRequest(name: "null", replace: "61000.0", with: "null", says: "holdings[0]"),
  BadRequest(name: "negative holding", replace: "61000.0", with: "-1.0", says: "holdings[0]"),
  BadRequest(
    name: "targets beyond 1", replace: "[0.6, 0.4]", with: "[0.6, 0.5]", says: "target_weights"),
  BadRequest(
    name: "one target", replace: "[0.6, 0.4]", with: "[1.0]", says: "target_weights: 1 numbers"),
  BadRequest(
    name: "missing field", replace: "\"holdings\"", with: "\"holding\"", says: "holding"),
  BadRequest(name: "bad date", replace: "2017-03-29", with: "2017-13-29", says: "date"),
  BadRequest(name: "not JSON", replace: "{", with: "", says: "not JSON"),
]

@Suite struct WrongInputTests {
  @Test(arguments: badSpecs)
  func `refuses a bad specification and names the line`(_ bad: BadSpec) throws {
    let work = try Workplace()
    let good = try Workplace.text("envs/us-stock-bond-v0.yaml")
    #expect(good.contains(bad.replace))
    let spec = try work.file(
      "spec.yaml", good.replacingOccurrences(of: bad.replace, with: bad.with))
    let run = try rebalance("evaluate", "--env", spec, "--policy", "rule:always", "--json")
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    for words in bad.says { #expect(run.errors.contains(words), "\(run.errors)") }
  }

  @Test(arguments: [
    (["solve", "--env", "envs/none-v0.yaml"], "there is no such file"),
    (["evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--policy", "rule:bnd(1)"], "bnd"),
    (
      ["evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--policy", "rule:band(0.1,to=0.2)"],
      "outside the band"
    ),
    (["evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--policy", "nothing"], "no policy"),
    (
      ["evaluate", "--env", "envs/us-stock-bond-v0.yaml", "--exact", "--policy", "rule:always"],
      "log_ratio"
    ),
    (["solve", "--env", "envs/four-asset-r1-v0.yaml"], "cannot be solved exactly"),
    (
      ["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--set", "kappa=1"],
      "unknown key “kappa”"
    ),
    (["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--set", "kappa"], "KEY=VALUE"),
    (["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--actions", "1,2"], "first must be 0"),
    (["solve", "--unrestricted"], "--env"),
    (["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--speed"], "--speed"),
    (["bench", "nothing"], "there is no group"),
    (["list", "things"], "things"),
  ])
  func `answers wrong usage with 64 and a reason`(arguments: [String], says: String) throws {
    let run = try rebalance(arguments + (arguments.contains("--json") ? [] : ["--json"]))
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(says), "\(run.errors)")
  }

  @Test func `names the line of a shuffled file and of a truncated one`() throws {
    let work = try Workplace()
    var lines = try Workplace.text("envs/data/us-stock-bond.csv").split(separator: "\n")
    lines.swapAt(500, 900)
    let shuffled = try work.file("shuffled.csv", lines.joined(separator: "\n") + "\n")
    let truncated = try work.file(
      "truncated.csv", String(try Workplace.text("envs/data/us-stock-bond.csv").prefix(20_011)))
    for (path, line) in [(shuffled, ":502: "), (truncated, "truncated.csv:")] {
      let check = try rebalance("data", "check", path, "--json")
      #expect(check.status == 65)
      #expect(check.output.isEmpty)
      #expect(check.errors.contains(line), "\(check.errors)")
      let evaluation = try rebalance(
        "evaluate", "--env", "envs/us-stock-bond-v0.yaml", "--set", "data=\(path)", "--policy",
        "rule:always", "--json")
      #expect(evaluation.status == 65)
      #expect(evaluation.output.isEmpty)
      #expect(evaluation.errors.contains(line), "\(evaluation.errors)")
    }
  }

  @Test func `trains nothing into a folder that is not one`() throws {
    let work = try Workplace()
    let file = try work.file("file", "")
    let run = try train(file + "/out")
    #expect(run.status == 65)
    #expect(run.errors.contains("cannot be written: Not a directory"))
    #expect(work.names == ["file"])
  }

  @Test func `leaves nothing behind when the specification of a training is wrong`() throws {
    let work = try Workplace()
    let run = try train(work.path("out"), agent: "q-learning", "--set", "agent.bins=[0]")
    #expect(run.status == 64)
    #expect(work.names.isEmpty)
  }

  @Test func `keeps a checkpoint that is not to be resumed`() throws {
    let work = try Workplace()
    #expect(try train(work.path("q")).status == 0)
    let before = try contents(work.path("q"))
    #expect(try train(work.path("q")).status == 64)
    #expect(try train(work.path("q"), "--resume", "--set", "cost_per_unit=0.01").status == 64)
    #expect(try contents(work.path("q")) == before)
  }

  @Test func `refuses a changed byte in any file of a bundle and of a checkpoint`() throws {
    let work = try Workplace()
    let (checkpoint, bundle) = (work.path("q"), work.path("bundle"))
    #expect(try train(checkpoint).status == 0)
    #expect(try rebalance("export", checkpoint, "--out", bundle).status == 0)
    let request = try Workplace.text("Tests/CommandLineTests/request.json")
    for name in try contents(bundle).keys {
      let restore = try changeByte(of: bundle + "/" + name)
      for run in [
        try rebalance("verify", bundle, "--json"),
        try rebalance("decide", "--policy", bundle, input: request),
      ] {
        #expect(run.status == 65, "\(name)")
        #expect(run.output.isEmpty)
        // A changed digest in the manifest accuses the file whose digest it is.
        #expect(name == "manifest.json" || run.errors.contains(name), "\(run.errors)")
      }
      try restore()
    }
    #expect(try rebalance("verify", bundle).status == 0)
    for name in ["policy.safetensors", "training.safetensors"] {
      let restore = try changeByte(of: checkpoint + "/" + name)
      let run = try rebalance("export", checkpoint, "--out", work.path("other"))
      #expect(run.status == 65)
      #expect(run.errors.contains(name), "\(run.errors)")
      try restore()
    }
    #expect(work.names == ["q", "bundle"])
  }

  /// Changes a byte in the middle of a file; the result undoes it.
  private func changeByte(of path: String) throws -> () throws -> Void {
    let url = URL(fileURLWithPath: path)
    let original = try Data(contentsOf: url)
    var changed = original
    changed[changed.count / 2] ^= 1
    try changed.write(to: url)
    return { try original.write(to: url) }
  }

  @Test(arguments: badRequests)
  func `refuses a bad request and names the field`(_ bad: BadRequest) throws {
    let bundle = try Self.bundle.get()
    let good = try Workplace.text("Tests/CommandLineTests/request.json")
    #expect(good.contains(bad.replace))
    let run = try rebalance(
      "decide", "--policy", bundle.path("bundle"),
      input: good.replacingOccurrences(of: bad.replace, with: bad.with))
    #expect(run.status == 65)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(bad.says), "\(run.errors)")
  }

  /// A bundle that the cases above share.
  private static let bundle = Result {
    let work = try Workplace()
    _ = try train(work.path("q"))
    _ = try rebalance("export", work.path("q"), "--out", work.path("bundle"))
    return work
  }
}
