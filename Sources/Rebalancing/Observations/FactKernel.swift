import Algebra
import Markets

/// Computes the facts that an observation asks for from the market's state, the same way in both
/// environments; the arithmetic is that of `FactFormulas`.
struct FactKernel<L: Lanes>: Sendable {
  let facts: [Fact]
  private let assetCount: Int
  private let market: Market<L.Scalar>
  private let formulas: FactFormulas<L>
  private let calendar: StepCalendar
  private let initialValue: L.Scalar
  private let volatilityReference: Int
  /// 1 − λ of the trend's exponential weights.
  private let trendWeight: L.Scalar

  /// - Parameters:
  ///   - facts: those to compute.
  ///   - longTerm: where the task has lots.
  init(_ task: RebalancingTask, facts: [Fact], longTerm: LongTermTable?) {
    self.facts = facts
    assetCount = task.assets.count
    market = Market(task.market)
    formulas = FactFormulas(
      FactConstants(task),
      longTerm: longTerm ?? LongTermTable(from: task.startDate, count: 0))
    calendar = StepCalendar(task)
    initialValue = L.Scalar(task.initialValue)
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
        let day: L = calendar.days(now.path)
        for i in 0..<size {
          facts[place + i] = formulas.lotFact(
            fact, of: i, on: day, value: now.value, weight: weights[i],
            basis: basis[i], price: prices.isEmpty ? L(repeating: 1) : prices[i],
            ledger: ledger.span)
        }
      case .carriedLosses:
        (facts[place], facts[place + 1]) = formulas.carriedLosses(
          value: now.value, ledger: ledger.span)
      case .calendarPhase:
        (facts[place], facts[place + 1]) = formulas.calendarPhase(day: calendar.days(now.path))
      case .taxToTarget:
        facts[place] = formulas.taxToTarget(
          on: calendar.days(now.path), value: now.value, weights: weights, basis: basis,
          prices: prices, ledger: &ledger)
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
    switch fact {
    case .tradeCostToTarget: return costToTarget(now, state, weights, prices)
    case .accruedTax: return formulas.accruedTax(value: now.value, ledger: ledger)
    case .volatilityIndex: return volatilityIndex(now.path, state: state)
    case .volatilityIndexRise:
      return formulas.volatilityIndexRise(
        index: volatilityIndex(now.path, state: state), before: now.indexBefore)
    case .inflow: return now.inflow
    case .oracleRegime: return market.regime(state: state)
    case .daysSinceTrade:
      return formulas.daysSinceTrade(day: calendar.days(now.path), lastTradeDay: now.lastTradeDay)
    case .pendingFlow: return calendar.scheduledFlow(now.path.step) / now.value
    case .valueGrowth:
      return formulas.valueGrowth(value: now.value, initialValue: L(repeating: initialValue))
    case .stepsLeft: return formulas.stepsLeft(calendar.stepsLeft(now.path.step))
    case .cappedShare: return now.capped
    default: return L(repeating: 0)
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

  /// What the drift of the present weights costs by the year, with the covariance known now.
  private func driftCostPerYear(_ now: Moment, _ state: Span<L>, _ weights: Span<L>) -> L {
    var covariance = [L](repeating: L(repeating: 0), count: assetCount * assetCount)
    var entries = covariance.mutableSpan
    market.covariance(now.path, state: state, into: &entries)
    return formulas.driftCostPerYear(weights: weights, covariance: entries.span)
  }

  /// The cost of trading all of the way, as a fraction of value.
  private func costToTarget(
    _ now: Moment, _ state: Span<L>, _ weights: Span<L>, _ prices: Span<L>
  ) -> L {
    var sum = L(repeating: 0)
    for i in 0..<assetCount {
      formulas.addCostToTarget(
        of: i, weight: weights[i], value: now.value,
        price: prices.isEmpty ? L(repeating: 1) : prices[i],
        volatility: formulas.costs.needsVolatilities
          ? market.volatility(of: i, now.path, state: state) : L(repeating: 0),
        spreadFactor: market.changesSpreads ? market.spreadFactor(of: i, now.path) : nil, to: &sum)
    }
    return sum
  }
}
