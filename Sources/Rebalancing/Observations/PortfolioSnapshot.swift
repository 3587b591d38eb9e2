public import Markets

/// Everything a decision may depend on: the portfolio at one moment and the memory that it carries.
public struct PortfolioSnapshot: Sendable, Hashable {
  /// The day of the decision.
  public var date: CalendarDate
  /// Names, one per asset.
  public var assets: [String]
  /// Market value per asset, in currency.
  public var holdings: [Double]
  /// Target weight per asset; they sum to 1.
  public var targets: [Double]
  /// The day of the last trade, or of the portfolio's start.
  public var lastTrade: CalendarDate?
  /// The day since which a trigger has been putting off a trade; `nil` where it does not.
  public var waitingSince: CalendarDate?
  /// Acquisition cost per asset, in currency, where it is known.
  public var basis: [Double]?
  /// Log return of the last step per asset, where it is known.
  public var lastLogReturns: [Double]?

  /// Further facts by name, see `Fact`, as far as they are known; the numbers of each in order.
  public var facts: [String: [Double]]?

  /// Price per unit, in currency.
  public var prices: [Double]?
  /// Units per asset; with prices they say what holdings do.
  public var units: [Double]?
  /// Tax lots, in any order.
  public var lots: [HeldLot]?
  /// The tax of the year.
  public var taxPosition: TaxRecord?
  /// What the market says, from which facts are built.
  public var indicators: MarketIndicators?
  /// What the caller takes the policy to see; it must agree with what is built from the rest.
  public var observation: [Float]?
  /// Prices at the decision before.
  public var previousPrices: [Double]?
  /// The day of each price.
  public var priceDates: [CalendarDate]?
  /// When the decision is asked for; the snapshot's date where it is left out.
  public var requestedOn: UTCTime?
  /// What people have said about trading.
  public var controls: TradingControls?

  public init(
    date: CalendarDate, assets: [String], holdings: [Double], targets: [Double],
    lastTrade: CalendarDate? = nil, waitingSince: CalendarDate? = nil, basis: [Double]? = nil,
    lastLogReturns: [Double]? = nil, facts: [String: [Double]]? = nil
  ) {
    self.date = date
    self.assets = assets
    self.holdings = holdings
    self.targets = targets
    self.lastTrade = lastTrade
    self.waitingSince = waitingSince
    self.basis = basis
    self.lastLogReturns = lastLogReturns
    self.facts = facts
  }

  /// Net asset value, in currency.
  public var value: Double { holdings.reduce(0, +) }

  /// Weight per asset, holdings over value.
  public var weights: [Double] {
    let value = value
    return holdings.map { $0 / value }
  }

  /// Weight minus target per asset.
  public var deviations: [Double] { zip(weights, targets).map { $0 - $1 } }

  /// Why the snapshot is not for a policy of these assets: it is answered by position, so names and
  /// order must be the policy's own; `nil` where they are.
  public func refusal(for assets: [String]) -> String? {
    guard self.assets != assets else { return nil }
    return "assets: \(self.assets.joined(separator: ", ")) are given; the policy is for "
      + "\(assets.joined(separator: ", ")), in this order"
  }
}

extension PortfolioSnapshot: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case date, assets, holdings, basis, facts, prices, units, lots, indicators, observation,
      controls
    case targets = "target_weights"
    case lastTrade = "last_trade"
    case waitingSince = "waiting_since"
    case lastLogReturns = "last_log_returns"
    case taxPosition = "tax_position"
    case previousPrices = "previous_prices"
    case priceDates = "price_dates"
    case requestedOn = "requested_on"
  }

  /// The fields of a snapshot in JSON.
  public static var fieldNames: [String] { CodingKeys.allCases.map(\.rawValue).sorted() }
}

extension PortfolioSnapshot {
  /// What is wrong with the snapshot, naming the field; `nil` where a decision can be made from it.
  public var defect: String? {
    let count = assets.count
    if count < 2 { return "assets: \(count) given, at least 2 are needed" }
    if let i = assets.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
      return "assets[\(i)]: empty, a name is needed"
    }
    if hasRepeatedName { return "assets: a name stands twice" }
    // One after another: a list of them would be an allocation at every decision.
    if let defect = wrong(holdings, "holdings") ?? wrong(targets, "target_weights")
      ?? basis.flatMap({ wrong($0, "basis") })
      ?? lastLogReturns.flatMap({ wrong($0, "last_log_returns", isSigned: true) })
    {
      return defect
    }
    guard let facts else { return moneyDefect }
    for (name, numbers) in facts.sorted(by: { $0.key < $1.key }) {
      guard Fact(rawValue: name) != nil else {
        let valid = Fact.allCases.map(\.rawValue).joined(separator: ", ")
        return "facts: there is no “\(name)”, valid are \(valid)"
      }
      if let i = numbers.firstIndex(where: { !$0.isFinite }) {
        return "facts.\(name)[\(i)]: \(numbers[i]) is not a finite number"
      }
    }
    return moneyDefect
  }

  private var hasRepeatedName: Bool {
    guard assets.count <= 16 else { return Set(assets).count < assets.count }
    return assets.indices.contains { assets[..<$0].contains(assets[$0]) }
  }

  /// What is wrong with a field of one number per asset.
  private func wrong(_ field: [Double], _ name: String, isSigned: Bool = false) -> String? {
    if field.count != assets.count {
      return "\(name): \(field.count) numbers for \(assets.count) assets"
    }
    if let i = field.firstIndex(where: { !$0.isFinite }) {
      return "\(name)[\(i)] (\(assets[i])): \(field[i]) is not a finite number"
    }
    if !isSigned, let i = field.firstIndex(where: { $0 < 0 }) {
      return "\(name)[\(i)] (\(assets[i])): \(field[i]) is negative"
    }
    return nil
  }

  /// What is wrong with value, targets and dates.
  private var moneyDefect: String? {
    let value = value
    if value <= 0 || !value.isFinite {
      return "holdings: they sum to \(value), a positive finite value is needed"
    }
    let sum = targets.reduce(0, +)
    if abs(sum - 1) > 1e-9 { return "target_weights: they sum to \(sum), not to 1" }
    if let lastTrade, lastTrade > date {
      return "last_trade: \(lastTrade) is after the decision's date \(date)"
    }
    if let waitingSince, waitingSince > date {
      return "waiting_since: \(waitingSince) is after the decision's date \(date)"
    }
    return quoteDefect ?? accountDefect
  }
}
