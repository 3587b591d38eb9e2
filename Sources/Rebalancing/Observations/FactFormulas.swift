import Algebra

/// How facts follow from what is known at a decision: one arithmetic for environments, which read the
/// market's state (`FactKernel`), and for requests, which bring quotes and lots (`SnapshotFacts`).
///
/// Spans have shape [assets]; amounts are in currency, days count from 1970-01-01.
struct FactFormulas<L: Lanes>: Sendable {
  let assetCount: Int
  var targets: [L.Scalar]
  let costs: TradingCosts.Prepared<L>
  /// The lots' rules, where there are lots.
  var book: LotBook<L>?
  let rates: CapitalTaxRates?
  /// The asset that has no lots.
  let cash: Int?
  let averageCostRate: L.Scalar
  let longTerm: LongTermTable
  private let horizon: L.Scalar
  private let driftCost: DriftCost

  init(_ constants: FactConstants, longTerm: LongTermTable) {
    assetCount = constants.assets.count
    targets = constants.targets.map { L.Scalar($0) }
    costs = TradingCosts.Prepared(constants.costs)
    book = constants.tax.lots.map { $0.book(assets: constants.assets.count) }
    rates = constants.tax.lots?.rates
    cash = constants.cash
    averageCostRate = L.Scalar(constants.tax.averageCostRate)
    self.longTerm = longTerm
    horizon = L.Scalar(constants.horizon)
    driftCost = constants.driftCost
  }

  // MARK: - Time and flows

  /// Sine and cosine of the phase of a mean year; within a day of the date's.
  func calendarPhase(day: L) -> (sine: L, cosine: L) {
    let turns = day / L(repeating: 365.2425)
    let (sine, cosine) = L.sinCos(turns: turns)
    return (sine, cosine)
  }

  func daysSinceTrade(day: L, lastTradeDay: L) -> L {
    (day - lastTradeDay) / L(repeating: 365)
  }

  func stepsLeft(_ steps: L) -> L { steps / L(repeating: horizon) }

  func valueGrowth(value: L, initialValue: L) -> L { L.log(value / initialValue) }

  /// What the day says of holding periods.
  func tradingDay(_ day: L) -> TradingDay<L> {
    book == nil ? TradingDay(day: day, longSince: day) : longTerm.tradingDay(day)
  }

  // MARK: - Market

  /// The rise of the volatility index; 0 where it was not known before.
  func volatilityIndexRise(index: L, before: L) -> L {
    let zero = L(repeating: 0)
    let isKnown = zero .< before
    let divisor = L(repeating: 1).replacing(with: before, where: isKnown)
    return zero.replacing(with: index / divisor - L(repeating: 1), where: isKnown)
  }

  /// What the drift of the weights costs by the year.
  ///
  /// - Parameter covariance: per year, shape [assets, assets].
  func driftCostPerYear(weights: Span<L>, covariance: Span<L>) -> L {
    var variance = L(repeating: 0)
    for i in 0..<assetCount {
      var row = L(repeating: 0)
      for j in 0..<assetCount {
        row = row + covariance[i * assetCount + j] * (weights[j] - L(repeating: targets[j]))
      }
      variance = variance + (weights[i] - L(repeating: targets[i])) * row
    }
    switch driftCost {
    case .quadratic(let riskAversion): return variance * L(repeating: L.Scalar(riskAversion / 2))
    case .trackingError(let weight):
      return L.larger(variance, L(repeating: 0)).roots() * L(repeating: L.Scalar(weight))
    }
  }

  /// Adds the cost of trading one asset all of the way, as a fraction of value.
  ///
  /// - Parameters:
  ///   - volatility: per √year, where costs need it.
  ///   - spreadFactor: of the half spread, where it ever changes.
  func addCostToTarget(
    of i: Int, weight: L, value: L, price: L, volatility: L, spreadFactor: L?, to sum: inout L
  ) {
    guard i != costs.cash else { return }
    let perDay = L(repeating: L.Scalar(1 / 252.0.squareRoot()))
    let size = (L(repeating: targets[i]) - weight).absolute
    sum =
      sum
      + costs.cost(of: i, size: size, value: value, price: price, volatility: volatility * perDay)
    if let spreadFactor { sum = sum + size * costs.widening(of: i, spreadFactor) }
  }
}

// MARK: - Tax

extension FactFormulas {
  /// Where the tax position begins in a ledger, behind the lots.
  private var positionOffset: Int { book?.layout.count ?? 0 }

  private func position(_ ledger: Span<L>) -> TaxPosition<L>? {
    book == nil ? nil : TaxPosition(ledger, at: positionOffset)
  }

  func accruedTax(value: L, ledger: Span<L>) -> L {
    guard let rates, let position = position(ledger) else { return L(repeating: 0) }
    return position.accrued(rates) / value
  }

  func carriedLosses(value: L, ledger: Span<L>) -> (short: L, long: L) {
    guard let position = position(ledger) else { return (L(repeating: 0), L(repeating: 0)) }
    return (position.carriedShort / value, position.carriedLong / value)
  }

  /// A fact of one asset's lots; without lots, of its average cost.
  ///
  /// - Parameters:
  ///   - weight, basis: as fractions of value; `basis` is of no concern where there are lots.
  ///   - price: of no concern where there are none.
  func lotFact(
    _ fact: Fact, of i: Int, on day: L, value: L, weight: L, basis: L, price: L, ledger: Span<L>
  ) -> L {
    let zero = L(repeating: 0)
    guard let book else {
      return fact == .harvestableLoss && averageCostRate > 0
        ? L.larger(basis - weight, zero) : zero
    }
    guard i != cash else { return zero }
    if fact == .harvestableLoss {
      return book.holding(i, at: SecurityPrices(price), in: ledger).harvestableLoss / value
    }
    let exposure = book.exposure(i, on: tradingDay(day), longTerm: longTerm, in: ledger)
    switch fact {
    case .daysToLongTerm: return exposure.daysUntilLong / L(repeating: 365)
    case .washSaleDaysOfSale: return exposure.recentDays / L(repeating: 30)
    default: return exposure.openDays / L(repeating: 30)
    }
  }

  /// The tax that trading all of the way would add, wash sales aside, as a fraction of value.
  func taxToTarget(
    on day: L, value: L, weights: Span<L>, basis: Span<L>, prices: Span<L>,
    ledger: inout MutableSpan<L>
  ) -> L {
    let zero = L(repeating: 0)
    guard let book, let rates else {
      var gains = zero
      for i in 0..<assetCount {
        let sold = L.larger(weights[i] - L(repeating: targets[i]), zero)
        let divisor = L(repeating: 1).replacing(with: weights[i], where: zero .< weights[i])
        gains = gains + sold / divisor * (weights[i] - basis[i])
      }
      return gains * L(repeating: averageCostRate)
    }
    let day = tradingDay(day)
    var gains = RealizedGains<L>.none
    for i in 0..<assetCount where i != cash {
      let sold = L.larger(weights[i] - L(repeating: targets[i]), zero) * value / prices[i]
      gains =
        gains
        + book.gainsIfSold(i, units: sold, at: SecurityPrices(prices[i]), on: day, in: &ledger)
    }
    return TaxPosition<L>(ledger.span, at: positionOffset).tax(on: gains, rates) / value
  }
}
