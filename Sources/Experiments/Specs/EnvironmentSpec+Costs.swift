package import Rebalancing

extension EnvironmentSpec {
  /// Models of price impact.
  private enum ImpactModel: String, CaseIterable {
    case none
    case squareRoot = "square_root"
    case almgren
    case iStar = "i_star"
  }

  /// Reads what trading costs and which trades are done.
  ///
  /// A key takes a number for all assets or a list of one per asset; the cash asset trades free of
  /// cost whatever the number, and in a list its entry is 0.
  ///
  /// - Parameter initialValue: the portfolio's value in currency, if the specification states it;
  ///   costs in currency, per unit and relative to a volume need it.
  static func tradingCosts(
    _ names: [String], initialValue: Double?, _ reader: inout SpecReader
  ) throws(SpecError) -> TradingCosts {
    let cash = try cashAsset(names, &reader)
    let table = CostTable(names: names, cash: cash, hasValue: initialValue != nil)
    var assets = try proportionalCosts(table, &reader)
    try readFixedCosts(into: &assets, table, &reader)
    try readVolumes(into: &assets, table, &reader)
    try readImpact(into: &assets, table, &reader)
    let minimum = try table.numbers("minimum_trade", or: 0, in: 0..<1, "0 to below 1", &reader)
    for i in assets.indices {
      assets[i].minimumTrade = minimum[i]
    }
    for i in try frozenAssets(names, cash: cash, &reader) { assets[i].isFrozen = true }
    return TradingCosts(assets: assets, cash: cash)
  }

  /// Reads a specification of costs alone: their keys and `initial_value`.
  package static func tradingCosts(
    _ names: [String], _ value: SpecValue, file: String
  ) throws(SpecError) -> TradingCosts {
    var reader = try SpecReader(value, file: file)
    let above = Double.leastNormalMagnitude...
    let initialValue =
      reader.has("initial_value")
      ? try reader.number("initial_value", in: above, "a positive number") : nil
    let costs = try tradingCosts(names, initialValue: initialValue, &reader)
    try reader.finish()
    return costs
  }

  private static func cashAsset(
    _ names: [String], _ reader: inout SpecReader
  ) throws(SpecError) -> Int? {
    guard reader.has("cash") else { return nil }
    let name = try reader.string("cash")
    guard let index = names.firstIndex(of: name) else {
      throw reader.fault(
        "cash", "“\(name)” is given, valid are \(names.joined(separator: ", "))")
    }
    return index
  }

  private static func frozenAssets(
    _ names: [String], cash: Int?, _ reader: inout SpecReader
  ) throws(SpecError) -> [Int] {
    guard reader.has("frozen") else { return [] }
    let valid = names.indices.filter { $0 != cash }.map { names[$0] }
    var frozen: [Int] = []
    for name in try reader.strings("frozen") {
      guard valid.contains(name), let index = names.firstIndex(of: name) else {
        throw reader.fault(
          "frozen", "“\(name)” is given, valid are \(valid.joined(separator: ", "))")
      }
      frozen.append(index)
    }
    guard names.count - Set(frozen).count >= 2 else {
      throw reader.fault(
        "frozen", "\(Set(frozen).count) of \(names.count) assets are given, two must be tradable")
    }
    return frozen
  }

  /// Half spread, commission and fees.
  private static func proportionalCosts(
    _ table: CostTable, _ reader: inout SpecReader
  ) throws(SpecError) -> [AssetCosts] {
    let below = "-10000 to 10000"
    let spread = try table.numbers("half_spread_bp", in: 0..., "0 or more", &reader)
    let commission = try table.numbers("commission_bp", or: 0, in: 0..., "0 or more", &reader)
    let maker = try table.numbers("maker_fee_bp", or: 0, in: -1e4...1e4, below, &reader)
    let taker = try table.numbers("taker_fee_bp", or: 0, in: -1e4...1e4, below, &reader)
    let share = try table.numbers("maker_share", or: 0, in: 0...1, "0 to 1", &reader)
    let assets = spread.indices.map { i in
      AssetCosts(
        halfSpread: spread[i] * 1e-4, commission: commission[i] * 1e-4,
        fees: VenueFees(maker: maker[i] * 1e-4, taker: taker[i] * 1e-4, makerShare: share[i]))
    }
    guard assets.allSatisfy({ $0.halfSpread + $0.commission + $0.fees.perUnit < 1 }) else {
      throw reader.fault("half_spread_bp", "costs from 0 to below 10000 bp are valid")
    }
    return assets
  }

  private static func readFixedCosts(
    into assets: inout [AssetCosts], _ table: CostTable, _ reader: inout SpecReader
  ) throws(SpecError) {
    let perUnit = try table.currency("commission_per_unit", &reader)
    let minimum = try table.currency("minimum_commission", &reader)
    let ticket = try table.currency("ticket", &reader)
    let minimumTrade = try table.currency("minimum_trade_currency", &reader)
    for i in assets.indices {
      assets[i].commissionPerUnit = perUnit[i]
      assets[i].minimumCommission = minimum[i]
      assets[i].ticket = ticket[i]
      assets[i].minimumTradeValue = minimumTrade[i]
    }
  }

  /// Average daily volumes, and the cap on trades that follows from them.
  private static func readVolumes(
    into assets: inout [AssetCosts], _ table: CostTable, _ reader: inout SpecReader
  ) throws(SpecError) {
    guard reader.has("adv") else { return }
    try table.requireValue("adv", reader)
    let above = Double.leastNormalMagnitude...
    let adv = try table.numbers("adv", in: above, "a positive number", &reader)
    let cap = try table.numbers("adv_cap", or: 0.05, in: above, "a positive number", &reader)
    for i in assets.indices where i != table.cash {
      assets[i].adv = adv[i]
      assets[i].participationCap = cap[i]
    }
  }

  private static func readImpact(
    into assets: inout [AssetCosts], _ table: CostTable, _ reader: inout SpecReader
  ) throws(SpecError) {
    let model: ImpactModel = try reader.choice("impact", or: ImpactModel.none)
    guard model == .none || reader.has("adv") else {
      throw reader.fault("impact", "\(model.rawValue) is given, it needs the key “adv”")
    }
    let impacts: [Impact<Double>] =
      switch model {
      case .none: []
      case .squareRoot: try squareRoot(table, &reader)
      case .almgren: try almgren(table, &reader)
      case .iStar: try iStar(table, &reader)
      }
    for i in impacts.indices where i != table.cash { assets[i].impact = impacts[i] }
  }

  private static func squareRoot(
    _ table: CostTable, _ reader: inout SpecReader
  ) throws(SpecError) -> [Impact<Double>] {
    let base = try table.numbers("impact_base_bp", or: 0, in: 0..<1e4, "0 to below 10000", &reader)
    let coefficient = try table.numbers(
      "impact_coefficient", or: 1, in: 0.0..., "0 or more", &reader)
    return base.indices.map {
      .squareRoot(SquareRootImpact(base: base[$0] * 1e-4, coefficient: coefficient[$0]))
    }
  }

  private static func almgren(
    _ table: CostTable, _ reader: inout SpecReader
  ) throws(SpecError) -> [Impact<Double>] {
    let above = Double.leastNormalMagnitude...
    let shares = try table.numbers("shares_outstanding", in: above, "a positive number", &reader)
    let days = try reader.number("execution_days", in: above, "a positive number")
    return shares.map { .almgren(AlmgrenImpact(sharesOutstanding: $0, executionDays: days)) }
  }

  private static func iStar(
    _ table: CostTable, _ reader: inout SpecReader
  ) throws(SpecError) -> [Impact<Double>] {
    let above = Double.leastNormalMagnitude...
    let days = try reader.number("execution_days", in: above, "a positive number")
    var model = IStarImpact<Double>(executionDays: days)
    model.sensitivity = try reader.number(
      "i_star_a1_bp", or: model.sensitivity, in: 0.0..., "0 or more")
    model.sizeExponent = try reader.number(
      "i_star_a2", or: model.sizeExponent, in: above, "a positive number")
    model.volatilityExponent = try reader.number(
      "i_star_a3", or: model.volatilityExponent, in: above, "a positive number")
    model.rateExponent = try reader.number(
      "i_star_a4", or: model.rateExponent, in: above, "a positive number")
    model.temporaryShare = try reader.number(
      "i_star_b1", or: model.temporaryShare, in: 0.0...1, "0 to 1")
    return table.names.map { _ in .iStar(model) }
  }
}

/// Reads numbers per asset of a specification's costs.
private struct CostTable {
  let names: [String]
  let cash: Int?
  /// Whether the specification states the portfolio's value.
  let hasValue: Bool

  /// One number in a range per asset; what it says of cash is 0.
  func numbers(
    _ key: String, or standard: Double? = nil, in range: some RangeExpression<Double>,
    _ words: String, _ reader: inout SpecReader
  ) throws(SpecError) -> [Double] {
    var numbers = try reader.numbers(key, count: names.count, or: standard)
    let isList = reader.optional(key)?.numbers != nil
    for i in names.indices where i != cash || isList {
      guard i == cash ? numbers[i] == 0 : range.contains(numbers[i]) else {
        throw reader.fault(
          key, "\(numbers[i]) is given for \(names[i]), \(i == cash ? "0" : words) is valid")
      }
    }
    if let cash { numbers[cash] = 0 }
    return numbers
  }

  /// Amounts of currency, 0 or more, which need the portfolio's value to compare with.
  func currency(_ key: String, _ reader: inout SpecReader) throws(SpecError) -> [Double] {
    guard reader.has(key) else { return names.map { _ in 0 } }
    try requireValue(key, reader)
    return try numbers(key, in: 0.0..., "0 or more", &reader)
  }

  func requireValue(_ key: String, _ reader: SpecReader) throws(SpecError) {
    guard !hasValue else { return }
    throw reader.fault(
      key, "is given without “initial_value”: it needs the portfolio's value in currency")
  }
}
