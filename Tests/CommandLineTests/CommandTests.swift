import Foundation
import Testing

/// A command whose JSON document is fixed, and the keys that it must have.
struct Shape: Sendable, CustomTestStringConvertible {
  let command: String
  let keys: [String]
  var testDescription: String { command }
}

private let monthly = "--env envs/two-asset-monthly-v0.yaml"

private let shapes = [
  Shape(
    command: "solve \(monthly)",
    keys: [
      "cost_bp_per_year", "no_trade", "full_trade_below", "full_trade_above",
      "turnover_per_year", "tracking_error_bp",
    ]),
  Shape(
    command: "solve \(monthly) --unrestricted", keys: ["full_trade_below", "full_trade_above"]),
  Shape(
    command: "evaluate \(monthly) --exact --policy rule:always",
    keys: ["env", "optimum", "policies"]),
  Shape(
    command: "evaluate --env envs/us-stock-bond-v0.yaml --policy rule:always --policy rule:never",
    keys: ["env", "policies", "pairs", "tracking_error_kind"]),
  Shape(
    command: "bound \(monthly) --episodes 20 --policy rule:always",
    keys: [
      "env", "episodes", "seed", "horizon_steps", "lower_bound_bp_per_year",
      "reference_bp_per_year", "width_percent", "optimum", "policies",
    ]),
  Shape(command: "bench decision", keys: ["machine", "results"]),
  Shape(command: "doctor", keys: ["machine", "data", "warnings"]),
  Shape(command: "data check envs/data/us-factors.csv", keys: ["assets", "source"]),
  Shape(
    command: "data fit-regimes envs/data/us-factors.csv --assets MTUM,USMV --starts 1",
    keys: ["regimes", "transition", "log_likelihood", "count", "first", "last"]),
  Shape(
    command: "shadow --env two-asset-monthly-v0 --champion rule:never --challenger rule:band(0.05) "
      + "--episodes 2",
    keys: [
      "policy", "champion", "env", "requests", "disagreements", "faults", "by_kind",
      "saving_bp_per_year", "single_decisions_bp_per_year", "decisions",
    ]),
  Shape(
    command: "guards --env two-asset-monthly-v0 --policy rule:band(0.05) --paths 4",
    keys: ["env", "policy", "seed", "requests", "false_positives", "faults"]),
  Shape(
    command: "tax replay Tests/CommandLineTests/trades.csv", keys: ["realized", "lots", "totals"]),
]

@Suite struct CommandTests {
  @Test(arguments: [
    [], ["doctor"], ["list"], ["show"], ["simulate"], ["train"], ["evaluate"], ["bound"],
    ["solve"], ["run"],
    ["oracle"], ["oracle", "ggms"], ["oracle", "closed-form"], ["oracle", "garleanu-pedersen"],
    ["oracle", "rb-1"], ["oracle", "myrgren"], ["oracle", "harvesting"],
    ["oracle", "tax-deferral"],
    ["shadow"], ["guards"], ["export"], ["verify"], ["decide"], ["registry"], ["registry", "add"],
    ["registry", "list"],
    ["registry", "show"], ["registry", "promote"], ["registry", "rollback"], ["data", "check"],
    ["data", "fit-regimes"],
    ["tax", "replay"],
    ["bench"],
  ])
  func `explains itself with an example`(command: [String]) throws {
    let run = try rebalance(command + ["--help"])
    #expect(run.status == 0)
    #expect(run.output.contains("Example: rebalance"))
    let lines = run.output.split(separator: "\n").filter { !$0.hasPrefix("USAGE: ") }
    #expect(lines.allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: shapes)
  func `gives one JSON document of a fixed shape`(_ shape: Shape) throws {
    let run = try rebalance(shape.command.split(separator: " ").map(String.init) + ["--json"])
    #expect(run.status == 0)
    let document = try run.json()
    for key in shape.keys { #expect(document.keys.contains(key)) }
  }

  @Test func `scores policies in the order given, and says why one has no score`() throws {
    let run = try rebalance(
      "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--exact", "--json", "--policy",
      "rule:never", "--policy", "rule:band(0.05)", "--policy", "rule:closed_form")
    let document = try run.json()
    let rows = try #require(document["policies"] as? [[String: Any]])
    #expect(
      rows.map { $0["name"] as? String } == [
        "rule:never", "rule:band(0.05)", "rule:closed_form",
      ])
    #expect(rows[0]["cost_bp_per_year"] is NSNull)
    #expect((rows[0]["reason"] as? String)?.contains("no stationary law") == true)
    #expect(rows[1]["gap_against"] as? String == "own_actions")
    #expect(rows[2]["gap_against"] as? String == "unrestricted")
    let optimum = try #require(document["optimum"] as? [String: Double])
    #expect(abs((optimum["own_actions"] ?? 0) - 0.7067) < 1e-4)
  }

  @Test func `overrides a key and solves another problem`() throws {
    let run = try rebalance(
      "solve", "--env", "envs/two-asset-daily-v0.yaml", "--set", "cost_per_unit=0.01", "--json")
    #expect(abs((try run.json()["cost_bp_per_year"] as? Double ?? 0) - 2.1666) < 1e-3)
  }

  @Test func `holds the bookkeeping identity on real data`() throws {
    let run = try rebalance(
      "evaluate", "--env", "envs/us-stock-bond-v0.yaml", "--json", "--policy", "rule:band(0.05)",
      "--policy", "rule:calendar(monthly)")
    let rows = try #require(try run.json()["policies"] as? [[String: Any]])
    for row in rows {
      let error = try #require(row["identity_error"] as? Double)
      #expect(error < 1e-9)
      #expect(row["trades"] as? Int ?? 0 > 0)
    }
  }

  @Test func `lists what is there`() throws {
    for kind in ["envs", "agents", "experiments", "policies"] {
      let run = try rebalance("list", kind, "--json")
      let items = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]]
      #expect(try #require(items).count > 1 || kind == "experiments")
    }
  }
}
