import Algebra
import Deployment
import Experiments
import Foundation
import Learning
import Markets
import Rebalancing
import Testing

/// A bundle for the taxable environment with facts of every kind, and a request in its midst.
private struct Taxable {
  static let shared = Result { try Taxable() }

  let bundle: PolicyBundle
  let builder: ObservationBuilder
  let request: PortfolioSnapshot

  init() throws {
    var (task, _) = try watched("taxable-eight-asset-v0.yaml")
    builder = ObservationBuilder(
      features: [
        .weightDeviation, .unrealizedGain, .fact(.taxToTarget), .fact(.daysToLongTerm),
        .fact(.harvestableLoss), .fact(.accruedTax), .fact(.daysSinceTrade),
        .fact(.volatilityIndex),
        .fact(.driftCostPerYear),
      ], assetCount: task.assets.count)
    task.observation = builder
    bundle = try makeBundle(task)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    for step in 0..<40 { _ = environment.step(step % 7 == 3 ? 2 : 0) }
    request = environment.request
  }
}

/// The bundle of a network that sees what a task shows.
private func makeBundle(_ task: RebalancingTask) throws -> PolicyBundle {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: folder) }
  let builder = task.observation
  let policy = LearnedPolicy.network(
    Network(
      sizes: [builder.size, 8, 3], outputGain: 1, random: RandomSource(seed: 7), index: 0))
  try PolicyBundle.write(
    .init(
      name: "taxable", version: "1.0.0", environment: .init(id: task.id, sha256: "0"),
      provenance: [:]), policy: policy,
    schema: FeatureSchema(
      builder, assets: task.assets,
      moments: builder.columns.map { _ in RunningStatistics([-0.1, 0.1]) }),
    actions: [0, 0.5, 1],
    attachments: [FactConstants.fileName: try FactConstants(task).encoded()], to: folder)
  return try PolicyBundle.load(folder).bundle
}

/// The bundle and the request, for other tests.
func taxableBundle() throws -> (bundle: PolicyBundle, request: PortfolioSnapshot) {
  let taxable = try Taxable.shared.get()
  return (taxable.bundle, taxable.request)
}

/// The error of a request that is changed and then decided on.
private func refusal(
  _ change: (inout PortfolioSnapshot) -> Void
) throws -> RequestError? {
  let taxable = try Taxable.shared.get()
  var request = taxable.request
  change(&request)
  let data = try JSONEncoder().encode(request)
  return #expect(throws: RequestError.self) { try taxable.bundle.decide(request: data) }
}

@Suite struct RequestTests {
  @Test func `decides by what it builds from lots, tax record and indicators`() throws {
    let taxable = try Taxable.shared.get()
    let response = try taxable.bundle.decide(request: JSONEncoder().encode(taxable.request))
    #expect(response.scores.count == 3)
    #expect(response.reasonCodes.isEmpty)
  }

  @Test func `needs no holdings where units and prices say them`() throws {
    let taxable = try Taxable.shared.get()
    let data = try JSONEncoder().encode(taxable.request)
    var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    object["holdings"] = nil
    let without = try JSONSerialization.data(withJSONObject: object)
    let bundle = taxable.bundle
    let (given, worked) = (try bundle.decide(request: data), try bundle.decide(request: without))
    #expect(given.action == worked.action)
    object["units"] = nil
    let neither = try JSONSerialization.data(withJSONObject: object)
    let error = #expect(throws: RequestError.self) { try bundle.decide(request: neither) }
    #expect(error?.description == "holdings: missing")
  }

  @Test func `takes an observation that agrees, and refuses another by its column`() throws {
    let taxable = try Taxable.shared.get()
    let whole = try taxable.bundle.complete(taxable.request)
    let observation = try taxable.builder.observe(whole)
    var request = taxable.request
    request.observation = observation
    _ = try taxable.bundle.decide(request: JSONEncoder().encode(request))
    let error = try refusal { $0.observation = observation.map { $0 + 0.01 } }
    #expect(error?.description.hasPrefix("observation[0] (weight_deviation[0]): ") == true)
    #expect(error?.codes == [.invalidInput, .inconsistent])
    let short = try refusal { $0.observation = [0] }
    #expect(short?.description == "observation: 1 numbers, the policy sees \(observation.count)")
  }

  @Test func `takes a fact that agrees, and refuses another`() throws {
    let taxable = try Taxable.shared.get()
    let built = try #require(taxable.bundle.complete(taxable.request).facts?["days_since_trade"])
    var request = taxable.request
    request.facts = ["days_since_trade": built]
    _ = try taxable.bundle.decide(request: JSONEncoder().encode(request))
    let error = try refusal { $0.facts = ["days_since_trade": [built[0] + 1]] }
    #expect(error?.description.hasPrefix("facts.days_since_trade[0]: ") == true)
    #expect(error?.codes == [.invalidInput, .inconsistent])
  }

  @Test func `takes a fact that it cannot build itself`() throws {
    let taxable = try Taxable.shared.get()
    let built = try #require(taxable.bundle.complete(taxable.request).facts?["volatility_index"])
    var request = taxable.request
    request.indicators?.volatilityIndex = nil
    request.facts = ["volatility_index": built]
    _ = try taxable.bundle.decide(request: JSONEncoder().encode(request))
  }

  @Test func `says what is missing for which fact`() throws {
    let cases: [(String, (inout PortfolioSnapshot) -> Void)] = [
      (
        "facts.tax_to_target: missing; to build it, lots is missing",
        { request in
          request.lots = nil
          request.basis = request.holdings
        }
      ),
      ("facts.tax_to_target: missing; to build it, prices is missing", { $0.prices = nil }),
      (
        "facts.tax_to_target: missing; to build it, tax_position is missing",
        { $0.taxPosition = nil }
      ),
      (
        "facts.days_since_trade: missing; to build it, last_trade is missing",
        { $0.lastTrade = nil }
      ),
      (
        "facts.volatility_index: missing; to build it, indicators.volatility_index is missing",
        { $0.indicators?.volatilityIndex = nil }
      ),
      (
        "facts.drift_cost_per_year: missing; to build it, indicators.covariance is missing",
        { $0.indicators?.covariance = nil }
      ),
    ]
    for (sentence, change) in cases {
      #expect(try refusal(change)?.description == sentence)
    }
  }

  @Test func `refuses a portfolio that contradicts itself`() throws {
    let taxable = try Taxable.shared.get()
    let day = taxable.request.date
    let name = taxable.request.assets[0]
    let cases: [(String, (inout PortfolioSnapshot) -> Void)] = [
      ("holdings[0] (\(name)): ", { $0.holdings[0] *= 1.01 }),
      ("basis[0] (\(name)): ", { $0.basis = $0.holdings.map { $0 * 2 } }),
      (
        "lots: those of \(name) are ",
        { request in
          request.lots?[0].units *= 2
          request.lots?[0].replaced = 0
        }
      ),
      ("lots[0].asset: there is no asset “B”", { $0.lots?[0].asset = "B" }),
      ("lots[0].units: 0.0, a number above 0 is needed", { $0.lots?[0].units = 0 }),
      ("lots[0].basis: -1.0, a number from 0 on", { $0.lots?[0].basis = -1 }),
      (
        "lots[0].acquired: \(day.adding(days: 1)) is after",
        { $0.lots?[0].acquired = day.adding(days: 1) }
      ),
      ("lots[0].replaced: 1000000000000.0, 0 to the lot's units", { $0.lots?[0].replaced = 1e12 }),
      ("tax_position.carried_long: -5.0 is negative", { $0.taxPosition?.carriedLong = -5 }),
      (
        "tax_position.loss_sales[0].asset: there is no asset “?”",
        {
          $0.taxPosition?.lossSales = [
            OpenLossSale(asset: "?", sold: day, units: 1, loss: 1, daysHeld: 1, longTerm: false)
          ]
        }
      ),
      ("indicators.volatilities: 1 numbers for 8", { $0.indicators?.volatilities = [0.1] }),
      ("indicators.covariance: 8 rows of 8", { $0.indicators?.covariance = [[0.1]] }),
      ("indicators.covariance[0][1]: ", { $0.indicators?.covariance?[0][1] = 9 }),
      ("indicators.volatility_index: -1.0, ", { $0.indicators?.volatilityIndex = -1 }),
    ]
    for (sentence, change) in cases {
      let found = try refusal(change)?.description ?? ""
      #expect(found.hasPrefix(sentence), "\(found)")
    }
  }

  @Test(arguments: [
    (
      "\"lots\":[{", "\"lots\":[{\"lot\":1,",
      "lots[0].lot: there is no such field"
    ),
    ("\"indicators\":{", "\"indicators\":{\"vix\":1,", "indicators.vix: there is no such field"),
    ("\"tax_position\":{", "\"tax_position\":{\"tax\":1,", "tax_position.tax: there is no such"),
    (
      "\"loss_sales\":[", "\"loss_sales\":[{\"day\":1},",
      "tax_position.loss_sales[0].day: there is no"
    ),
    ("{\"assets\"", "{\"asset\":1,\"assets\"", "asset: there is no such field"),
    ("{\"assets\"", "{\"date\":1,\"assets\"", "not JSON: line 1: date: the field stands twice"),
    (
      "{\"assets\"", "{\"d\\u0061te\":1,\"assets\"",
      "not JSON: line 1: date: the field stands twice"
    ),
    ("\"acquired\":\"", "\"acquired\":\"x", "lots[0].acquired: 'x"),
    ("\"units\":[", "\"units\":[+1,", "not JSON: line 1: units[0]: “+1” is no JSON"),
    ("\"units\":[", "\"units\":[01,", "not JSON: line 1: units[0]: “01” is no JSON"),
    ("\"units\":[", "\"units\":[1.,", "not JSON: line 1: units[0]: “1.” is no JSON"),
    ("\"units\":[", "\"units\":[0x1,", "not JSON: line 1: units[0]: “0x1” is no JSON"),
    ("\"units\":[", "\"units\":[\n\n1e999,", "line 3: 1e999 is not a finite number"),
    ("\"units\":[", "\"units\":[NaN,", "line 1: NaN is not a finite number"),
    ("\"units\":[", "\"units\":[,", "not JSON: line 1: units[0]: a value is expected"),
    ("\"units\":[", "\"units\":[\"1\",", "units[0]: "),
    ("\"units\":[", "\"units\":[null,", "units[0]: "),
    (
      "\"units\":[", "\"units\":[1\(String(repeating: "0", count: 80)),",
      "not JSON: line 1: units[0]: a number of 81"
    ),
    (
      "\"units\":[", "\"units\":\(String(repeating: "[", count: 200_000))",
      "not JSON: line 1: units[0]"
    ),
    ("\"units\":[", "\"units\":[\"\\ud800\",", "not JSON: line 1: units[0]: half of a pair"),
    ("\"units\":[", "\"units\":[\"\t\",", "not JSON: line 1: units[0]: a control character"),
    ("{\"assets\"", "\u{FEFF}{\"assets\"", "not JSON: line 1: a value is expected"),
  ])
  func `names what is wrong and where`(old: String, new: String, sentence: String) throws {
    let taxable = try Taxable.shared.get()
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(taxable.request), as: UTF8.self)
    let place = try #require(text.range(of: old))
    let changed = text.replacingCharacters(in: place, with: new)
    let error = #expect(throws: RequestError.self) {
      try taxable.bundle.decide(request: Data(changed.utf8))
    }
    #expect(error?.description.hasPrefix(sentence) == true, "\(error?.description ?? "")")
  }

  @Test func `refuses what is no text, ends early, goes on, or is too large`() throws {
    let bundle = try Taxable.shared.get().bundle
    let texts: [(Data, String)] = [
      (Data([0xFF, 0x7B]), "not JSON: the text is not UTF-8"),
      (Data(), "not JSON: line 1: the text ends too early"),
      (Data("{".utf8), "not JSON: line 1: a key in quotes is expected"),
      (Data("{\"date\":\"".utf8), "not JSON: line 1: date: a text has no end"),
      (Data("{}{}".utf8), "not JSON: line 1: nothing may follow the end"),
      (Data("[]".utf8), "a JSON object is expected"),
      (Data(repeating: 0x20, count: 1 << 20 + 1), "1048577 bytes, at most 1048576 are allowed"),
    ]
    for (text, sentence) in texts {
      let error = #expect(throws: RequestError.self) { try bundle.decide(request: text) }
      #expect(error?.description == sentence)
    }
  }

  @Test func `answers for its own assets in their order, and no others`() throws {
    let taxable = try Taxable.shared.get()
    let own = taxable.request.assets
    for other in [Array(own.reversed()), ["OTHER"] + own.dropFirst(), own.map { $0.lowercased() }] {
      // Facts, lots and overrides by name would be wrong too: the names are looked at before them.
      let error = try refusal {
        $0.assets = other
        $0.lots = nil
        $0.taxPosition = nil
      }
      #expect(
        error?.description
          == "assets: \(other.joined(separator: ", ")) are given; the policy is for "
          + "\(own.joined(separator: ", ")), in this order")
      #expect(error?.codes == [.invalidInput, .schema])
    }
  }

  /// Whatever a rule looks at, it belongs to the environment that it is made for.
  @Test(arguments: [
    "rule:band(0.05)", "rule:never", "rule:calendar(quarterly)", "rule:quadratic(0.2)",
  ])
  func `a rule answers for the assets of its environment, and no others`(text: String) throws {
    let task = try EnvironmentSpec(
      path: top.appending(path: "envs/three-asset-myrgren-v0.yaml").path
    ).task
    let service = try RuleService(RuleCatalog.rule(text, for: task), for: task)
    func decide(_ assets: String) throws -> DecisionResponse {
      try service.decide(
        request: Data(
          """
          {"date": "2020-02-03", "assets": \(assets), "holdings": [50, 30, 20],
           "target_weights": [0.4, 0.4, 0.2], "last_trade": "2019-01-31"}
          """.utf8))
    }
    #expect(throws: Never.self) { try decide(#"["A", "B", "C"]"#) }
    for assets in [#"["C", "B", "A"]"#, #"["X", "Y", "Z"]"#] {
      let error = #expect(throws: RequestError.self) { try decide(assets) }
      #expect(error?.description.hasSuffix("the policy is for A, B, C, in this order") == true)
    }
  }

  @Test func `takes names in any script`() throws {
    let builder = ObservationBuilder(features: [.weightDeviation], assetCount: 2)
    let names = ["日本株 🪙", "État \"A\"\\"]
    try withBundle(network(builder), builder, assets: names) { folder in
      let bundle = try PolicyBundle.load(folder).bundle
      let snapshot = PortfolioSnapshot(
        date: try #require(CalendarDate(iso: "2020-02-03")), assets: names,
        holdings: [5, 3], targets: [0.4, 0.6])
      let response = try bundle.decide(request: JSONEncoder().encode(snapshot))
      #expect(Set(response.trades.keys) == Set(names))
      let text = String(decoding: try response.encoded(), as: UTF8.self)
      #expect(text.contains("日本株") && !text.contains("\n"))
      // Two ways of writing one name are one name.
      var twice = snapshot
      twice.assets = ["e\u{301}", "é"]
      let error = #expect(throws: RequestError.self) {
        try bundle.decide(request: JSONEncoder().encode(twice))
      }
      #expect(error?.description == "assets: a name stands twice")
    }
  }
}
