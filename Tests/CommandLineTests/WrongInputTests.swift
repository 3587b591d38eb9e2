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
  BadRequest(
    name: "NaN", replace: "61000.0", with: "NaN", says: "line 4: NaN is not a finite number"),
  BadRequest(
    name: "a number beyond all", replace: "61000.0", with: "1e999",
    says: "line 4: 1e999 is not a finite number"),
  BadRequest(
    name: "a number too long", replace: "61000.0", with: String(repeating: "9", count: 400),
    says: "a number of 400 characters"),
  BadRequest(name: "NaN as text", replace: "61000.0", with: "\"NaN\"", says: "holdings[0]"),
  BadRequest(
    name: "Infinity", replace: "61000.0", with: "-Infinity", says: "line 4: -Infinity is not"),
  BadRequest(name: "null", replace: "61000.0", with: "null", says: "holdings[0]"),
  BadRequest(name: "negative holding", replace: "61000.0", with: "-1.0", says: "holdings[0]"),
  BadRequest(
    name: "targets beyond 1", replace: "[0.6, 0.4]", with: "[0.6, 0.5]", says: "target_weights"),
  BadRequest(
    name: "one target", replace: "[0.6, 0.4]", with: "[1.0]", says: "target_weights: 1 numbers"),
  BadRequest(
    name: "unknown field", replace: "\"holdings\"", with: "\"holding\"",
    says: "holding: there is no such field; there are assets,"),
  BadRequest(
    name: "additional field", replace: "{", with: "{\"cash\": 0,",
    says: "cash: there is no such field"),
  BadRequest(
    name: "no date", replace: "\"date\": \"2017-03-29\",", with: "", says: "date: missing"),
  BadRequest(
    name: "no holdings", replace: "\"holdings\": [61000.0, 39000.0],", with: "",
    says: "holdings: missing"),
  BadRequest(
    name: "one holding", replace: "[61000.0, 39000.0]", with: "[61000.0]",
    says: "holdings: 1 numbers for 2 assets"),
  BadRequest(
    name: "three assets", replace: "\"RISKY\"", with: "\"GOLD\", \"RISKY\"",
    says: "holdings: 2 numbers for 3 assets"),
  BadRequest(
    name: "an asset twice", replace: "RISKY", with: "NUMERAIRE",
    says: "assets: a name stands twice"),
  BadRequest(
    name: "an empty portfolio", replace: "[61000.0, 39000.0]", with: "[0, 0]",
    says: "holdings: they sum to 0"),
  BadRequest(
    name: "a number for a name", replace: "\"RISKY\"", with: "1",
    says: "assets[0]: text is expected"),
  BadRequest(
    name: "truth for a number", replace: "61000.0", with: "true",
    says: "holdings[0]: a number is expected"),
  BadRequest(
    name: "assets in another order", replace: "[\"RISKY\", \"NUMERAIRE\"]",
    with: "[\"NUMERAIRE\", \"RISKY\"]",
    says: "assets: NUMERAIRE, RISKY are given; the policy is for RISKY, NUMERAIRE, in this order"),
  BadRequest(
    name: "another asset", replace: "RISKY", with: "GOLD",
    says: "assets: GOLD, NUMERAIRE are given; the policy is for RISKY, NUMERAIRE"),
  BadRequest(
    name: "an asset without a name", replace: "RISKY", with: "",
    says: "assets[0]: empty, a name is needed"),
  BadRequest(
    name: "a number for a list", replace: "[61000.0, 39000.0]", with: "61000.0",
    says: "holdings: a list is expected"),
  BadRequest(
    name: "units without prices", replace: "holdings", with: "units", says: "prices: missing"),
  BadRequest(
    name: "a negative price", replace: "\"holdings\": [61000.0, 39000.0]",
    with: "\"units\": [1, 390], \"prices\": [100, -1]", says: "prices[1]: -1.0 is negative"),
  BadRequest(
    name: "prices of fewer", replace: "\"holdings\": [61000.0, 39000.0]",
    with: "\"units\": [1, 390], \"prices\": [100]", says: "prices: 1 numbers for 2 units"),
  BadRequest(
    name: "a trade to come", replace: "2017-01-31", with: "2017-04-01",
    says: "last_trade: 2017-04-01 is after"),
  BadRequest(
    name: "a short basis", replace: "\"last_trade\"", with: "\"basis\": [1.0], \"last_trade\"",
    says: "basis: 1 numbers"),
  BadRequest(name: "a second document", replace: "}", with: "} {}", says: "not JSON"),
  BadRequest(name: "half a document", replace: "\"last_trade\"", with: "", says: "not JSON"),
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
    (["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--set", "=1"], "KEY=VALUE"),
    (["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--set", "actions="], "KEY=VALUE"),
    (["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--set", "tax..rate=1"], "KEY=VALUE"),
    (["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--set", "actions=["], "not YAML"),
    (["solve", "--env", "envs/two-asset-monthly-v0.yaml", "--set", "actions=.nan"], "list"),
    (["solve", "--unrestricted"], "--env"),
    (["evaluate", "--env", "envs/two-asset-monthly-v0.yaml"], "--policy"),
    (
      [
        "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--policy", "rule:always",
        "--episodes", "1",
      ], "at least 2"
    ),
    (
      ["evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--policy", "agents/ppo.yaml"],
      "must learn first"
    ),
    (["train", "--env", "envs/two-asset-monthly-v0.yaml", "--agent", "agents/ppo.yaml"], "--out"),
    (
      [
        "train", "--env", "envs/two-asset-monthly-v0.yaml", "--agent", "agents/none.yaml", "--out",
        "checkpoints/none",
      ], "agents/none.yaml: there is no such file"
    ),
    (["run", "experiments/none"], "experiments/none/experiment.yaml: there is no such file"),
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

  @Test func `leaves nothing behind when the specification of a training is wrong`() throws {
    let work = try Workplace()
    let run = try train(work.path("out"), agent: "q-learning", "--set", "agent.bins=[0]")
    #expect(run.status == 64)
    #expect(work.names.isEmpty)
  }

  @Test func `does not send from a foreign checkpoint to --resume and back`() throws {
    let work = try Workplace()
    #expect(try train(work.path("q")).status == 0)
    let other = try train(work.path("q"), "--resume", "--set", "cost_per_unit=0.01")
    #expect(other.errors.contains("the checkpoint is of another run"), "\(other.errors)")
    #expect(!other.errors.contains("leave"), "\(other.errors)")
    let fresh = try train(work.path("q"))
    #expect(fresh.errors.contains("--resume to continue that very run"), "\(fresh.errors)")
  }

  @Test func `keeps a checkpoint that is not to be resumed`() throws {
    let work = try Workplace()
    #expect(try train(work.path("q")).status == 0)
    let before = try contents(work.path("q"))
    #expect(try train(work.path("q")).status == 64)
    #expect(try train(work.path("q"), "--resume", "--set", "cost_per_unit=0.01").status == 64)
    #expect(try contents(work.path("q")) == before)
  }

  @Test func `expects an object where null is given`() throws {
    let run = try rebalance("decide", "--policy", Trained.shared.get().bundle, input: "null")
    #expect(run.status == 65)
    #expect(run.errors == "error: a JSON object is expected\n")
  }

  @Test(arguments: [
    (
      ["registry", "list", "--registry", "README.md"], "README.md: cannot be read: Not a directory"
    ),
    (["simulate", "--env", "none/none.yaml", "--policy", "rule:never"], "there is no such file"),
    (
      [
        "shadow", "--env", "two-asset-monthly-v0", "--champion", "rule:never", "--challenger",
        "rule:never", "--episodes", "2", "--out", "none/none.json",
      ], "none.json: No such file or directory"
    ),
  ])
  func `says in plain words what the file system has refused`(
    arguments: [String], says: String
  ) throws {
    let run = try rebalance(arguments)
    #expect(run.status != 0)
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(!run.errors.contains("NSCocoaErrorDomain"), "\(run.errors)")
  }

  @Test(arguments: badRequests)
  func `refuses a bad request and names the field`(_ bad: BadRequest) throws {
    let bundle = try Trained.shared.get().bundle
    let good = try Workplace.text("Tests/CommandLineTests/request.json")
    #expect(good.contains(bad.replace))
    let run = try rebalance(
      "decide", "--policy", bundle,
      input: good.replacingOccurrences(of: bad.replace, with: bad.with))
    #expect(run.status == 65)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(bad.says), "\(run.errors)")
  }
}
