import Algebra
import Gym
import Markets

/// One step of a block of groups, pass by pass; the twin of `RebalancingEnvironment.advance`.
///
/// Every pass is a short loop over the block, whose state stays in the first-level cache, so a step
/// reads and writes memory once. Constants are converted to the arithmetic of the lanes beforehand.
struct StepKernel<L: Lanes>: Sendable {
  let assetCount: Int
  let targets: [L.Scalar]
  let fractions: [L.Scalar]
  let family: ActionFamily
  let costPerUnit: [L.Scalar]
  let taxRate: L.Scalar
  let driftFactor: L.Scalar
  let isTrackingError: Bool
  let returnCapture: ReturnCapture
  let rewardScale: L.Scalar
  let market: Market<L.Scalar>
  /// The covariance per year where it is the same at all times.
  let constantCovariance: [L.Scalar]?
  let observation: ObservationBuilder
  let laneNumbers: L.Words
  /// Trades that are more than proportional costs paid pro rata; `nil` for the fast path.
  let account: AccountKernel<L>?
  let harvests: Harvests
  let horizon: Int
  let flows: CashFlows
  let calendar: StepCalendar
  /// What is observed beyond weights, returns and basis; `nil` where nothing is.
  let facts: FactKernel<L>?
  /// Whether the basis that is observed is that of lots.
  let observesLotBasis: Bool
  /// Numbers of the market's state per group.
  let stateCount: Int

  init(_ task: RebalancingTask) {
    assetCount = task.assets.count
    targets = task.targets.map { L.Scalar($0) }
    // Harvesting trades nothing.
    fractions = (task.actions + (task.hasHarvestAction ? [0] : [])).map { L.Scalar($0) }
    family = task.actionFamily
    costPerUnit = (task.costs.proportionalPerUnit ?? []).map { L.Scalar($0) }
    taxRate = L.Scalar(task.tax.averageCostRate)
    switch task.driftCost {
    case .quadratic(let riskAversion):
      driftFactor = L.Scalar(riskAversion / 2 / task.stepsPerYear)
      isTrackingError = false
    case .trackingError(let weight):
      driftFactor = L.Scalar(weight / task.stepsPerYear)
      isTrackingError = true
    }
    returnCapture = task.returnCapture
    rewardScale = L.Scalar(task.rewardScale)
    market = Market(task.market)
    stateCount = market.stateCount
    constantCovariance = market.constantCovariance
    observation = task.observation
    var numbers = L.Words(word: 0)
    for lane in 0..<L.laneCount { numbers[lane: lane] = UInt32(lane) }
    laneNumbers = numbers
    account = task.needsAccount ? AccountKernel(task) : nil
    harvests = Harvests(task)
    horizon = task.horizon
    flows = task.flows
    calendar = StepCalendar(task)
    facts =
      task.observation.facts.isEmpty
      ? nil
      : FactKernel(task, facts: task.observation.facts, longTerm: account?.longTerm)
    observesLotBasis =
      task.tax.lots != nil && task.observation.features.contains(.unrealizedGain)
  }

  /// Steps all copies of a block; of `actions` and `values` the one that the family needs is given.
  ///
  /// - Returns: whether an episode of the block has ended or awaits its reset.
  func step(
    _ block: Range<Int>, _ portfolios: inout Portfolios<L>, _ actions: Span<Int32>,
    _ values: Span<Float>, _ source: RandomSource, firstCopy: Int, _ work: inout StepWorkspace<L>,
    observations: inout MutableSpan<Float>, rewards: inout MutableSpan<Float>,
    terminated: inout MutableSpan<Bool>, truncated: inout MutableSpan<Bool>
  ) -> Bool {
    for (index, group) in block.enumerated() {
      work.paths[index] = path(group, portfolios, source, firstCopy)
    }
    if let account {
      trade(
        account, block, actions, values, paths: work.paths, state: portfolios.marketState,
        weights: portfolios.weights,
        prices: portfolios.prices, values: portfolios.values, basis: &portfolios.basis,
        ledger: &portfolios.ledger, held: &work.held, desk: &work.desk, costs: &work.costs,
        taxes: &work.taxes, capped: &work.capped, traded: &work.traded)
    } else {
      trade(
        block, actions, values, weights: portfolios.weights, basis: &portfolios.basis,
        held: &work.held, costs: &work.costs, taxes: &work.taxes)
    }
    remember(block, work, &portfolios)
    chargeDrift(
      block, paths: work.paths, state: portfolios.marketState, held: work.held,
      deviations: &work.deviations, covariance: &work.covariance, drifts: &work.drifts)
    move(
      block, paths: work.paths, state: &portfolios.marketState, growth: &work.growth,
      logReturns: &portfolios.lastLogReturns, income: &work.income)
    followTrends(block, portfolios.lastLogReturns, &portfolios.trends)
    grow(
      block, held: work.held, growth: work.growth, income: work.income,
      weights: &portfolios.weights, basis: &portfolios.basis, totals: &work.totals,
      targetTotals: &work.targetTotals)
    if account != nil {
      followPrices(block, growth: work.growth, prices: &portfolios.prices)
    }
    if let account, market.paysDividends {
      collectDividends(
        account, block, work, values: portfolios.values, weights: &portfolios.weights,
        inflows: &portfolios.inflows, ledger: &portfolios.ledger)
    }
    var areSolvent = reward(
      block, work, values: &portfolios.values, rewards: &rewards)
    if let cash = account?.cash, !flows.isEmpty {
      let areLeft = land(
        cash, block, paths: work.paths, values: &portfolios.values,
        weights: &portfolios.weights, basis: &portfolios.basis, inflows: &portfolios.inflows)
      areSolvent = areSolvent && areLeft
    }
    let areRunning = portfolios.advance(block)
    clear(block, &terminated)
    clear(block, &truncated)
    if observesLotBasis, let account { takeLotBasis(account, block, &portfolios) }
    observe(
      block, &portfolios, source, firstCopy, facts: &work.facts, columns: &work.columns,
      rows: &observations)
    return !areSolvent || !areRunning
  }

  func path(
    _ group: Int, _ portfolios: Portfolios<L>, _ source: RandomSource, _ firstCopy: Int
  ) -> MarketPath<L> {
    MarketPath(
      source: source, copy: L.Words(word: UInt32(firstCopy + group * L.laneCount)) &+ laneNumbers,
      episode: portfolios.episodes[group], step: portfolios.steps[group])
  }

  /// Prepares the market and the ledger for a copy's new episode.
  func begin(
    _ copy: Int, _ portfolios: inout Portfolios<L>, _ source: RandomSource, firstCopy: Int
  ) {
    let group = copy / L.laneCount
    var lanes = L.Mask(repeating: false)
    lanes[lane: copy % L.laneCount] = true
    let path = path(group, portfolios, source, firstCopy)
    beginMarket(path, group, lanes, &portfolios.marketState)
    if let account { beginLedger(account, path, group, lanes, &portfolios.ledger) }
    if !portfolios.cappedShares.isEmpty {
      portfolios.cappedShares[group][lane: copy % L.laneCount] = 0
    }
    guard !portfolios.lastTradeDays.isEmpty else { return }
    let days: L = calendar.days(path)
    portfolios.lastTradeDays[group] = portfolios.lastTradeDays[group].replacing(
      with: days, where: lanes)
  }

  private func beginMarket(
    _ path: MarketPath<L>, _ group: Int, _ lanes: L.Mask, _ states: inout [L]
  ) {
    let count = stateCount
    var states = states.mutableSpan
    var state = states._mutatingExtracting(group * count..<(group + 1) * count)
    market.begin(path, where: lanes, state: &state)
  }

  private func beginLedger(
    _ account: AccountKernel<L>, _ path: MarketPath<L>, _ group: Int, _ lanes: L.Mask,
    _ ledgers: inout [L]
  ) {
    let count = account.ledgerCount
    var ledgers = ledgers.mutableSpan
    var ledger = ledgers._mutatingExtracting(group * count..<(group + 1) * count)
    account.begin(on: calendar.days(path), where: lanes, ledger: &ledger)
  }

  /// Trades towards the targets; costs, realised gains and the basis follow.
  func trade(
    _ block: Range<Int>, _ actions: Span<Int32>, _ values: Span<Float>, weights: [L],
    basis: inout [L], held: inout [L], costs: inout [L], taxes: inout [L]
  ) {
    let zero = L(repeating: 0)
    let one = L(repeating: 1)
    let n = assetCount
    let weights = weights.span
    var basis = basis.mutableSpan
    var held = held.mutableSpan
    var costs = costs.mutableSpan
    var taxes = taxes.mutableSpan
    let targets = targets.span
    let costPerUnit = costPerUnit.span
    for (index, group) in block.enumerated() {
      let fraction = family == .destination ? zero : fraction(actions, values, group)
      if family == .destination { setDestination(values, group, index, weights, &held) }
      var cost = zero
      var gains = zero
      let first = group * n
      for i in 0..<n {
        let weight = weights[first &+ i]
        let trade =
          family == .destination
          ? held[index &* n &+ i] - weight : fraction * (L(repeating: targets[i]) - weight)
        let bought = L.larger(trade, zero)
        let sold = L.larger(zero - trade, zero)
        cost = cost + (bought + sold) * L(repeating: costPerUnit[i])
        if family != .destination { held[index &* n &+ i] = weight + trade }
        guard !basis.isEmpty else { continue }
        // Nothing is sold of what is not held; the divisor only keeps the number finite.
        let soldShare = sold / one.replacing(with: weight, where: zero .< weight)
        let old = basis[first &+ i]
        gains = gains + soldShare * (weight - old)
        basis[first &+ i] = old + bought - soldShare * old
      }
      costs[index] = cost
      taxes[index] = gains * L(repeating: taxRate)
    }
  }

  /// Sets the post-trade weights of one group to the destinations: v = a⁺ / Σ a⁺, w where Σ a⁺ = 0.
  private func setDestination(
    _ values: Span<Float>, _ group: Int, _ index: Int, _ weights: Span<L>,
    _ held: inout MutableSpan<L>
  ) {
    let n = assetCount
    var destination = held._mutatingExtracting(index * n..<(index + 1) * n)
    ActionFamily.read(
      values, group, weights: weights.extracting(group * n..<(group + 1) * n), into: &destination)
  }

  /// The fraction of the way to target of each lane of a group.
  @inline(__always) func fraction(_ actions: Span<Int32>, _ values: Span<Float>, _ group: Int) -> L
  {
    guard family == .fraction else { return fraction(L(actions, from: group * L.laneCount)) }
    let wanted = L(values, from: group * L.laneCount, column: 0, of: 1)
    return L.smaller(L.larger(wanted, L(repeating: 0)), L(repeating: 1))
  }

  /// The fraction of the way to target of each lane's action.
  @inline(__always) func fraction(_ action: L) -> L {
    let fractions = fractions.span
    var fraction = L(repeating: fractions[0])
    for k in 1..<fractions.count {
      fraction = fraction.replacing(
        with: L(repeating: fractions[k]), where: L(repeating: L.Scalar(k)) .<= action)
    }
    return fraction
  }

  /// Lowers the flags of a block.
  private func clear(_ block: Range<Int>, _ flags: inout MutableSpan<Bool>) {
    let end = min(block.upperBound * L.laneCount, flags.count)
    for copy in block.lowerBound * L.laneCount..<end { flags[copy] = false }
  }
}
