import Foundation
import Testing

private let monthly = ["--env", "envs/two-asset-monthly-v0.yaml"]

@Suite struct AttributeTests {
  @Test func `contributions in JSON sum to the total, which is the policy minus never`() throws {
    let run = try rebalance(
      [
        "attribute", "--policy", "rule:band(0.03)", "--seed", "5", "--episode", "2", "--json",
      ] + monthly)
    #expect(run.status == 0, "\(run.errors)")
    let document = try run.json()
    #expect(document["episode"] as? Int == 2)
    let decisions = try #require(document["decisions"] as? [[String: Any]])
    #expect(decisions.count > 1)
    let total = try #require(document["total"] as? [String: Any])
    func number(_ contribution: [String: Any], _ part: String, _ term: String) -> Double {
      (contribution[part] as? [String: Double])?[term] ?? .nan
    }
    for part in ["bp", "money"] {
      for term in ["drift", "transaction", "tax"] {
        let sum = decisions.reduce(0) {
          $0 + number($1["contribution"] as? [String: Any] ?? [:], part, term)
        }
        #expect(abs(sum - number(total, part, term)) < 1e-9, "\(part) \(term)")
      }
    }
    var costs: [Double] = []
    for rule in ["rule:band(0.03)", "rule:never"] {
      let run = try rebalance(
        ["simulate", "--policy", rule, "--seed", "5", "--episode", "2", "--json"] + monthly)
      let totals = try #require(try run.json()["totals"] as? [String: Double])
      costs.append((totals["drift_bp"] ?? .nan) + (totals["transaction_bp"] ?? .nan))
    }
    let gain = number(total, "bp", "drift") + number(total, "bp", "transaction")
    #expect(abs(gain - (costs[1] - costs[0])) < 1e-9)
  }

  @Test func `shows a table of at most 80 columns`() throws {
    let run = try rebalance("attribute", "--env", "us-stock-bond-v0", "--policy", "rule:band(0.02)")
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines[0].hasPrefix("date"))
    #expect(lines.contains { $0.hasPrefix("all ") })
  }

  @Test func `refuses an episode that is not there`() throws {
    let run = try rebalance(
      "attribute", "--env", "us-stock-bond-v0", "--policy", "rule:never", "--episode", "1")
    #expect(run.status == 64)
    #expect(run.errors.contains("has one: 0"))
  }
}

@Suite struct ExplainTests {
  @Test func `shows the decision, the map and the nearest rule`() throws {
    let run = try rebalance(
      ["explain", "--policy", "rule:band(0.05)", "--weights", "0.66,0.34"] + monthly)
    #expect(run.status == 0, "\(run.errors)")
    for words in [
      "REBALANCE_FULL", "RISKY 66.00 (target 60.00)", "55.00", "65.00",
      "optimum, no trade: 56.18 … 63.15", "▲", "nearest rules",
    ] {
      #expect(run.output.contains(words), "\(words)")
    }
    let map = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("policy ") })
    let cells = map.filter { "·▒█".contains($0) }
    #expect(cells.count == 65)
    // From 50.5 to 69.5 %: full below 55 and above 65.
    #expect(cells.count { $0 == "█" } == 30)
    #expect(cells.count { $0 == "·" } == 35)
    #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: ["checkpoint", "bundle"])
  func `explains what was learned, with the scores of its actions`(kind: String) throws {
    let paths = try Trained.shared.get().paths
    let policy = kind == "bundle" ? paths.bundle : paths.checkpoint
    let run = try rebalance(
      ["explain", "--policy", policy, "--weights", "0.7,0.3", "--json"] + monthly)
    #expect(run.status == 0, "\(run.errors)")
    let document = try run.json()
    let decision = try #require(document["decision"] as? [String: Any])
    let scores = try #require(decision["scores"] as? [[String: Any]])
    #expect(scores.compactMap { $0["action"] as? String } == ["none", "50 %", "100 %"])
    let values = scores.compactMap { $0["score"] as? Double }
    let best = try #require(values.indices.max { values[$0] < values[$1] })
    #expect(decision["fraction"] as? Double == [0, 0.5, 1][best])
    let line = try #require(document["line"] as? [String: Any])
    #expect((line["segments"] as? [[String: Any]])?.isEmpty == false)
    #expect((document["rules"] as? [[String: Any]])?.count == 5)
    #expect(document["optimum"] != nil)
  }

  @Test func `takes a request as the state`() throws {
    let run = try rebalance(
      "explain", "--env", "two-asset-monthly-v0", "--policy", "rule:band(0.05)", "--request",
      "Tests/CommandLineTests/request.json")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("a request"))
  }

  @Test func `writes a figure, or says that it cannot`() throws {
    let work = try Workplace()
    let arguments =
      ["explain", "--policy", "rule:band(0.05)", "--figure", work.path("map.svg")] + monthly
    let bare = try rebalance(arguments, environment: ["PATH": work.folder.path])
    #expect(bare.output.hasSuffix("No figure: gnuplot-nox is not installed\n"))
    #expect(work.names.isEmpty)
    let run = try rebalance(arguments)
    #expect(run.status == 0)
    #expect(try contents(work.folder.path)["map.svg"]?.isEmpty == false)
  }

  @Test(arguments: [
    (["--weights", "0.7,0.4"], Int32(64), "sum 1"),
    (["--weights", "0.7;0.3"], 64, "no number"), (["--weights", "1"], 64, "2 are needed"),
    (["--step", "120"], 64, "0 to 119 are valid"),
    (["--request", "README.md"], 65, "not JSON"),
    (["--request", "absent.json"], 64, "no file is there"),
    (["--request", "README.md", "--step", "3"], 64, "--request"),
    (["--figure", "map.png"], 64, ".svg"),
  ])
  func `refuses what it cannot explain`(
    arguments: [String], status: Int32, says: String
  ) throws {
    let run = try rebalance(
      ["explain", "--policy", "rule:band(0.05)", "--json"] + monthly + arguments)
    #expect(run.status == status, "\(run.errors)")
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(says), "\(run.errors)")
  }
}
