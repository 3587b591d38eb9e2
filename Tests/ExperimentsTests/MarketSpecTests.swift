import Algebra
import Experiments
import Foundation
import Markets
import Rebalancing
import Testing

private let envs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path

/// What all specifications here share.
private let rest = """
  assets: [A, B]
  target_weights: 0.5
  half_spread_bp: 1
  risk_aversion: 5
  steps_per_year: 12
  horizon_steps: 3
  actions: [0, 1]
  observation: [weight_deviation]
  """

private let normal = """
  id: small-v0
  market: normal
  mean_per_step: [0.01, 0.002]
  volatility_per_step: [0.05, 0]
  correlation: [[1, 0], [0, 1]]

  """ + rest

private let regimes = """
  id: small-v0
  market: regimes
  regimes:
    - name: calm
      mean_per_step: 0.01
      volatility_per_step: [0.03, 0.01]
      correlation: [[1, 0.2], [0.2, 1]]
    - name: stress
      mean_per_step: [-0.01, 0]
      volatility_per_step: 0.06
      correlation: [[1, -0.2], [-0.2, 1]]
  transition: [[0.9, 0.1], [0.3, 0.7]]

  """ + rest

private let garch = """
  id: small-v0
  market: garch
  mean_percent: 0.03
  omega_percent_squared: [0.02, 0.01]
  alpha: 0.05
  gamma: [0.1, 0]
  beta: 0.85
  correlation: [[1, -0.3], [-0.3, 1]]

  """ + rest

private let bootstrap = """
  id: small-v0
  market: bootstrap
  data: levels.csv
  block_length_steps: 4
  covariance_half_life_days: 3
  covariance_warmup_days: 3

  """ + rest

private let folder = """
  id: small-v0
  market: historical
  data: assets
  covariance_half_life_days: 3
  covariance_warmup_days: 3

  """ + rest

/// A specification, one edit of it and what is said about it.
struct MarketFault: Sendable, CustomTestStringConvertible {
  let text: String
  let override: String
  let message: String
  init(_ text: String, _ override: String, _ message: String) {
    self.text = text
    self.override = override
    self.message = message
  }
  var testDescription: String { override }
}

private let faults = [
  MarketFault(
    normal, "market=chaos",
    "market: “chaos” is given, valid are log_ratio, lognormal, normal, regimes, garch, bootstrap, historical"
  ),
  MarketFault(
    normal, "mean_per_step=[2, 0]", "mean_per_step: [2.0, 0.0] is given, -1 to 1 is valid"),
  MarketFault(
    normal, "volatility_per_step=[-0.1, 0]",
    "volatility_per_step: [-0.1, 0.0] is given, 0 to 1 is valid"),
  MarketFault(
    normal, "volatility_index_asset=C", "volatility_index_asset: “C” is given, valid are A, B"),
  MarketFault(
    normal, "dividend_yield_per_year=-0.1",
    "dividend_yield_per_year: [-0.1, -0.1] is given, 0 to 1 is valid"),
  MarketFault(regimes, "regimes=[]", "regimes: at least two with different names are expected"),
  MarketFault(regimes, "regimes=calm", "regimes: a list of maps is expected"),
  MarketFault(
    regimes, "transition=[[0.9, 0.2], [0.3, 0.7]]",
    "transition: row 1 is [0.9, 0.2], probabilities that sum to 1 are valid"),
  MarketFault(
    regimes, "transition=[[0.9, 0.1], [1.3, -0.3]]",
    "transition: row 2 is [1.3, -0.3], probabilities that sum to 1 are valid"),
  MarketFault(
    regimes, "transition=[[1, 0], [0, 1]]",
    "transition: the chain has several stationary laws, one is valid"),
  MarketFault(
    regimes, "start_regime=panic",
    "start_regime: “panic” is given, valid are stationary, calm, stress"),
  MarketFault(regimes, "return_kind=gross", "return_kind: “gross” is given, valid are log, simple"),
  MarketFault(
    garch, "beta=0.95",
    "beta: asset 1 has alpha 0.05, gamma 0.1, beta 0.95; valid are alpha, alpha + gamma and beta of at least 0 with alpha + gamma/2 + beta below 1"
  ),
  MarketFault(
    garch, "degrees_of_freedom=5",
    "degrees_of_freedom: 5 is given, an even number from 4 to 100 is valid"),
  MarketFault(
    garch, "correlation=[[1, 1], [1, 1]]", "correlation: the matrix is not positive definite"),
  MarketFault(
    bootstrap, "block_length_steps=long",
    "block_length_steps: “long” is given, 1 to 1e6 or auto is valid"),
  MarketFault(
    bootstrap, "block_length_steps=0.5",
    "block_length_steps: 0.5 is given, 1 to 1e6 or auto is valid"),
  MarketFault(
    bootstrap, "covariance_warmup_days=40", "data: 30 days are too few: 41 days are needed"),
  MarketFault(
    bootstrap, "halts=[{asset: A, from: 2024-01-05, to: 2024-01-06}]",
    "halts: resampled days have no dates; a historical market is valid"),
  MarketFault(
    bootstrap, "data_returns=price_and_dividends",
    "data_returns: price_and_dividends needs the columns Close and Dividends of a folder of assets"),
  MarketFault(
    folder, "episode_start=often",
    "episode_start: “often” is given, valid are fixed, random or a list of dates"),
  MarketFault(folder, "episode_start=[]", "episode_start: at least one date is needed"),
  MarketFault(
    folder, "episode_start=[2024-02-30]",
    "episode_start: “2024-02-30” is not a date, YYYY-MM-DD is valid"),
  MarketFault(
    folder, "episode_start=[2024-01-29]",
    "episode_start: an episode of 3 steps from 2024-01-29 does not fit into 30 days of data with a warm-up of 3 days before it"
  ),
  MarketFault(
    folder, "delistings=[{asset: X, date: 2024-01-05, recovery: 1}]",
    "delistings: there is no asset “X”, valid are A, B"),
  MarketFault(folder, "delistings=[{asset: A, recovery: 1}]", "the key “date” is missing"),
  MarketFault(
    folder, "halts=[{asset: A, from: 2024-01-05, until: 2024-01-06}]", "the key “to” is missing"),
  MarketFault(
    folder, "repairs=[{asset: A, date: 2024-01-05, printed: 9, value: 10, reason: test}]",
    "a repair names A on 2024-01-05 as 9.0, but the price there is 105.0"),
  MarketFault(
    folder, "volatility_index_file=vix.csv", "the key “volatility_index_column” is missing"),
]

@Suite struct MarketSpecTests {
  /// A folder with thirty days of two assets, as one file and as two, and a volatility index.
  private final class Data: Sendable {
    let path: String

    init() throws {
      let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      path = url.path
      try FileManager.default.createDirectory(
        at: url.appending(path: "assets"), withIntermediateDirectories: true)
      let dates = (1...30).map { "2024-01-" + ($0 < 10 ? "0" : "") + "\($0)" }
      var wide = "Date,A,B\n"
      var files = Array(repeating: "Date,Close,AdjClose,Dividends\n", count: 2)
      for (day, date) in dates.enumerated() {
        let (a, b) = (Double(101 + day), Double(50 + (day + 1) % 3))
        wide += "\(date),\(a),\(b)\n"
        files[0] += "\(date),\(a),\(a / 2),0\n"
        files[1] += "\(date),\(b),\(b),\(day == 10 ? 1 : 0)\n"
      }
      let index = "Date,VIX\n2024-01-01,20\n2024-01-06,30\n2024-01-14,25\n2024-01-24,40\n"
      for (name, text) in [
        ("levels.csv", wide), ("assets/A.csv", files[0]), ("assets/B.csv", files[1]),
        ("vix.csv", index),
      ] {
        try Foundation.Data(text.utf8).write(to: url.appending(path: name))
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func task(_ text: String, _ overrides: [String] = []) throws -> RebalancingTask {
    let data = try Data()
    let value = try SpecValue(yaml: text, file: "small.yaml")
    return try EnvironmentSpec(
      value.setting(overrides, file: "small.yaml"), file: "small.yaml", folder: data.path
    ).task
  }

  @Test(arguments: faults)
  func `a fault of a market is named with what is valid`(_ fault: MarketFault) throws {
    do {
      _ = try task(fault.text, [fault.override])
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains(fault.message), "\(error)")
    }
  }

  @Test func `normal returns, dividends and the reference reach the task`() throws {
    let plain = try task(normal, ["volatility_index_asset=B"])
    guard case .normal(let market) = plain.market else {
      Issue.record("the market is \(plain.market)")
      return
    }
    #expect(market.meanPerStep == [0.01, 0.002] && plain.volatilityReference == 1)
    #expect(abs(market.covariancePerYear[0] - 0.03) < 1e-15)
    #expect(market.covariancePerYear[1...] == [0, 0, 0])
    let paying = try task(
      normal, ["dividend_yield_per_year=[0.024, 0]", "cash=B", "pay_from=cash"])
    guard case .yielding(let wrapped) = paying.market else {
      Issue.record("the market is \(paying.market)")
      return
    }
    #expect(wrapped.yieldPerStep == [0.002, 0] && paying.market.paysDividends)
  }

  @Test func `one number is the correlation of any two assets`() throws {
    let common = try task(normal, ["volatility_per_step=0.05", "correlation=0.3"])
    let matrix = try task(normal, ["volatility_per_step=0.05", "correlation=[[1, 0.3], [0.3, 1]]"])
    #expect(common.market.constantCovariance == matrix.market.constantCovariance)
    #expect(throws: SpecError.self) { _ = try task(normal, ["correlation=1.5"]) }
  }

  @Test func `regimes reach the task`() throws {
    guard case .regimes(let market) = try task(regimes, ["return_kind=simple"]).market else {
      Issue.record("not regimes")
      return
    }
    #expect(market.names == ["calm", "stress"] && market.returnKind == .simple)
    #expect(abs(market.stationary[0] - 0.75) < 1e-15)
    #expect(zip(market.transition, [0.9, 0.1, 0.3, 0.7]).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  @Test func `GARCH reaches the task in fractions`() throws {
    guard case .garch(let market) = try task(garch, ["degrees_of_freedom=6"]).market else {
      Issue.record("not GARCH")
      return
    }
    #expect(market.degreesOfFreedom == 6 && market.returnKind == .log)
    var volatility = [0.0, 0.0]
    var span = volatility.mutableSpan
    var state = [0.0, 0.0]
    var states = state.mutableSpan
    let path = MarketPath<Double>(source: RandomSource(seed: 1), copy: 0, episode: 0, step: 0)
    Market.garch(market).begin(path, where: true, state: &states)
    Market.garch(market).volatility(path, state: state.span, into: &span)
    #expect(abs(volatility[0] - (0.02e-4 / 0.05 * 12).squareRoot()) < 1e-15)
    #expect(abs(volatility[1] - (0.01e-4 / 0.1 * 12).squareRoot()) < 1e-15)
  }

  @Test func `blocks are as long as given, or as the data asks`() throws {
    for (override, expected) in [("block_length_steps=7.5", 7.5), ("block_length_steps=auto", nil)]
    {
      guard case .bootstrap(let market) = try task(bootstrap, [override]).market else {
        Issue.record("no bootstrap")
        return
      }
      let data = try Data()
      let automatic = try PriceHistory(wideCSV: data.path + "/levels.csv").automaticBlockLength
      #expect(market.blockLength == expected ?? automatic)
      #expect(market.warmup == 3)
    }
  }

  @Test func `data is repaired, halted, paid and accompanied as the specification says`() throws {
    let task = try task(
      folder,
      [
        "data_returns=price_and_dividends", "cash=A", "pay_from=cash",
        "repairs=[{asset: B, date: 2024-01-09, printed: 50, value: 49, reason: test}]",
        "halts=[{asset: A, from: 2024-01-05, to: 2024-01-06}]",
        "delistings=[{asset: A, date: 2024-01-20, recovery: 0.5}]",
        "volatility_index_file=vix.csv", "volatility_index_column=VIX",
        "episode_start=[2024-01-09, 2024-01-12]",
      ])
    guard case .historical(let market) = task.market else {
      Issue.record("no history")
      return
    }
    #expect(market.history.repairs.map(\.reason) == ["test"])
    #expect(
      market.start
        == .dates([9, 12].compactMap { CalendarDate(iso: "2024-01-\($0 < 10 ? "0" : "")\($0)") }))
    #expect(task.market.paysDividends && task.market.hasInterruptions)
    #expect(market.table.hasIndex)
    let path = MarketPath<Double>(source: RandomSource(seed: 1), copy: 0, episode: 0, step: 0)
    var state = [0.0]
    var states = state.mutableSpan
    task.market.begin(path, where: true, state: &states)
    // The ninth day has the index of the sixth.
    #expect(task.market.volatilityIndex(path, state: state.span) == 30)
    var (growth, logReturns, income) = ([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    for _ in 0..<2 {
      var growths = growth.mutableSpan
      var logs = logReturns.mutableSpan
      var incomes = income.mutableSpan
      var states = state.mutableSpan
      task.market.move(
        [path].span, state: &states, growth: &growths, logReturns: &logs, income: &incomes)
    }
    // From the tenth to the eleventh day, with a dividend of 1 on a close of 51.
    #expect(income == [0, 1.0 / 51] && abs(growth[1] - 52.0 / 51) < 1e-15)
  }

  @Test func `the index of a series that ends too early is refused with its file`() throws {
    let data = try Data()
    let value = try SpecValue(yaml: folder, file: "small.yaml").setting(
      ["volatility_index_file=vix.csv", "volatility_index_column=VIX", "data=late.csv"],
      file: "small.yaml")
    let rows = (1...9).map { "2024-02-0\($0),\($0),\($0 * $0)\n" }.joined()
    try Foundation.Data(("Date,A,B\n" + rows).utf8).write(
      to: URL(fileURLWithPath: data.path + "/late.csv"))
    let error = #expect(throws: MarketDataError.self) {
      try EnvironmentSpec(value, file: "small.yaml", folder: data.path)
    }
    #expect(
      "\(try #require(error))".hasSuffix(
        "vix.csv: 'VIX' has no value within 10 days up to 2024-02-04"))
  }

  // MARK: - Fits

  @Test func `a fit is printed as a specification that makes its market`() throws {
    let history = try PriceHistory(
      wideCSV: envs + "/data/us-stock-bond.csv", assets: ["US_STOCK", "US_TREASURY"])
    let fit = try RegimeFit(
      returns: history.sampled(.monthly).returns(.simple), regimes: 3,
      search: .init(starts: 3, tolerance: 1e-7))
    let keys = fit.specification(
      assets: ["A", "B"], sampling: .monthly, returnKind: .simple)
    let text =
      "id: fit-v0\n" + keys
      + rest.replacingOccurrences(of: "assets: [A, B]\n", with: "")
      .replacingOccurrences(of: "steps_per_year: 12\n", with: "")
    guard case .regimes(let market) = try task(text).market else {
      Issue.record("not regimes")
      return
    }
    #expect(market.names == fit.regimes.map(\.name) && market.returnKind == .simple)
    for (a, b) in zip(market.stationary, fit.stationary) { #expect(abs(a - b) < 5e-3) }
    for (a, b) in zip(market.transition, fit.transition.flatMap { $0 }) {
      #expect(abs(a - b) < 2e-4)
    }
  }

  @Test func `the regimes of six assets are those that the data gives`() throws {
    let assets = ["GE", "JNJ", "JPM", "MSFT", "WMT", "XOM"]
    let history = try PriceHistory(wideCSV: envs + "/data/us-stocks.csv.gz", assets: assets)
    let fit = try RegimeFit(
      returns: history.sampled(.weekly).returns(.log), regimes: 2, search: .init(starts: 3))
    let keys = fit.specification(assets: assets, sampling: .weekly, returnKind: .log)
    let text = try String(
      contentsOfFile: envs + "/six-asset-regimes-v0.yaml", encoding: .utf8)
    #expect(text.contains(keys))
  }

  @Test func `the monthly regimes rest in calm and stress as published`() throws {
    guard
      case .regimes(let market) = try EnvironmentSpec(
        path: envs + "/stock-bond-regimes-v0.yaml"
      ).task.market
    else {
      Issue.record("not regimes")
      return
    }
    #expect(abs(market.stationary[0] - 0.673) < 1e-3 && abs(market.stationary[1] - 0.327) < 1e-3)
  }
}
