import Foundation
import Testing

private let monthly = ["--env", "envs/two-asset-monthly-v0.yaml"]

@Suite struct SimulateTests {
  @Test func `lists every step in JSON, with sums that are those of the steps`() throws {
    let run = try rebalance(
      ["simulate", "--policy", "rule:band(0.05)", "--seed", "3", "--json"] + monthly)
    #expect(run.status == 0, "\(run.errors)")
    let document = try run.json()
    #expect(
      Set(document.keys) == [
        "env", "policy", "seed", "episode", "assets", "target_weights", "band", "steps", "end",
        "totals", "files",
      ])
    let steps = try #require(document["steps"] as? [[String: Any]])
    #expect(steps.count == 120)
    let totals = try #require(document["totals"] as? [String: Double])
    for key in ["turnover", "drift_bp", "transaction_bp", "tax_bp", "reward"] {
      let sum = steps.reduce(0) { $0 + ($1[key] as? Double ?? .nan) }
      #expect(abs(sum - (totals[key] ?? .nan)) < 1e-12, "\(key)")
    }
    var trades = 0.0
    for step in steps {
      #expect(identityError(of: step) < 1e-12)
      let weights = try #require(step["weights"] as? [Double])
      let isOutside = abs(weights[0] - 0.6) > 0.05
      #expect((step["turnover"] as? Double ?? .nan > 0) == isOutside)
      #expect(step["fraction"] as? Double == (isOutside ? 1 : 0))
      trades += isOutside ? 1 : 0
    }
    #expect(trades > 0)
    #expect(totals["trades"] == trades)
  }

  /// How far the bookkeeping identity of a step is from holding.
  private func identityError(of step: [String: Any]) -> Double {
    func number(_ key: String) -> Double { step[key] as? Double ?? .nan }
    let costs = (number("transaction_bp") + number("tax_bp")) * 1e-4
    let kept = number("value") * (1 - costs) * (1 + number("portfolio_return"))
    return abs(kept + number("flow") - number("value_after"))
  }

  @Test func `moves prices so that an untouched portfolio is worth what they say`() throws {
    let run = try rebalance(
      "simulate", "--env", "us-factors-v0", "--policy", "rule:never", "--json")
    let document = try run.json()
    let targets = try #require(document["target_weights"] as? [Double])
    for row in try #require(document["steps"] as? [[String: Any]]) {
      let prices = try #require(row["prices"] as? [Double])
      let worth = zip(targets, prices).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(worth / (row["value"] as? Double ?? .nan) - 1) < 1e-12)
    }
  }

  @Test func `plays the paths that evaluate plays`() throws {
    let policy = ["--policy", "rule:band(0.02)", "--seed", "9", "--json"]
    let evaluation = try rebalance(["evaluate", "--episodes", "2"] + monthly + policy).json()
    let row = try #require((evaluation["policies"] as? [[String: Any]])?.first)
    var cost = 0.0
    var trades = 0.0
    for episode in ["0", "1"] {
      let run = try rebalance(["simulate", "--episode", episode] + monthly + policy)
      let totals = try #require(try run.json()["totals"] as? [String: Double])
      cost += (totals["transaction_bp"] ?? .nan) + (totals["drift_bp"] ?? .nan)
      trades += totals["trades"] ?? .nan
    }
    let mean = try #require(row["cost_bp_per_year"] as? [String: Double])["mean"]
    #expect(abs(cost / 20 - (mean ?? .nan)) < 1e-9)
    #expect(row["trades"] as? Double == trades)
  }

  @Test func `writes every step and the figure, twice to the same bytes`() throws {
    let work = try Workplace()
    let arguments = ["simulate", "--policy", "rule:closed_form", "--out", work.path("look")]
    #expect(try rebalance(arguments + monthly).status == 0)
    let files = try contents(work.path("look"))
    #expect(Set(files.keys) == ["episode.png", "episode.svg", "steps.csv"])
    let lines = String(decoding: files["steps.csv"] ?? Data(), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    #expect(lines.count == 121)
    let header = """
      step,date,value,price_RISKY,price_NUMERAIRE,weight_RISKY,weight_NUMERAIRE,fraction,turnover,\
      drift_bp,transaction_bp,tax_bp,reward,portfolio_return,flow,value_after
      """
    #expect(lines[0] == header)
    #expect(lines[1].hasPrefix("0,2000-01-15,1.0,1.0,1.0,0.6,0.4,0.0,"))
    let svg = String(decoding: files["episode.svg"] ?? Data(), as: UTF8.self)
    for words in ["RISKY", "NUMERAIRE", "target", "band", "transaction", "cumulated cost, bp"] {
      #expect(svg.contains(words), "\(words)")
    }
    let png = Array((files["episode.png"] ?? Data()).prefix(4))
    #expect(png == [0x89, 0x50, 0x4E, 0x47])
    #expect(try rebalance(arguments + monthly).status == 0)
    #expect(try contents(work.path("look"))["steps.csv"] == files["steps.csv"])
    #expect(work.names == ["look"])
  }

  @Test func `names assets in the figure and the table as they are called`() throws {
    let work = try Workplace()
    let out = work.path("look")
    let run = try rebalance(
      ["simulate", "--policy", "rule:never", "--out", out, "--set", "assets=[\"O'K_1, x\", B]"]
        + monthly)
    #expect(run.status == 0, "\(run.errors)")
    let files = try contents(out)
    #expect(String(decoding: files["episode.svg"] ?? Data(), as: UTF8.self).contains("O'K_1, x"))
    #expect(
      String(decoding: files["steps.csv"] ?? Data(), as: UTF8.self).contains("\"price_O'K_1, x\""))
  }

  @Test func `goes without a figure where gnuplot is not installed, and says so`() throws {
    let work = try Workplace()
    let run = try rebalance(
      ["simulate", "--policy", "rule:never", "--out", work.path("look")] + monthly,
      environment: ["PATH": work.folder.path])
    #expect(run.status == 0)
    #expect(run.output.hasSuffix("No figure: gnuplot-nox is not installed\n"))
    #expect(Set(try contents(work.path("look")).keys) == ["steps.csv"])
  }

  @Test(arguments: [
    ("two-asset-monthly-v0", "rule:always"), ("two-asset-monthly-v0", "rule:never"),
    ("us-factors-v0", "rule:band(0.01)"), ("us-stock-bond-v0", "rule:band(0.05,to=0.025)"),
    ("four-asset-r1-v0", "rule:calendar(quarterly)"),
  ])
  func `fits 80 columns and condenses long episodes`(env: String, policy: String) throws {
    let run = try rebalance("simulate", "--env", env, "--policy", policy)
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count < 60)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines.contains { $0.hasPrefix("end, sums") })
  }

  @Test func `shows a short episode whole`() throws {
    let run = try rebalance(
      ["simulate", "--policy", "rule:always", "--set", "horizon_steps=2", "--seed", "3"] + monthly)
    #expect(
      run.output == """
        date         value  RISKY  NUMERAIRE  trade %   drift    cost   reward
        ──────────  ──────  ─────  ─────────  ───────  ──────  ──────  ───────
        2000-01-15  1.0000  60.00      40.00           0.0000  0.0000   0.0000
        2000-02-14  1.0414  61.59      38.41   1.5884  0.0000  0.3177  -0.3177
        end, sums   1.0611  60.75      39.25   1.5884  0.0000  0.3177  -0.3177
        weights before the trade in %; drift, cost in bp of value
        last row: value and weights on 2000-03-15, sums of the rest
        2 steps, 1 trade; bookkeeping identity to 0

        """)
  }

  @Test(arguments: [
    (
      ["--policy", "rule:never", "--env", "us-stock-bond-v0", "--episode", "3"],
      "us-stock-bond-v0: episode 3 is given, data that is replayed from a fixed day has one: 0"
    ),
    (
      [
        "--policy", "rule:never", "--env", "two-asset-monthly-v0", "--set", "horizon_steps=9000000",
      ],
      "two-asset-monthly-v0: an episode of 9000000 steps is too long to be listed, "
        + "up to 5000000 are valid: --set horizon_steps=5000000"
    ),
    (["--policy", "rule:bnd", "--env", "two-asset-monthly-v0"], "no rule is called “bnd”"),
    (["--policy", "rule:never", "--env", "two-asset"], "two-asset: no environment is called so"),
    (["--policy", "rule:never"], "--env"),
    (["--env", "two-asset-monthly-v0"], "--policy"),
    (["--policy", "rule:never", "--env", "two-asset-monthly-v0", "--episode", "-1"], "--episode"),
  ])
  func `answers wrong usage with 64 and a reason`(arguments: [String], says: String) throws {
    let work = try Workplace()
    let run = try rebalance(["simulate", "--out", work.path("out"), "--json"] + arguments)
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(work.names.isEmpty)
  }

  @Test func `replaces no folder of other files`() throws {
    let work = try Workplace()
    _ = try work.file("notes.txt", "mine")
    let run = try rebalance(
      ["simulate", "--policy", "rule:never", "--out", work.folder.path, "--json"] + monthly)
    #expect(run.status == 65)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("cannot be written: it holds “notes.txt”"))
    #expect(work.names == ["notes.txt"])
  }
}
