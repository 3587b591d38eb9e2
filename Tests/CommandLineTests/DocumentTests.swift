import Foundation
import Testing

/// The rows of a JSON document and the keys that each must have.
struct Rows: Sendable, CustomTestStringConvertible {
  let command: String
  let list: String
  let count: Int
  let keys: Set<String>
  var testDescription: String { command + ": " + list }
}

private let sampled =
  "evaluate --env envs/two-asset-monthly-v0.yaml --episodes 3 --policy rule:always "
  + "--policy rule:band(0.05) --policy rule:never"
private let exact =
  "evaluate --env envs/two-asset-monthly-v0.yaml --exact --policy rule:never --policy rule:always"

private let rows = [
  Rows(
    command: exact, list: "policies", count: 2,
    keys: [
      "name", "cost_bp_per_year", "transaction_bp", "drift_bp", "turnover_per_year",
      "tracking_error_bp", "trades_per_year", "gap_percent", "gap_against",
    ]),
  Rows(
    command: sampled, list: "policies", count: 3,
    keys: [
      "name", "cost_bp_per_year", "transaction_bp", "drift_bp", "tax_bp", "turnover_per_year",
      "tracking_error_bp", "trades_per_year", "trades", "final_value", "identity_error",
      "reward_per_step",
    ]),
  Rows(
    command: sampled, list: "pairs", count: 3,
    keys: ["first", "second", "cost_difference_bp", "interval_95"]),
  Rows(
    command: "evaluate --env envs/us-stock-bond-v0.yaml --window crises --policy rule:never",
    list: "windows", count: 3, keys: ["name", "from", "through", "covered", "policies"]),
  Rows(
    command: "data check envs/data/us-stock-bond.csv", list: "assets", count: 3,
    keys: [
      "asset", "rows", "first", "last", "annual_return", "annual_volatility", "largest_move",
      "gaps",
      "suspect_prints",
    ]),
]

/// The keys of a document and of all in it.
private func allKeys(_ value: Any) -> Set<String> {
  switch value {
  case let map as [String: Any]:
    map.reduce(into: Set(map.keys)) { $0.formUnion(allKeys($1.value)) }
  case let list as [Any]: list.reduce(into: []) { $0.formUnion(allKeys($1)) }
  default: []
  }
}

@Suite struct DocumentTests {
  @Test(arguments: rows)
  func `gives rows of a fixed shape`(_ rows: Rows) throws {
    let run = try rebalance(rows.command.split(separator: " ").map(String.init) + ["--json"])
    #expect(run.status == 0)
    let list = try #require(try run.json()[rows.list] as? [[String: Any]])
    #expect(list.count == rows.count)
    for row in list { #expect(rows.keys.isSubset(of: row.keys), "\(row.keys.sorted())") }
  }

  @Test(arguments: [
    "data check envs/data/us-stock-bond.csv", sampled, exact, "doctor", "list envs",
    "show two-asset-monthly-v0", "bench decision", "solve --env two-asset-monthly-v0",
  ])
  func `names keys in snake case`(command: String) throws {
    let run = try rebalance(command.split(separator: " ").map(String.init) + ["--json"])
    let keys = allKeys(try JSONSerialization.jsonObject(with: Data(run.output.utf8)))
    #expect(!keys.isEmpty)
    for key in keys { #expect(key == key.lowercased() && !key.contains("-"), "\(key)") }
  }

  @Test func `gives means with standard errors, and pairs with intervals around them`() throws {
    let document = try rebalance(sampled.split(separator: " ").map(String.init) + ["--json"]).json()
    let policies = try #require(document["policies"] as? [[String: Any]])
    let means = try policies.map { row in
      let estimate = try #require(row["cost_bp_per_year"] as? [String: Double])
      #expect(try #require(estimate["standard_error"]) > 0)
      return try #require(estimate["mean"])
    }
    let pairs = try #require(document["pairs"] as? [[String: Any]])
    #expect(
      pairs.map { "\($0["first"] ?? "") \($0["second"] ?? "")" } == [
        "rule:always rule:band(0.05)", "rule:always rule:never", "rule:band(0.05) rule:never",
      ])
    for (pair, (a, b)) in zip(pairs, [(0, 1), (0, 2), (1, 2)]) {
      let difference = try #require(pair["cost_difference_bp"] as? [String: Double])
      let mean = try #require(difference["mean"])
      #expect(abs(mean - (means[a] - means[b])) < 1e-9)
      let interval = try #require(pair["interval_95"] as? [Double])
      #expect(interval.count == 2 && interval[0] < mean && mean < interval[1])
    }
  }

  @Test func `leaves null where a policy has no exact score`() throws {
    let document = try rebalance(exact.split(separator: " ").map(String.init) + ["--json"]).json()
    let policies = try #require(document["policies"] as? [[String: Any]])
    let figures = policies[0].filter { $0.key != "name" && $0.key != "reason" }
    #expect(figures.count == 8)
    #expect(figures.values.allSatisfy { $0 is NSNull })
    #expect(policies[1]["reason"] == nil)
  }

  @Test func `measures decisions`() throws {
    let document = try rebalance("bench", "decision", "--json").json()
    let results = try #require(document["results"] as? [[String: Any]])
    #expect(!results.isEmpty)
    for result in results {
      #expect((result["name"] as? String)?.hasPrefix("decision/") == true)
      #expect(try #require(result["value"] as? Double) > 0)
      #expect(result["unit"] is String)
      #expect(result["threads"] is Int)
    }
  }

  @Test func `verifies and decides`() throws {
    let bundle = try Trained.shared.get().bundle
    let verified = try rebalance("verify", bundle, "--json").json()
    #expect(verified["name"] as? String == "checkpoint")
    #expect(verified["version"] as? String == "1.0.0")
    #expect(verified["environment"] as? String == "two-asset-monthly-v0")
    #expect(try #require(verified["conformance_vectors"] as? Int) >= 2000)
    let request = try Workplace.text("Tests/CommandLineTests/request.json")
    for flags in [[], ["--json"]] {
      let run = try rebalance(["decide", "--policy", bundle] + flags, input: request)
      #expect(run.status == 0)
      let decision = try run.json()
      #expect(
        Set(decision.keys) == [
          "action", "date", "fraction", "policy", "reason_codes", "reasons", "scores", "trades",
          "weights",
        ])
      let trades = try #require(decision["trades"] as? [String: Double])
      #expect(abs(trades.values.reduce(0, +)) < 1e-9)
    }
  }

  @Test func `trains and exports with a document each`() throws {
    let work = try Workplace()
    let trained = try train(work.path("q"), "--json")
    #expect(trained.status == 0)
    #expect(
      Set(try trained.json().keys) == ["agent", "checkpoint", "environment", "seed", "steps"])
    let exported = try rebalance(
      "export", work.path("q"), "--out", work.path("b"), "--name", "mine", "--policy-version",
      "2.1.0", "--unevaluated", "--json")
    #expect(exported.status == 0)
    #expect(try exported.json()["name"] as? String == "mine")
    #expect(try exported.json()["version"] as? String == "2.1.0")
  }
}
