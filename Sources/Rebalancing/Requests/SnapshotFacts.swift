import Algebra
import Markets

/// A field of a request that is missing where facts are built from it, or does not agree with another.
public struct SnapshotDefect: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  /// Whether two fields say different things.
  public let isContradiction: Bool

  init(_ description: String, isContradiction: Bool = false) {
    (self.description, self.isContradiction) = (description, isContradiction)
  }
}

/// Builds the facts of a request from its units, prices, lots, tax record and indicators, as the
/// environment builds them from its own.
public struct SnapshotFacts: Sendable {
  public let constants: FactConstants
  private let formulas: FactFormulas<Double>

  /// What is given and what is built may differ by so much, of numbers above 1 in proportion.
  public static let tolerance = 1e-5

  /// - Throws: where the constants do not fit together.
  public init(_ constants: FactConstants) throws(SnapshotDefect) {
    if let defect = constants.defect { throw SnapshotDefect(defect) }
    self.constants = constants
    // Without a table, days are worked out when they are asked for: a request has few.
    formulas = FactFormulas(
      constants, longTerm: LongTermTable(from: CalendarDate(daysSinceEpoch: 0), count: 0))
  }

  /// The snapshot with the basis of its lots and with every fact that is needed.
  ///
  /// - Parameter snapshot: without defect.
  /// - Throws: where something is missing for a needed fact which is not given either, or where what is
  ///   given does not agree with what is built.
  public func complete(
    _ snapshot: PortfolioSnapshot, needing needed: [Fact]
  ) throws(SnapshotDefect) -> PortfolioSnapshot {
    if let refusal = snapshot.refusal(for: constants.assets) { throw SnapshotDefect(refusal) }
    var known = Known(snapshot, constants, formulas)
    try known.takeBasisOfLots()
    var complete = known.snapshot
    for fact in Fact.allCases {
      let given = snapshot.facts?[fact.rawValue]
      guard given != nil || needed.contains(fact) else { continue }
      let built: [Double]
      do throws(SnapshotDefect) { built = try known.numbers(of: fact) } catch {
        if given != nil { continue }
        throw SnapshotDefect("facts.\(fact.rawValue): missing; to build it, \(error)")
      }
      try Self.check(built, given, fact)
      complete.facts = complete.facts ?? [:]
      complete.facts?[fact.rawValue] = built
    }
    return complete
  }

  private static func check(
    _ built: [Double], _ given: [Double]?, _ fact: Fact
  ) throws(SnapshotDefect) {
    if let i = built.firstIndex(where: { !$0.isFinite }) {
      throw SnapshotDefect(
        "facts.\(fact.rawValue)[\(i)] cannot be built: from these numbers it is \(built[i])")
    }
    guard let given else { return }
    guard given.count == built.count else {
      throw SnapshotDefect(
        "facts.\(fact.rawValue): \(given.count) numbers, \(built.count) are needed")
    }
    for i in built.indices where !agree(given[i], built[i]) {
      throw SnapshotDefect(
        "facts.\(fact.rawValue)[\(i)]: \(given[i]), the rest of the request makes it \(built[i])",
        isContradiction: true)
    }
  }

  /// Whether a number that is given is the one that is built.
  public static func agree(_ given: Double, _ built: Double) -> Bool {
    abs(given - built) <= tolerance * max(1, abs(built))
  }
}

/// What a request says, in the terms of the formulas.
private struct Known {
  var snapshot: PortfolioSnapshot
  let constants: FactConstants
  var formulas: FactFormulas<Double>
  let value: Double
  let weights: [Double]
  let day: Double
  /// Lots and tax position; empty where there are none.
  var ledger: [Double] = []
  var indicators: MarketIndicators { snapshot.indicators ?? MarketIndicators() }

  init(
    _ snapshot: PortfolioSnapshot, _ constants: FactConstants, _ formulas: FactFormulas<Double>
  ) {
    self.snapshot = snapshot
    self.constants = constants
    self.formulas = formulas
    self.formulas.targets = snapshot.targets
    value = snapshot.value
    weights = snapshot.weights
    day = Double(snapshot.date.daysSinceEpoch)
    guard let tax = constants.tax.lots, snapshot.lots != nil else { return }
    let own = SnapshotLedger(snapshot, tax)
    self.formulas.book = own.book
    ledger = own.numbers
  }

  /// The basis that lots make, which a basis that is given must agree with; that of cash is its value.
  mutating func takeBasisOfLots() throws(SnapshotDefect) {
    guard let lots = snapshot.lots else { return }
    var sums: [String: Double] = [:]
    for lot in lots { sums[lot.asset, default: 0] += lot.basis }
    let basis = snapshot.assets.indices.map {
      $0 == constants.cash ? snapshot.holdings[$0] : sums[snapshot.assets[$0]] ?? 0
    }
    if let given = snapshot.basis {
      for i in basis.indices where !(abs(given[i] - basis[i]) <= 1e-6 * value) {
        throw SnapshotDefect(
          "basis[\(i)] (\(snapshot.assets[i])): \(given[i]), the lots make it \(basis[i])",
          isContradiction: true)
      }
    }
    snapshot.basis = basis
  }

  /// Something that a fact is built from.
  func need<Part>(_ part: Part?, _ name: String) throws(SnapshotDefect) -> Part {
    guard let part else { throw SnapshotDefect("\(name) is missing") }
    return part
  }

  /// The numbers of a fact.
  func numbers(of fact: Fact) throws(SnapshotDefect) -> [Double] {
    switch fact {
    case .volatility: try volatilities
    case .volatilityIndex: [try volatilityIndex]
    case .volatilityIndexRise:
      [
        formulas.volatilityIndexRise(
          index: try volatilityIndex,
          before: try need(
            indicators.volatilityIndexBefore, "indicators.volatility_index_before"))
      ]
    case .regimeProbability:
      try need(indicators.regimeProbability, "indicators.regime_probability")
    case .oracleRegime: throw SnapshotDefect("only a simulation knows it")
    case .trend: try need(indicators.trend, "indicators.trend")
    case .availability: try availability
    case .driftCostPerYear: [try driftCost]
    case .tradeCostToTarget: [try costToTarget]
    case .cappedShare: [try need(indicators.cappedShare, "indicators.capped_share")]
    case .inflow: [try need(indicators.inflow, "indicators.inflow") / value]
    case .pendingFlow: [try need(indicators.pendingFlow, "indicators.pending_flow") / value]
    case .calendarPhase, .daysSinceTrade, .stepsLeft, .valueGrowth: try time(fact)
    default: try tax(fact)
    }
  }

  private func time(_ fact: Fact) throws(SnapshotDefect) -> [Double] {
    switch fact {
    case .calendarPhase:
      let phase = formulas.calendarPhase(day: day)
      return [phase.sine, phase.cosine]
    case .daysSinceTrade:
      let last = Double(try need(snapshot.lastTrade, "last_trade").daysSinceEpoch)
      return [formulas.daysSinceTrade(day: day, lastTradeDay: last)]
    case .stepsLeft:
      return [formulas.stepsLeft(try need(indicators.stepsLeft, "indicators.steps_left"))]
    default:
      let initial = try need(indicators.initialValue, "indicators.initial_value")
      guard initial > 0, (value / initial).isNormal else {
        throw SnapshotDefect("indicators.initial_value: \(initial), a number above 0 is needed")
      }
      return [formulas.valueGrowth(value: value, initialValue: initial)]
    }
  }

  // MARK: - Market

  /// The volatilities given, else those of a covariance that never changes.
  private var volatilities: [Double] {
    get throws(SnapshotDefect) {
      if let given = indicators.volatilities { return given }
      let covariance = try need(constants.covariance, "indicators.volatilities")
      let count = constants.assets.count
      return (0..<count).map { covariance[$0 * count + $0].roots() }
    }
  }

  private var volatilityIndex: Double {
    get throws(SnapshotDefect) {
      if let given = indicators.volatilityIndex { return given }
      let reference = try need(constants.volatilityReference, "indicators.volatility_index")
      return try volatilities[reference] * 100
    }
  }

  private var availability: [Double] {
    get throws(SnapshotDefect) {
      if let tradable = indicators.tradable { return tradable.map { $0 ? 1 : 0 } }
      if constants.hasInterruptions { throw SnapshotDefect("indicators.tradable is missing") }
      return snapshot.assets.map { _ in 1 }
    }
  }

  private var driftCost: Double {
    get throws(SnapshotDefect) {
      let covariance = try need(
        indicators.covariance?.flatMap(\.self) ?? constants.covariance, "indicators.covariance")
      return formulas.driftCostPerYear(weights: weights.span, covariance: covariance.span)
    }
  }

  private var costToTarget: Double {
    get throws(SnapshotDefect) {
      let costs = formulas.costs
      let prices = costs.needsPrices ? try need(snapshot.prices, "prices") : nil
      let volatilities = costs.needsVolatilities ? try volatilities : nil
      let factors =
        constants.changesSpreads
        ? try need(indicators.spreadFactors, "indicators.spread_factors") : nil
      var sum = 0.0
      for i in weights.indices {
        formulas.addCostToTarget(
          of: i, weight: weights[i], value: value, price: prices?[i] ?? 1,
          volatility: volatilities?[i] ?? 0, spreadFactor: factors?[i], to: &sum)
      }
      return sum
    }
  }

  // MARK: - Tax

  private func tax(_ fact: Fact) throws(SnapshotDefect) -> [Double] {
    let prices = try pricesOfLots
    let basis = try basisOfWeights
    if formulas.book != nil, fact.needsTaxRecord {
      _ = try need(snapshot.taxPosition, "tax_position")
    }
    switch fact {
    case .carriedLosses:
      let carried = formulas.carriedLosses(value: value, ledger: ledger.span)
      return [carried.short, carried.long]
    case .accruedTax: return [formulas.accruedTax(value: value, ledger: ledger.span)]
    case .taxToTarget:
      var numbers = ledger
      var own = numbers.mutableSpan
      return [
        formulas.taxToTarget(
          on: day, value: value, weights: weights.span, basis: basis.span, prices: prices.span,
          ledger: &own)
      ]
    default:
      return weights.indices.map {
        formulas.lotFact(
          fact, of: $0, on: day, value: value, weight: weights[$0], basis: basis[$0],
          price: prices[$0], ledger: ledger.span)
      }
    }
  }

  /// Prices, and lots with them, where the tax is on lots.
  private var pricesOfLots: [Double] {
    get throws(SnapshotDefect) {
      guard constants.tax.lots != nil else { return weights.map { _ in 1 } }
      _ = try need(snapshot.lots, "lots")
      return try need(snapshot.prices, "prices")
    }
  }

  /// The basis as a fraction of value, where it is taxed.
  private var basisOfWeights: [Double] {
    get throws(SnapshotDefect) {
      let value = value
      if case .averageCost = constants.tax {
        return try need(snapshot.basis, "basis").map { $0 / value }
      }
      return snapshot.basis?.map { $0 / value } ?? weights
    }
  }
}

extension Fact {
  /// Whether it follows from what was realised before.
  fileprivate var needsTaxRecord: Bool {
    switch self {
    case .carriedLosses, .accruedTax, .taxToTarget, .washSaleDaysOfPurchase: true
    default: false
    }
  }
}
