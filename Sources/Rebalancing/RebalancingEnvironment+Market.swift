import Algebra
import Markets

extension RebalancingEnvironment {
  /// Deposits and withdrawals land in cash.
  ///
  /// - Returns: what landed, in currency.
  mutating func land(_ path: MarketPath<Real>) -> Double {
    guard let cash = task.payment.cash, !task.flows.isEmpty else { return 0 }
    let random: Real = task.flows.random(
      source: path.source, copy: path.copy, episode: path.episode, step: path.step)
    let flow = random + Real(task.flows.scheduled(step: step))
    let before = Real(value)
    let after = before + flow
    value += Double(flow)
    for i in weights.indices {
      weights[i] = weights[i] * (before / after)
      basis[i] = basis[i] * (before / after)
    }
    weights[cash] = weights[cash] + flow / after
    inflow = inflow * (before / after) + flow / after
    return Double(flow)
  }

  mutating func beginMarket() {
    let path = path
    var state = marketState
    var span = state.mutableSpan
    market.begin(path, where: Real.Mask(repeating: true), state: &span)
    marketState = state
  }

  mutating func beginAccount() {
    prices = task.initialPrices.map { Real($0) }
    guard let account else { return }
    var ledger = ledger
    var span = ledger.mutableSpan
    account.begin(
      on: calendar.days(path), where: Real.Mask(repeating: true), ledger: &span)
    self.ledger = ledger
  }

  /// Lets the market move.
  ///
  /// - Returns: gross returns and dividends per asset; no dividends where the market pays none.
  mutating func move(_ path: MarketPath<Real>) -> (growth: [Real], income: [Real]) {
    var (growth, logReturns, state) = (weights, lastLogReturns, marketState)
    var income = market.paysDividends ? weights : []
    let paths = [path]
    var growths = growth.mutableSpan
    var returns = logReturns.mutableSpan
    var states = state.mutableSpan
    var incomes = income.mutableSpan
    market.move(
      paths.span, state: &states, growth: &growths, logReturns: &returns, income: &incomes)
    lastLogReturns = logReturns
    marketState = state
    return (growth, income)
  }

  /// Keeps the volatility index of a decision, where its rise is asked for.
  mutating func noteIndex(_ path: MarketPath<Real>) {
    guard !pastIndices.isEmpty else { return }
    pastIndices.removeLast()
    pastIndices.insert(facts.volatilityIndex(path, state: marketState.span), at: 0)
  }

  /// Dividends land in cash, and count as income of the year.
  mutating func collectDividends(_ income: [Real], _ trade: Trade, _ total: Real) {
    guard let account, market.paysDividends else { return }
    let yield = income.indices.reduce(0) { $0 + trade.held[$1] * income[$1] }
    if let cash = account.cash {
      weights[cash] = weights[cash] + yield / total
      inflow = yield / total
    }
    var ledger = ledger
    var span = ledger.mutableSpan
    account.receive(
      dividend: yield * (1 - (trade.cost + trade.tax)) * Real(value), ledger: &span)
    self.ledger = ledger
  }

  /// dᵀΣd per year.
  func activeVariance(_ held: [Real], _ targets: [Real], _ path: MarketPath<Real>) -> Real {
    let count = held.count
    var covariance = [Real](repeating: 0, count: count * count)
    var entries = covariance.mutableSpan
    market.covariance(path, state: marketState.span, into: &entries)
    var sum: Real = 0
    for i in 0..<count {
      var row: Real = 0
      for j in 0..<count { row = row + covariance[i * count + j] * (held[j] - targets[j]) }
      sum = sum + (held[i] - targets[i]) * row
    }
    return sum
  }

  func driftCost(_ activeVariance: Real) -> Real {
    switch task.driftCost {
    case .quadratic(let riskAversion):
      activeVariance * Real(riskAversion / 2 / task.stepsPerYear)
    case .trackingError(let weight):
      Real.larger(activeVariance, 0).roots() * Real(weight / task.stepsPerYear)
    }
  }

  func capture(_ total: Real, _ targetTotal: Real) -> Real {
    switch task.returnCapture {
    case .none: 0
    case .active: total - targetTotal
    case .simple: total - 1
    case .log: Real.log(total)
    }
  }
}
