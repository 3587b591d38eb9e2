import Algebra
import Markets

/// Computes the facts that an observation asks for, the same way in both environments.
struct FactKernel<L: Lanes>: Sendable {
  let facts: [Fact]
  private let assetCount: Int
  private let targets: [L.Scalar]
  private let market: Market<L.Scalar>
  private let costs: TradingCosts.Prepared<L>
  private let account: AccountKernel<L>?
  private let averageCostRate: L.Scalar
  private let calendar: StepCalendar
  private let initialValue: L.Scalar
  private let horizon: L.Scalar
  private let volatilityReference: Int
  /// 1 − λ of the trend's exponential weights.
  private let trendWeight: L.Scalar
  private let driftCost: DriftCost

  /// - Parameter facts: those to compute.
  init(_ task: RebalancingTask, facts: [Fact]) {
    self.facts = facts
    driftCost = task.driftCost
    assetCount = task.assets.count
    targets = task.targets.map { L.Scalar($0) }
    market = Market(task.market)
    costs = TradingCosts.Prepared(task.costs)
    account = task.needsAccount ? AccountKernel(task) : nil
    averageCostRate = L.Scalar(task.tax.averageCostRate)
    calendar = StepCalendar(task)
    initialValue = L.Scalar(task.initialValue)
    horizon = L.Scalar(task.horizon)
    volatilityReference = task.volatilityReference
    // 2^(−1/h) by exp and log of our own: the same bits everywhere.
    trendWeight = L.Scalar(1 - Double.exp(-Double.log(2) / task.trendHalfLife))
  }

  /// What facts are made of: one group at the moment of the decision.
  struct Moment {
    var path: MarketPath<L>
    var value: L
    /// Days since 1970-01-01.
    var lastTradeDay: L
    var capped: L
    /// What has landed in cash since the last decision, a fraction of value.
    var inflow: L
    /// The volatility index `volatilityRiseSteps` ago; 0 where there is none.
    var indexBefore: L
  }

  /// Numbers of all facts together.
  var count: Int { facts.reduce(0) { $0 + count(of: $1) } }

  /// The volatility index at a decision.
  func volatilityIndex(_ path: MarketPath<L>, state: Span<L>) -> L {
    market.volatilityIndex(path, state: state, reference: volatilityReference)
  }

  /// The trend after one more return.
  func trend(_ old: L, _ logReturn: L) -> L {
    old + L(repeating: trendWeight) * (logReturn - old)
  }

  /// Writes the facts of one group in order.
  ///
  /// - Parameters:
  ///   - state: of the market; `ledger`: lots and tax position, where there are lots.
  ///   - weights, basis, prices, trends: shape [assets]; prices and trends may be empty where unused.
  func write(
    _ now: Moment, state: Span<L>, weights: Span<L>, basis: Span<L>, prices: Span<L>,
    trends: Span<L>, ledger: inout MutableSpan<L>, into facts: inout MutableSpan<L>
  ) {
    var place = 0
    for fact in self.facts {
      let size = count(of: fact)
      switch fact {
      case .volatility:
        for i in 0..<size { facts[place + i] = market.volatility(of: i, now.path, state: state) }
      case .availability: writeAvailability(now, state, &facts, at: place)
      case .trend:
        for i in 0..<size { facts[place + i] = trends[i] }
      case .regimeProbability:
        for i in 0..<size { facts[place + i] = market.regimeProbability(i, state: state) }
      case .harvestableLoss, .daysToLongTerm, .washSaleDaysOfSale, .washSaleDaysOfPurchase:
        for i in 0..<size {
          facts[place + i] = lotFact(fact, i, now, weights, basis, prices, ledger.span)
        }
      case .carriedLosses: writeCarriedLosses(now, ledger.span, &facts, at: place)
      case .calendarPhase: writeCalendarPhase(now, &facts, at: place)
      case .taxToTarget:
        facts[place] = taxToTarget(now, weights, basis, prices, &ledger)
      case .driftCostPerYear: facts[place] = driftCostPerYear(now, state, weights)
      default: facts[place] = single(fact, now, state, weights, prices, ledger.span)
      }
      place += size
    }
  }

  /// Numbers of a fact.
  func count(of fact: Fact) -> Int {
    switch fact.definition.shape {
    case .one: 1
    case .two: 2
    case .perAsset: assetCount
    case .perRegime: market.regimeCount
    }
  }

  /// The facts that are one number.
  private func single(
    _ fact: Fact, _ now: Moment, _ state: Span<L>, _ weights: Span<L>, _ prices: Span<L>,
    _ ledger: Span<L>
  ) -> L {
    let zero = L(repeating: 0)
    switch fact {
    case .tradeCostToTarget: return costToTarget(now, state, weights, prices)
    case .accruedTax: return position(ledger).map { accrued($0) / now.value } ?? zero
    case .volatilityIndex: return volatilityIndex(now.path, state: state)
    case .volatilityIndexRise:
      let isKnown = zero .< now.indexBefore
      let before = L(repeating: 1).replacing(with: now.indexBefore, where: isKnown)
      let rise = volatilityIndex(now.path, state: state) / before - L(repeating: 1)
      return zero.replacing(with: rise, where: isKnown)
    case .inflow: return now.inflow
    case .oracleRegime: return market.regime(state: state)
    case .daysSinceTrade:
      return (calendar.days(now.path) - now.lastTradeDay) / L(repeating: 365)
    case .pendingFlow: return calendar.scheduledFlow(now.path.step) / now.value
    case .valueGrowth: return L.log(now.value / L(repeating: initialValue))
    case .stepsLeft:
      let steps: L = calendar.stepsLeft(now.path.step)
      return steps / L(repeating: horizon)
    case .cappedShare: return now.capped
    default: return zero
    }
  }

  private func writeAvailability(
    _ now: Moment, _ state: Span<L>, _ facts: inout MutableSpan<L>, at place: Int
  ) {
    let (zero, one) = (L(repeating: 0), L(repeating: 1))
    guard market.hasInterruptions else {
      for i in 0..<assetCount { facts[place + i] = one }
      return
    }
    for i in 0..<assetCount {
      let availability = market.availability(of: i, state: state)
      facts[place + i] = one.replacing(with: zero, where: zero .< availability)
    }
  }

  private func writeCalendarPhase(_ now: Moment, _ facts: inout MutableSpan<L>, at place: Int) {
    // Turns since 1970-01-01 of a mean year: the phase of the date within a day.
    let turns: L = calendar.days(now.path) / L(repeating: 365.2425)
    let (sin, cos) = L.sinCos(turns: turns)
    facts[place] = sin
    facts[place + 1] = cos
  }

  /// What the drift of the present weights costs by the year, with the covariance known now.
  private func driftCostPerYear(_ now: Moment, _ state: Span<L>, _ weights: Span<L>) -> L {
    var covariance = [L](repeating: L(repeating: 0), count: assetCount * assetCount)
    var entries = covariance.mutableSpan
    market.covariance(now.path, state: state, into: &entries)
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

  /// The cost of trading all of the way, as a fraction of value.
  private func costToTarget(
    _ now: Moment, _ state: Span<L>, _ weights: Span<L>, _ prices: Span<L>
  ) -> L {
    let perDay = L(repeating: L.Scalar(1 / 252.0.squareRoot()))
    var sum = L(repeating: 0)
    for i in 0..<assetCount where i != costs.cash {
      let size = (L(repeating: targets[i]) - weights[i]).absolute
      let volatility =
        costs.needsVolatilities
        ? market.volatility(of: i, now.path, state: state) * perDay : L(repeating: 0)
      sum =
        sum
        + costs.cost(
          of: i, size: size, value: now.value,
          price: prices.isEmpty ? L(repeating: 1) : prices[i], volatility: volatility)
      guard market.changesSpreads else { continue }
      sum = sum + size * costs.widening(of: i, market.spreadFactor(of: i, now.path))
    }
    return sum
  }

  // MARK: - Tax

  private func position(_ ledger: Span<L>) -> TaxPosition<L>? {
    guard let account, account.book != nil else { return nil }
    return TaxPosition(ledger, at: account.accountOffset)
  }

  private func accrued(_ position: TaxPosition<L>) -> L {
    account?.lotTax.map { position.accrued($0.rates) } ?? L(repeating: 0)
  }

  private func writeCarriedLosses(
    _ now: Moment, _ ledger: Span<L>, _ facts: inout MutableSpan<L>, at place: Int
  ) {
    let position = position(ledger)
    facts[place] = position.map { $0.carriedShort / now.value } ?? L(repeating: 0)
    facts[place + 1] = position.map { $0.carriedLong / now.value } ?? L(repeating: 0)
  }

  /// A fact of one asset's lots; without lots, of its average cost.
  private func lotFact(
    _ fact: Fact, _ i: Int, _ now: Moment, _ weights: Span<L>, _ basis: Span<L>,
    _ prices: Span<L>, _ ledger: Span<L>
  ) -> L {
    let zero = L(repeating: 0)
    guard let account, let book = account.book else {
      return fact == .harvestableLoss && averageCostRate > 0
        ? L.larger(basis[i] - weights[i], zero) : zero
    }
    guard i != account.cash else { return zero }
    if fact == .harvestableLoss {
      return book.holding(i, at: SecurityPrices(prices[i]), in: ledger).harvestableLoss / now.value
    }
    let day = account.tradingDay(calendar.days(now.path))
    let exposure = book.exposure(i, on: day, longTerm: account.longTerm, in: ledger)
    switch fact {
    case .daysToLongTerm: return exposure.daysUntilLong / L(repeating: 365)
    case .washSaleDaysOfSale: return exposure.recentDays / L(repeating: 30)
    default: return exposure.openDays / L(repeating: 30)
    }
  }

  /// The tax that trading all of the way would add, wash sales aside, as a fraction of value.
  private func taxToTarget(
    _ now: Moment, _ weights: Span<L>, _ basis: Span<L>, _ prices: Span<L>,
    _ ledger: inout MutableSpan<L>
  ) -> L {
    let zero = L(repeating: 0)
    guard let account, let book = account.book, let rates = account.lotTax?.rates else {
      var gains = zero
      for i in 0..<assetCount {
        let sold = L.larger(weights[i] - L(repeating: targets[i]), zero)
        let divisor = L(repeating: 1).replacing(with: weights[i], where: zero .< weights[i])
        gains = gains + sold / divisor * (weights[i] - basis[i])
      }
      return gains * L(repeating: averageCostRate)
    }
    let day = account.tradingDay(calendar.days(now.path))
    var gains = RealizedGains<L>.none
    for i in 0..<assetCount where i != account.cash {
      let sold = L.larger(weights[i] - L(repeating: targets[i]), zero) * now.value / prices[i]
      gains =
        gains
        + book.gainsIfSold(i, units: sold, at: SecurityPrices(prices[i]), on: day, in: &ledger)
    }
    let position = TaxPosition<L>(ledger.span, at: account.accountOffset)
    return position.tax(on: gains, rates) / now.value
  }
}
