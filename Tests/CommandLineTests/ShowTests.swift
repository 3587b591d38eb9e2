import Foundation
import Testing

@Suite struct ShowTests {
  @Test func `describes spaces, market, costs and time per step in JSON`() throws {
    let run = try rebalance("show", "envs/four-asset-r1-v0.yaml", "--json")
    #expect(run.status == 0, "\(run.errors)")
    let document = try run.json()
    #expect(
      Set(document.keys) == [
        "env", "assets", "observation_space", "action_space", "market", "costs", "drift_cost",
        "reward", "tax", "payment", "flows", "episode", "step_time",
      ])
    let space = try #require(document["observation_space"] as? [String: Any])
    let columns = try #require(space["columns"] as? [[String: Any]])
    #expect(columns.count == 12)
    #expect(columns[0]["name"] as? String == "weight_deviation[0]")
    #expect(columns[0]["low"] as? Double == -1)
    #expect(columns[4]["low"] is NSNull)
    let actions = try #require(document["action_space"] as? [String: Any])["actions"]
    #expect((actions as? [[String: Any]])?.map { $0["fraction"] as? Double } == [0, 0.5, 1])
    let market = try #require(document["market"] as? [String: Any])
    #expect(market["model"] as? String == "lognormal")
    let volatility = try #require(market["volatility_per_year"] as? [Double])
    #expect(abs(volatility[0] - 0.0115 * 252.0.squareRoot()) < 1e-12)
    let time = try #require(document["step_time"] as? [String: Double])
    #expect(time["scalar_ns"] ?? 0 > time["batched_ns"] ?? .infinity)
  }

  @Test func `finds an environment by file and by name, and takes overrides`() throws {
    let byFile = try rebalance("show", "envs/two-asset-monthly-v0.yaml")
    let byName = try rebalance("show", "two-asset-monthly-v0")
    let describes = { (run: Run) in run.output.split(separator: "\n").dropLast() }
    #expect(describes(byFile) == describes(byName))
    #expect(byName.output.contains("costs        half spread 10 bp\n"))
    let dear = try rebalance("show", "two-asset-monthly-v0", "--set", "cost_per_unit=0.01")
    #expect(dear.output.contains("costs        half spread 50 bp\n"))
  }

  @Test func `describes every environment within 80 columns`() throws {
    let list = try rebalance("list", "envs", "--json")
    let data = Data(list.output.utf8)
    let items = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    #expect(items.count >= 5)
    for item in items {
      #expect(item["error"] == nil)
      let id = try #require(item["id"] as? String)
      let run = try rebalance("show", id)
      #expect(run.status == 0, "\(run.errors)")
      let lines = run.output.split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= 80 }, "\(id)")
      for words in ["environment  \(id)", "market ", "costs ", "tax ", "action ", "one step here"] {
        #expect(lines.contains { $0.contains(words) }, "\(id): \(words)")
      }
    }
  }

  @Test func `lists environments in a line each`() throws {
    let run = try rebalance("list", "envs")
    let lines = run.output.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    let r1 = try #require(lines.first { $0.hasPrefix("four-asset-r1-v0 ") })
    #expect(
      r1.split(separator: " ").map(String.init) == [
        "four-asset-r1-v0", "4", "lognormal", "252", "252", "10", "bp", "flat", "20%",
      ])
  }

  @Test func `says of a wrong key where it stands and what is valid`() throws {
    let run = try rebalance("show", "two-asset-monthly-v0", "--set", "kappa=1", "--json")
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("unknown key “kappa”"))
    let none = try rebalance("show", "nothing")
    #expect(none.status == 64)
    #expect(none.errors.hasPrefix("error: nothing: no environment is called so; valid are a file"))
    #expect(none.errors.contains("two-asset-monthly-v0"))
  }

  @Test func `measures environments by copies, assets and memory`() throws {
    let run = try rebalance("bench", "environment", "--json")
    let rows = try #require(try run.json()["results"] as? [[String: Any]])
    func value(_ name: String) -> Double {
      rows.first { $0["name"] as? String == name }?["value"] as? Double ?? .nan
    }
    // Fifteen times and more, so that a busy machine does not matter.
    for copies in [4, 16] { #expect(value("r1/float/\(copies)") > value("r1/scalar")) }
    #expect(value("memory/r1/float/1000000") > 0)
    #expect(value("memory/r1/float/1000000") <= 300)
    for copies in [1_000, 10_000, 100_000, 1_000_000] {
      #expect(value("r1/float/\(copies)") > 0)
    }
    for assets in [2, 4, 8, 16, 32, 64] { #expect(value("assets/\(assets)/float/4096") > 0) }
    let threads = rows.filter { $0["name"] as? String == "r1/float/4096" }
      .compactMap { $0["threads"] as? Int }
    #expect(threads == [1, 2])
  }
}
