import Foundation
import Testing

@Suite struct OracleTests {
  /// RB-1 in basis points per year: any trade, over 0, ½ and 1, always, a band of 5 % to the target.
  @Test(arguments: [
    ("--daily", [[0.7070, 0.7313, 9.898, 0.892], [2.0972, 2.1666, 49.49, 3.280]]),
    ("--monthly", [[0.6885, 0.7067, 2.161, 0.873], [2.0780, 2.1408, 10.80, 3.030]]),
  ])
  func `the two-asset task is solved without a file`(
    _ step: String, _ expected: [[Double]]
  ) throws {
    let document = try rebalance("oracle", "rb-1", step, "--json").json()
    let cases = try #require(document["cases"] as? [[String: Any]])
    #expect(cases.count == 2)
    for (row, figures) in zip(cases, expected) {
      let rules = try #require(row["rules"] as? [[String: Any]])
      #expect(rules.count == 13)
      let optima = ["unrestricted", "own_actions"].map { row[$0] as? [String: Any] }
      let costs = (optima + [rules[0], rules[4]]).map { $0?["cost_bp_per_year"] as? Double ?? 0 }
      for (cost, figure) in zip(costs, figures) { #expect(abs(cost - figure) < 1e-3 * figure) }
    }
  }

  @Test func `the three-asset programme prints its cost and its region`() throws {
    let document = try rebalance(
      "oracle", "myrgren", "--step", "0.01", "--correlations", "-0.6,-0.2,0.5", "--json"
    ).json()
    #expect(abs(try #require(document["cost_bp"] as? Double) - 34.65) < 0.1)
    let region = try #require(document["no_trade"] as? [[Double]])
    #expect(region.count == 3 && region.allSatisfy { $0.count == 2 && $0[0] < $0[1] })
    let fractions = try rebalance(
      "oracle", "myrgren", "--step", "0.02", "--months", "3", "--actions", "0,0.5,1", "--json"
    ).json()
    #expect(fractions["actions"] as? [Double] == [0, 0.5, 1])
  }

  @Test func `the oracles of taxes print what is known`() throws {
    let harvest = try rebalance("oracle", "harvesting", "--json").json()
    let rows = try #require(harvest["rows"] as? [[String: Double]])
    for (row, gain) in zip(rows, [2208.2, 4877.3, 21671.5]) {
      #expect(abs((row["gain"] ?? 0) - gain) < 0.05)
    }
    #expect(rows.count == 3)
    let deferral = try rebalance("oracle", "tax-deferral", "--months", "12", "--json").json()
    let rules = try #require(deferral["rules"] as? [[String: Any]])
    #expect(
      rules.map { $0["rule"] as? String } == ["optimum", "always", "once_long_term", "never"])
  }

  @Test(arguments: [
    ("rb-1 --daily --monthly", "exclude each other"), ("rb-1 --kappa 0", "--kappa 0.0"),
    ("rb-1 --kappa 0.1,x", "kappa"), ("rb-1 --gamma -1", "gamma"),
    ("myrgren --step 0.03", "the step is 0.03"), ("myrgren --weights 0.5,0.5", "2 weights"),
    ("myrgren --actions 0.5,1", "with 0 among them"), ("myrgren --months 0", "0 months"),
    ("myrgren --correlations -0.9,-0.9,-0.9", "not positive definite"),
    ("myrgren --costs-bp 10000,0,0", "costs"), ("myrgren --workers 0", "--workers 0"),
    ("harvesting --short 1", "the short-term rate is 1.0"),
    ("harvesting --return -1", "the return is -1.0"),
    ("tax-deferral --weight 1.2", "the weight is 1.2"), ("tax-deferral --end never", "--end never"),
    ("tax-deferral --months 0", "0 months"),
  ])
  func `parameters out of range end with code 64 and what is valid`(
    _ arguments: String, _ says: String
  ) throws {
    let run = try rebalance(["oracle"] + arguments.split(separator: " ").map(String.init))
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(says), "\(run.errors)")
  }
}
