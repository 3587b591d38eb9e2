import Algebra
import Deployment
import Foundation
import Gym
import Markets
public import Rebalancing

/// The specification of an environment: a strict YAML file in `envs/`, resolved with its overrides.
public struct EnvironmentSpec: Sendable {
  /// The problem that it describes.
  public let task: RebalancingTask
  /// The specification with its overrides.
  public let resolved: SpecValue
  /// The folder that paths in it start from.
  public let folder: String
  /// SHA-256 of the resolved specification in canonical JSON.
  public let sha256: String

  /// Reads a file.
  ///
  /// - Parameter overrides: `key=value` each.
  public init(path: String, overrides: [String] = []) throws {
    let value = try SpecValue(yaml: path).setting(overrides, file: path)
    try self.init(value, file: path, folder: (path as NSString).deletingLastPathComponent)
  }

  /// Reads a resolved specification.
  ///
  /// - Parameters:
  ///   - file: what errors name.
  ///   - folder: where paths in it start from.
  public init(_ value: SpecValue, file: String, folder: String) throws {
    resolved = value
    self.folder = folder
    var reader = try SpecReader(value, file: file)
    task = try Self.task(&reader, folder: folder)
    // Only a specification of finite numbers has JSON.
    sha256 = Deployment.sha256(try value.canonicalJSON())
  }

  private enum DriftModel: String, CaseIterable {
    case quadratic
    case trackingError = "tracking_error"
  }

  private enum FeatureName: String, CaseIterable {
    case weightDeviation = "weight_deviation"
    case lastLogReturn = "last_log_return"
    case unrealizedGain = "unrealized_gain"
    case scaledDeviation = "scaled_deviation"
  }

  private static func task(
    _ reader: inout SpecReader, folder: String
  ) throws -> RebalancingTask {
    let id = try reader.string("id")
    let model: MarketModel = try reader.choice("market")
    let stepsPerYear = try reader.number("steps_per_year", in: 0.0001..., "a positive number")
    let (assets, targets) = try portfolio(model, &reader)
    let makeMarket = try market(model, assets, stepsPerYear, folder, &reader)
    let reference = try volatilityReference(assets, &reader)
    let horizon =
      model != .historical || reader.has("horizon_steps")
      ? try reader.int("horizon_steps", in: 1...1_000_000_000, "1 to 1e9") : nil
    let initialValue =
      reader.has("initial_value")
      ? try reader.number("initial_value", in: 1e-6...1e15, "1e-6 to 1e15, in currency") : nil
    let (family, actions) = try actions(&reader)
    let costs = try costs(model, assets, initialValue, &reader)
    let account = try account(assets, cash: costs.cash, initialValue: initialValue, &reader)
    let drift = try driftCost(&reader)
    let capture: ReturnCapture = try reader.choice("return_capture", or: ReturnCapture.none)
    // Replayed data has dates of its own.
    let start = model == .historical ? nil : try reader.date("start_date")
    let scale = try reader.number(
      "reward_scale", or: 1, in: Double.leastNormalMagnitude..., "a positive number")
    let width = costs.proportionalPerUnit.flatMap {
      closedFormHalfWidth(targets: targets, costPerUnit: $0, driftCost: drift)
    }
    let observation = try observation(assets.count, halfWidth: width, &reader)
    let trendHalfLife = try reader.number(
      "trend_half_life_steps", or: 20, in: 1e-3..., "a positive number")
    let volatilityRiseSteps = try reader.int(
      "volatility_rise_steps", or: 5, in: 1...1000, "a whole number from 1 to 1000")
    let autoreset: Autoreset = try reader.choice("autoreset", or: .sameStep)
    let precision: RebalancingTask.Precision = try reader.choice("precision", or: .double)
    // All keys are known to be right before any data is read.
    try reader.finish()
    let market = try makeMarket(horizon)
    var task = RebalancingTask(
      id: id, assets: assets, targets: targets, market: market, stepsPerYear: stepsPerYear,
      horizon: market.horizon ?? horizon ?? 1, startDate: start ?? defaultStart, actions: actions,
      costs: costs, driftCost: drift, tax: account.tax, returnCapture: capture,
      rewardScale: scale, observation: observation, autoreset: autoreset, precision: precision,
      payment: account.payment, initialValue: account.initialValue,
      initialPrices: account.initialPrices, flows: account.flows,
      hasHarvestAction: account.hasHarvestAction)
    task.actionFamily = family
    task.volatilityReference = reference
    task.trendHalfLife = trendHalfLife
    task.volatilityRiseSteps = volatilityRiseSteps
    task.observation = ObservationBuilder(
      features: observation.features, assetCount: assets.count,
      regimeCount: market.regimeCount)
    try check(task, reader)
    return task
  }

  /// What keys forbid each other.
  private static func check(
    _ task: RebalancingTask, _ reader: SpecReader
  ) throws(SpecError) {
    if let obstacle = task.actionFamily.obstacle(task) { throw reader.fault("actions", obstacle) }
    if task.precision == .float, task.needsAccount {
      throw reader.fault(
        "precision", "`float` is for proportional costs paid pro rata, here `double` is valid")
    }
    if task.observation.features.contains(.fact(.regimeProbability)), task.market.regimeCount == 0 {
      throw reader.fault("observation", "regime_probability needs a market with regimes")
    }
    try checkShocks(task.market.shocks, task, reader)
    if task.market.paysDividends, task.payment.cash == nil {
      throw reader.fault("pay_from", "dividends need `cash`, where they land")
    }
  }

  /// Mid-month, so that monthly steps fall in different months.
  private static let defaultStart = CalendarDate(daysSinceEpoch: 10_971)

  private static func portfolio(
    _ model: MarketModel, _ reader: inout SpecReader
  ) throws(SpecError) -> (assets: [String], targets: [Double]) {
    if model == .logRatio {
      let target = try reader.number(
        "target_weight", in: Double.leastNormalMagnitude..<1, "a number between 0 and 1")
      let names = reader.has("assets") ? try reader.strings("assets") : ["RISKY", "NUMERAIRE"]
      guard names.count == 2 else {
        throw reader.fault("assets", "\(names.count) names, a log_ratio market has 2 assets")
      }
      try check(names: names, &reader)
      return (names, [target, 1 - target])
    }
    let assets = try reader.strings("assets")
    try check(names: assets, &reader)
    let targets = try reader.numbers("target_weights", count: assets.count)
    guard targets.allSatisfy({ $0 >= 0 }) else {
      throw reader.fault("target_weights", "a weight is negative, 0 or more is valid")
    }
    let sum = targets.reduce(0, +)
    guard abs(sum - 1) <= 1e-9 else {
      throw reader.fault("target_weights", "they sum to \(sum), 1 is valid")
    }
    return (assets, targets)
  }

  private static func check(
    names: [String], _ reader: inout SpecReader
  ) throws(SpecError) {
    guard names.count >= 2, Set(names).count == names.count,
      !names.contains(where: { $0.allSatisfy(\.isWhitespace) })
    else { throw reader.fault("assets", "at least two different names are expected") }
  }

  private static func actions(
    _ reader: inout SpecReader
  ) throws(SpecError) -> (ActionFamily, [Double]) {
    if case .string(let name)? = reader.optional("actions")?.content {
      guard let family = ActionFamily(rawValue: name), family != .list else {
        throw reader.fault(
          "actions", "“\(name)” is given, a list of fractions, fraction or destination is valid")
      }
      return (family, [])
    }
    let actions = try reader.numbers("actions")
    guard actions.first == 0 else {
      throw reader.fault("actions", "\(actions) is given, the first must be 0: no action")
    }
    guard actions.count >= 2, actions.allSatisfy({ (0...1).contains($0) }),
      zip(actions, actions.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw reader.fault("actions", "\(actions) is given, rising fractions up to 1 are valid")
    }
    return (.list, actions)
  }

  private static func costs(
    _ model: MarketModel, _ names: [String], _ initialValue: Double?, _ reader: inout SpecReader
  ) throws(SpecError) -> TradingCosts {
    guard model == .logRatio else {
      return try tradingCosts(names, initialValue: initialValue, &reader)
    }
    let both = try reader.number("cost_per_unit", in: 0..<1, "a number from 0 to below 1")
    return TradingCosts(perUnit: [both / 2, both / 2])
  }

  private static func driftCost(_ reader: inout SpecReader) throws(SpecError) -> DriftCost {
    let model: DriftModel = try reader.choice("drift_cost", or: .quadratic)
    switch model {
    case .quadratic:
      return .quadratic(
        riskAversion: try reader.number("risk_aversion", in: 0.0..., "0 or more"))
    case .trackingError:
      return .trackingError(
        weight: try reader.number("tracking_error_weight", in: 0.0..., "0 or more"))
    }
  }

  private static func observation(
    _ assetCount: Int, halfWidth: Double?, _ reader: inout SpecReader
  ) throws(SpecError) -> ObservationBuilder {
    var features: [ObservationBuilder.Feature] = []
    for name in try reader.strings("observation") {
      switch FeatureName(rawValue: name) {
      case .weightDeviation: features.append(.weightDeviation)
      case .lastLogReturn: features.append(.lastLogReturn)
      case .unrealizedGain: features.append(.unrealizedGain)
      case .scaledDeviation:
        guard let width = halfWidth, width > 0 else {
          throw reader.fault(
            "observation",
            "scaled_deviation needs two assets, costs above 0 and a quadratic "
              + "drift cost")
        }
        features.append(.scaledDeviation(halfWidth: width))
      case nil:
        guard let fact = Fact(rawValue: name) else {
          let names = FeatureName.allCases.map(\.rawValue) + Fact.allCases.map(\.rawValue)
          throw reader.fault(
            "observation", "“\(name)” is given, valid are \(names.joined(separator: ", "))")
        }
        features.append(.fact(fact))
      }
    }
    guard !features.isEmpty else { throw reader.fault("observation", "at least one is needed") }
    return ObservationBuilder(features: features, assetCount: assetCount)
  }
}
