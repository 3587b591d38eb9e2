import Foundation
import Testing

@Suite struct RuleCommandTests {
  private static let environment = "envs/us-stock-bond-v0.yaml"

  private func request(_ changes: [String: Any] = [:]) throws -> String {
    let text = try Workplace.text("Tests/CommandLineTests/request-with-facts.json")
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let fields = try #require(object as? [String: Any]).merging(changes) { $1 }
    return String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
  }

  private func decide(_ rule: String, _ request: String) throws -> Run {
    try rebalance(["decide", "--policy", rule, "--env", Self.environment], input: request)
  }

  @Test func `a rule decides on a request as a bundle does`() throws {
    let run = try decide("rule:band(0.01)", request())
    #expect(run.status == 0, "\(run.errors)")
    let decision = try run.json()
    #expect(decision["action"] as? String == "REBALANCE_FULL")
    let trades = try #require(decision["trades"] as? [String: Double])
    #expect(abs(try #require(trades["US_STOCK"]) + 2000) < 1e-6)
    #expect((decision["policy"] as? [String: String])?["name"] == "rule:band(0.01)")
  }

  @Test func `a rule that waits says so, until the request says since when`() throws {
    let waiting = try decide("rule:delay(band(0.01),days=60)", request()).json()
    #expect(waiting["action"] as? String == "NO_ACTION" && waiting["waiting"] as? Bool == true)
    let late = try decide(
      "rule:delay(band(0.01),days=60)", request(["waiting_since": "2017-01-01"])
    ).json()
    #expect(late["action"] as? String == "REBALANCE_FULL" && late["waiting"] == nil)
  }

  @Test func `what a rule lacks is refused`() throws {
    let lacking = try decide("rule:delay(band(0.01),days=60)", request(["facts": [:]]))
    #expect(lacking.status == 65)
    #expect(lacking.errors.contains("facts.trend: missing"))
    let unknown = try decide("rule:bnd(1)", request())
    #expect(unknown.status == 64 && unknown.errors.contains("no rule is called “bnd”"))
    let homeless = try rebalance("decide", "--policy", "rule:always", input: request())
    #expect(homeless.status == 64 && homeless.errors.contains("--env"))
  }

  @Test func `all rules are shown within 80 columns, with what they need`() throws {
    let run = try rebalance("list", "policies")
    let agents = try rebalance("list", "agents")
    #expect(run.status == 0 && agents.status == 0)
    #expect((run.output + agents.output).split(separator: "\n").allSatisfy { $0.count <= 80 })
    for text in ["rule:closed_form[(M)]", "needs volatility_index", "rule:any(RULE,RULE…)"] {
      #expect(run.output.contains(text), "\(text)")
    }
    let list = try JSONSerialization.jsonObject(
      with: Data(rebalance("list", "policies", "--json").output.utf8))
    let items = try #require(list as? [[String: Any]])
    let gate = items.first { ($0["name"] as? String)?.hasPrefix("rule:cost_benefit") == true }
    #expect((gate?["needs"] as? String)?.contains("tax_to_target") == true)
  }

  @Test func `the exact law refuses what is more than a function of the weights`() throws {
    let run = try rebalance(
      "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--exact", "--json", "--policy",
      "rule:any(calendar(annual),band(0.05))", "--policy", "rule:cost_benefit(1)", "--policy",
      "rule:any(band(0.05),never)", "--policy", "rule:band(0.05)")
    let policies = try #require(try run.json()["policies"] as? [[String: Any]])
    let reasons = policies.map { $0["reason"] as? String }
    #expect(reasons[0]?.hasSuffix("it looks at dates") == true)
    #expect(reasons[1]?.hasSuffix("it needs drift_cost_per_year") == true)
    let costs = policies.suffix(2).compactMap { $0["cost_bp_per_year"] as? Double }
    #expect(costs.count == 2 && costs.first == costs.last)
  }

  @Test func `oracles print what is published`() throws {
    let growth = try rebalance(
      "oracle", "ggms", "--mu", "0.08", "--sigma", "0.16", "--gamma", "5", "--spread", "0.01",
      "--json"
    ).json()
    #expect(
      Set(growth.keys) == [
        "buy_boundary", "sell_boundary", "equivalent_safe_rate_bp",
        "equivalent_safe_rate_loss_bp", "share_turnover", "wealth_turnover",
      ])
    #expect(abs(try #require(growth["buy_boundary"] as? Double) - 0.58194) < 1e-5)
    let refused = try rebalance(
      "oracle", "ggms", "--mu", "0.08", "--sigma", "0.16", "--gamma", "5", "--spread", "2")
    #expect(refused.status == 64 && refused.errors.contains("the spread is 2.0"))
    let forms = try rebalance(
      "oracle", "closed-form", "--target", "0.6", "--sigma", "0.1628", "--kappa", "0.002",
      "--gamma", "5", "--json"
    ).json()
    #expect((forms["rules"] as? [[String: Any]])?.count == 7)
  }
}
