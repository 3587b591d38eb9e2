public import Algebra
public import Gym
public import Markets

/// One portfolio that drifts, is rebalanced and pays for it: the readable reference.
///
/// A step, in this order: the action sets the post-trade weights v = w + f (w* − w); costs and tax of
/// the trade are paid pro rata, which leaves the weights as they are; then the market moves. Nothing
/// at t depends on anything after t. `BatchedRebalancingEnvironment` does the same for many copies,
/// to the same bits.
public struct RebalancingEnvironment<Real>: Environment
where Real: Lanes & BinaryFloatingPoint, Real.Scalar == Real, Real.Words == UInt32 {
  /// The problem.
  public let task: RebalancingTask
  /// Which of the seed's market paths this portfolio meets.
  public let copy: UInt32
  private let market: Market<Real>
  private var source: RandomSource
  private var episode: UInt32 = 0
  private var step = 0
  /// Weight per asset before the next trade.
  private(set) var weights: [Real]
  /// Acquisition cost per asset, as a fraction of the present value.
  private var basis: [Real]
  private var lastLogReturns: [Real]
  private var lastTrade: CalendarDate
  private var marketState: [Real]
  /// Where trades are accounted for: the rules, prices, lots and tax position.
  private let account: AccountKernel<Real>?
  private let calendar: StepCalendar
  private var prices: [Real]
  private var ledger: [Real]
  private var desk: TradingDesk<Real>
  /// What is observed beyond weights, returns and basis, and what it needs.
  private let facts: FactKernel<Real>
  private var trends: [Real]
  private var cappedShare: Real = 0
  /// Whether the episode has ended, or not yet begun.
  public private(set) var hasEnded = true
  /// Net asset value in currency.
  public private(set) var value = 1.0

  public init(_ task: RebalancingTask, seed: UInt64 = 0, copy: UInt32 = 0) {
    self.task = task
    self.copy = copy
    market = Market(task.market)
    source = RandomSource(seed: seed)
    weights = task.targets.map { Real($0) }
    basis = weights
    lastLogReturns = weights.map { _ in 0 }
    lastTrade = task.startDate
    marketState = Array(repeating: 0, count: task.market.stateCount)
    account = task.needsAccount ? AccountKernel(task) : nil
    calendar = StepCalendar(task)
    prices = task.initialPrices.map { Real($0) }
    ledger = Array(repeating: 0, count: task.ledgerCount)
    desk = TradingDesk(assets: task.needsAccount ? weights.count : 0)
    facts = FactKernel(task)
    trends = weights.map { _ in 0 }
  }

  public var observationSpace: Space { task.observation.space }
  public var actionSpace: Space { task.actionSpace }

  public mutating func reset(seed: UInt64?) -> [Float] {
    if let seed {
      source = RandomSource(seed: seed)
      episode = 0
    } else {
      episode += 1
    }
    step = 0
    weights = task.targets.map { Real($0) }
    basis = weights
    lastLogReturns = weights.map { _ in 0 }
    value = task.initialValue
    hasEnded = false
    lastTrade = date
    trends = weights.map { _ in 0 }
    cappedShare = 0
    beginMarket()
    beginAccount()
    return observation()
  }

  public mutating func step(_ action: Int) -> Transition {
    precondition(
      actionSpace.contains(action), "action \(action) is not one of 0 ..< \(task.actionCount)")
    let isHarvest = action == task.actions.count
    let outcome = advance(
      fraction: isHarvest ? 0 : task.actions[action], isHarvesting: isHarvest)
    return transition(outcome)
  }

  public mutating func step(values: [Float]) -> Transition {
    precondition(
      task.actionFamily != .list && values.count == actionSpace.size,
      "\(values.count) numbers, the actions of \(task.id) are \(actionSpace)")
    // Before the observation is made, so not as its argument.
    let outcome =
      task.actionFamily == .destination
      ? advance(destination: values.map { Double($0) })
      : advance(fraction: min(max(Double(values[0]), 0), 1))
    return transition(outcome)
  }

  private func transition(_ outcome: StepOutcome) -> Transition {
    Transition(
      observation: observation(), reward: outcome.reward, terminated: value <= 0,
      truncated: step >= task.horizon && value > 0, info: outcome.info)
  }

  /// The date of the next decision.
  public var date: CalendarDate {
    task.market.date(source, copy: copy, episode: episode, step: step, clock: task.clock)
  }

  /// What a trigger may know now.
  public var snapshot: PortfolioSnapshot {
    PortfolioSnapshot(
      date: date, assets: task.assets, holdings: weights.map { Double($0) * value },
      targets: task.targets, lastTrade: lastTrade, basis: basis.map { Double($0) * value },
      lastLogReturns: lastLogReturns.map { Double($0) }, facts: namedFacts)
  }

  /// The observed facts by name.
  private var namedFacts: [String: [Double]]? {
    let numbers = factNumbers
    guard !numbers.isEmpty else { return nil }
    var named: [String: [Double]] = [:]
    var first = 0
    for fact in task.observation.facts {
      let size = task.observation.size(of: fact)
      named[fact.rawValue] = numbers[first..<first + size].map { Double($0) }
      first += size
    }
    return named
  }

  /// Trades a fraction of the way to the target, pays, and lets the market move.
  ///
  /// - Parameter isHarvesting: whether losses are harvested besides; they are at every step where the
  ///   task says so.
  public mutating func advance(fraction: Double, isHarvesting: Bool = false) -> StepOutcome {
    precondition(!hasEnded, "the episode has ended: reset before the next step")
    precondition((0...1).contains(fraction), "\(fraction) is not a fraction of the way to target")
    let trade =
      if let account {
        accountedTrade(Real(fraction), isHarvesting: isHarvesting, in: account)
      } else {
        plainTrade(Real(fraction))
      }
    return advance(after: trade)
  }

  /// Trades to the post-trade weights v = a⁺ / Σ a⁺, pays, and lets the market move; no trade where
  /// Σ a⁺ = 0. For proportional costs paid pro rata.
  ///
  /// - Parameter values: a, one per asset.
  public mutating func advance(destination values: [Double]) -> StepOutcome {
    precondition(!hasEnded, "the episode has ended: reset before the next step")
    precondition(
      account == nil && values.count == weights.count,
      "\(values.count) numbers are no destination of \(task.id)")
    let wanted = values.map { Real.larger(Real($0), 0) }
    let sum = wanted.reduce(0) { $0 + $1 }
    let held = weights.indices.map { sum > 0 ? wanted[$0] / sum : weights[$0] }
    let trades = weights.indices.map { held[$0] - weights[$0] }
    let (cost, tax) = pay(for: trades)
    return advance(after: Trade(amounts: trades, cost: cost, tax: tax, held: held))
  }

  /// Does what a trigger has decided.
  public mutating func advance(_ decision: TriggerDecision) -> StepOutcome {
    guard let destination = decision.destination, account == nil else {
      return advance(fraction: decision.fraction)
    }
    return advance(destination: destination)
  }

  /// Charges the drift of what is held after a trade, and lets the market move.
  private mutating func advance(after trade: Trade) -> StepOutcome {
    let path = path
    let targets = task.targets.map { Real($0) }
    if trade.amounts.contains(where: { $0 != 0 }) { lastTrade = date }
    let variance = activeVariance(trade.held, targets, path)
    let driftCost = driftCost(variance)

    let (growth, income) = move(path)
    var total: Real = 0
    var targetTotal: Real = 0
    for i in weights.indices {
      total = total + trade.held[i] * growth[i]
      targetTotal = targetTotal + targets[i] * growth[i]
    }
    for i in income.indices {
      total = total + trade.held[i] * income[i]
      targetTotal = targetTotal + targets[i] * income[i]
    }
    for i in weights.indices {
      weights[i] = trade.held[i] * growth[i] / total
      basis[i] = basis[i] / total
      prices[i] = prices[i] * growth[i]
      trends[i] = facts.trend(trends[i], lastLogReturns[i])
    }

    let costs = trade.cost + trade.tax
    collectDividends(income, trade, total)
    let reward =
      (capture(total, targetTotal) - driftCost - trade.cost - trade.tax) * Real(task.rewardScale)
    let before = value
    value = value * Double((1 - costs) * total)
    let flow = land(path)
    step += 1
    takeLotBasis()
    hasEnded = step >= task.horizon || value <= 0
    return StepOutcome(
      valueBefore: before, valueAfter: value, transactionCost: Double(trade.cost),
      taxCost: Double(trade.tax), driftCost: Double(driftCost),
      portfolioReturn: Double(total) - 1, targetReturn: Double(targetTotal) - 1, flow: flow,
      activeVariance: Double(variance),
      turnover: trade.turnover, reward: Double(reward))
  }

  private var path: MarketPath<Real> {
    MarketPath(source: source, copy: copy, episode: episode, step: UInt32(step))
  }

  /// What was traded, what it cost and what is held after it, as fractions of value.
  private struct Trade {
    var amounts: [Real]
    var cost: Real
    var tax: Real
    var held: [Real]

    /// Half the sum of the absolute trades.
    var turnover: Double { amounts.reduce(0.0) { $0 + abs(Double($1)) } / 2 }
  }

  /// The plain trade: proportional costs and a flat tax, paid pro rata.
  private mutating func plainTrade(_ fraction: Real) -> Trade {
    let trades = weights.indices.map { fraction * (Real(task.targets[$0]) - weights[$0]) }
    let (cost, tax) = pay(for: trades)
    return Trade(
      amounts: trades, cost: cost, tax: tax, held: weights.indices.map { weights[$0] + trades[$0] })
  }

  /// The trade that is accounted for.
  private mutating func accountedTrade(
    _ fraction: Real, isHarvesting: Bool, in account: AccountKernel<Real>
  ) -> Trade {
    let isOverlay = task.tax.lots?.harvesting != nil && task.tax.lots?.isOverlay == true
    let now = AccountKernel<Real>.Situation(
      fraction: fraction, isHarvesting: Real.Mask(repeating: isHarvesting || isOverlay),
      isLast: Real.Mask(repeating: step + 1 >= task.horizon), value: Real(value),
      day: account.tradingDay(calendar.days(path)))
    let before = weights
    let prices = prices
    var (held, basis, ledger, desk) = (weights, basis, ledger, desk)
    var heldSpan = held.mutableSpan
    var basisSpan = basis.mutableSpan
    var ledgerSpan = ledger.mutableSpan
    desk.setQuotes(account, market, path, state: marketState.span, prices: prices.span)
    let result = desk.trade(
      account, now, weights: before.span, basis: &basisSpan, ledger: &ledgerSpan,
      held: &heldSpan)
    self.basis = basis
    self.ledger = ledger
    self.desk = desk
    cappedShare = result.capped
    return Trade(amounts: desk.trades, cost: result.cost, tax: result.tax, held: held)
  }

  /// Deposits and withdrawals land in cash.
  ///
  /// - Returns: what landed, in currency.
  private mutating func land(_ path: MarketPath<Real>) -> Double {
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
    return Double(flow)
  }

  /// The basis of lots, where it is observed.
  private mutating func takeLotBasis() {
    guard let account, task.tax.lots != nil else { return }
    for i in basis.indices {
      basis[i] = account.basis(
        of: i, weight: weights[i], price: prices[i], value: Real(value), ledger: ledger.span)
    }
  }

  /// The facts that the observation asks for, in order.
  private var factNumbers: [Real] {
    guard facts.count > 0 else { return [] }
    var numbers = [Real](repeating: 0, count: facts.count)
    var ledger = ledger
    let now = FactKernel<Real>.Moment(
      path: path, value: Real(value), lastTradeDay: Real(lastTrade.daysSinceEpoch),
      capped: cappedShare)
    var span = numbers.mutableSpan
    var ledgerSpan = ledger.mutableSpan
    facts.write(
      now, state: marketState.span, weights: weights.span, basis: basis.span, prices: prices.span,
      trends: trends.span, ledger: &ledgerSpan, into: &span)
    return numbers
  }

  private mutating func beginMarket() {
    let path = path
    var state = marketState
    var span = state.mutableSpan
    market.begin(path, where: Real.Mask(repeating: true), state: &span)
    marketState = state
  }

  private mutating func beginAccount() {
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
  private mutating func move(_ path: MarketPath<Real>) -> (growth: [Real], income: [Real]) {
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

  /// Dividends land in cash, and count as income of the year.
  private mutating func collectDividends(_ income: [Real], _ trade: Trade, _ total: Real) {
    guard let account, market.paysDividends else { return }
    let yield = income.indices.reduce(0) { $0 + trade.held[$1] * income[$1] }
    if let cash = account.cash { weights[cash] = weights[cash] + yield / total }
    var ledger = ledger
    var span = ledger.mutableSpan
    account.receive(
      dividend: yield * (1 - (trade.cost + trade.tax)) * Real(value), ledger: &span)
    self.ledger = ledger
  }

  /// Cost and tax of trades as fractions of value; moves the basis along.
  private mutating func pay(for trades: [Real]) -> (transactionCost: Real, taxCost: Real) {
    let costPerUnit = task.costs.proportionalPerUnit ?? []
    var cost: Real = 0
    var gains: Real = 0
    for i in trades.indices {
      let bought = Real.larger(trades[i], 0)
      let sold = Real.larger(0 - trades[i], 0)
      cost = cost + (bought + sold) * Real(costPerUnit[i])
      // Nothing is sold of what is not held; the divisor only keeps the number finite.
      let soldShare = sold / (weights[i] > 0 ? weights[i] : 1)
      gains = gains + soldShare * (weights[i] - basis[i])
      basis[i] = basis[i] + bought - soldShare * basis[i]
    }
    return (cost, gains * Real(task.tax.averageCostRate))
  }

  /// dᵀΣd per year.
  private func activeVariance(_ held: [Real], _ targets: [Real], _ path: MarketPath<Real>) -> Real {
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

  private func driftCost(_ activeVariance: Real) -> Real {
    switch task.driftCost {
    case .quadratic(let riskAversion):
      activeVariance * Real(riskAversion / 2 / task.stepsPerYear)
    case .trackingError(let weight):
      Real.larger(activeVariance, 0).roots() * Real(weight / task.stepsPerYear)
    }
  }

  private func capture(_ total: Real, _ targetTotal: Real) -> Real {
    switch task.returnCapture {
    case .none: 0
    case .active: total - targetTotal
    case .simple: total - 1
    case .log: Real.log(total)
    }
  }

  private func observation() -> [Float] {
    var columns = [Real](repeating: 0, count: task.observation.size)
    let targets = task.targets.map { Real($0) }
    let facts = factNumbers
    var numbers = columns.mutableSpan
    task.observation.observe(
      weights: weights.span, targets: targets.span, basis: basis.span,
      lastLogReturns: lastLogReturns.span, facts: facts.span, into: &numbers)
    return columns.map { Float($0) }
  }
}

extension ObservationBuilder {
  /// The box that observations lie in.
  var space: Space { .box(low: columns.map(\.low), high: columns.map(\.high)) }
}

extension StepOutcome {
  /// The terms by name, for `Transition.info`.
  var info: [String: Double] {
    [
      "value_before": valueBefore, "value_after": valueAfter,
      "transaction_cost": transactionCost, "tax_cost": taxCost, "drift_cost": driftCost,
      "portfolio_return": portfolioReturn, "active_return": activeReturn, "turnover": turnover,
      "flow": flow,
    ]
  }
}
