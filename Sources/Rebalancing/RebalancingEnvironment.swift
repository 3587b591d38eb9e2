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
  let market: Market<Real>
  var source: RandomSource
  var episode: UInt32 = 0
  /// Steps done of the episode.
  public internal(set) var step = 0
  /// Weight per asset before the next trade.
  var weights: [Real]
  /// Acquisition cost per asset, as a fraction of the present value.
  var basis: [Real]
  var lastLogReturns: [Real]
  var lastTrade: CalendarDate
  /// Since when a trigger has been putting off a trade.
  var waitingSince: CalendarDate?
  var marketState: [Real]
  /// Where trades are accounted for: the rules, prices, lots and tax position.
  let account: AccountKernel<Real>?
  let calendar: StepCalendar
  /// Where costs are no more than proportional.
  let costPerUnit: [Real]
  var prices: [Real]
  var ledger: [Real]
  var desk: TradingDesk<Real>
  /// What snapshots say beyond weights, returns and basis, first of it what is observed; and what it
  /// needs.
  let facts: FactKernel<Real>
  var trends: [Real]
  var cappedShare: Real = 0
  var inflow: Real = 0
  /// The volatility index at the last decisions, the latest first; 0 where there was none.
  var pastIndices: [Real]
  /// Whether the episode has ended, or not yet begun.
  public internal(set) var hasEnded = true
  /// Net asset value in currency.
  public internal(set) var value = 1.0

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
    costPerUnit = (task.costs.proportionalPerUnit ?? []).map { Real($0) }
    prices = task.initialPrices.map { Real($0) }
    ledger = Array(repeating: 0, count: task.ledgerCount)
    desk = TradingDesk(targets: task.needsAccount ? task.targets : [])
    facts = FactKernel(task, facts: task.facts, longTerm: account?.longTerm)
    trends = weights.map { _ in 0 }
    pastIndices = Array(repeating: 0, count: task.pastIndexCount)
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
    waitingSince = nil
    trends = weights.map { _ in 0 }
    cappedShare = 0
    inflow = 0
    for place in pastIndices.indices { pastIndices[place] = 0 }
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
  /// Σ a⁺ = 0.
  ///
  /// - Parameter values: a, one per asset.
  public mutating func advance(destination values: [Double]) -> StepOutcome {
    precondition(!hasEnded, "the episode has ended: reset before the next step")
    precondition(
      values.count == weights.count,
      "\(values.count) numbers are no destination of \(task.id)")
    let wanted = values.map { Real.larger(Real($0), 0) }
    let sum = wanted.reduce(0) { $0 + $1 }
    let held = weights.indices.map { sum > 0 ? wanted[$0] / sum : weights[$0] }
    if let account {
      return advance(
        after: accountedTrade(sum > 0 ? 1 : 0, to: held, isHarvesting: false, in: account))
    }
    let trades = weights.indices.map { held[$0] - weights[$0] }
    let (cost, tax) = pay(for: trades)
    return advance(after: Trade(amounts: trades, cost: cost, tax: tax, held: held))
  }

  /// Does what a trigger has decided.
  public mutating func advance(_ decision: TriggerDecision) -> StepOutcome {
    waitingSince = decision.isWaiting ? waitingSince ?? date : nil
    guard let destination = decision.destination, decision.action != .none else {
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
    noteIndex(path)
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
    inflow = 0
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

  var path: MarketPath<Real> {
    MarketPath(source: source, copy: copy, episode: episode, step: UInt32(step))
  }
}
