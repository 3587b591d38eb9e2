import Algebra
import Gym
import Markets

/// One step of a block of groups, pass by pass; the twin of `RebalancingEnvironment.advance`.
///
/// Every pass is a short loop over the block, whose state stays in the first-level cache, so a step
/// reads and writes memory once. Constants are converted to the arithmetic of the lanes beforehand.
struct StepKernel<L: Lanes>: Sendable {
  private let assetCount: Int
  private let targets: [L.Scalar]
  private let fractions: [L.Scalar]
  private let costPerUnit: [L.Scalar]
  private let taxRate: L.Scalar
  private let driftFactor: L.Scalar
  private let isTrackingError: Bool
  private let returnCapture: ReturnCapture
  private let rewardScale: L.Scalar
  private let market: Market<L.Scalar>
  /// The covariance per year where it is the same at all times.
  private let constantCovariance: [L.Scalar]?
  private let observation: ObservationBuilder
  private let laneNumbers: L.Words
  /// Trades that are more than proportional costs paid pro rata; `nil` for the fast path.
  private let account: AccountKernel<L>?
  private let harvests: Harvests
  private let horizon: Int
  private let flows: CashFlows
  private let calendar: StepCalendar
  /// What is observed beyond weights, returns and basis; `nil` where nothing is.
  private let facts: FactKernel<L>?
  /// Whether the basis that is observed is that of lots.
  private let observesLotBasis: Bool

  init(_ task: RebalancingTask) {
    assetCount = task.assets.count
    targets = task.targets.map { L.Scalar($0) }
    // Harvesting trades nothing.
    fractions = (task.actions + (task.hasHarvestAction ? [0] : [])).map { L.Scalar($0) }
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
    facts = task.observation.facts.isEmpty ? nil : FactKernel(task)
    observesLotBasis =
      task.tax.lots != nil && task.observation.features.contains(.unrealizedGain)
  }

  /// Steps all copies of a block.
  ///
  /// - Returns: whether an episode of the block has ended or awaits its reset.
  func step(
    _ block: Range<Int>, _ portfolios: inout Portfolios<L>, _ actions: Span<Int32>,
    _ source: RandomSource, firstCopy: Int, _ work: inout StepWorkspace<L>,
    _ transition: inout VectorTransition
  ) -> Bool {
    for (index, group) in block.enumerated() {
      work.paths[index] = path(group, portfolios, source, firstCopy)
    }
    if let account {
      trade(
        account, block, actions, paths: work.paths, state: portfolios.marketState,
        weights: portfolios.weights,
        prices: portfolios.prices, values: portfolios.values, basis: &portfolios.basis,
        ledger: &portfolios.ledger, held: &work.held, desk: &work.desk, costs: &work.costs,
        taxes: &work.taxes, capped: &work.capped, traded: &work.traded)
    } else {
      trade(
        block, actions, weights: portfolios.weights, basis: &portfolios.basis, held: &work.held,
        costs: &work.costs, taxes: &work.taxes)
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
        ledger: &portfolios.ledger)
    }
    let areSolvent = reward(
      block, work, values: &portfolios.values, rewards: &transition.rewards)
    if let cash = account?.cash, !flows.isEmpty {
      land(
        cash, block, paths: work.paths, values: &portfolios.values,
        weights: &portfolios.weights, basis: &portfolios.basis)
    }
    let areRunning = portfolios.advance(block)
    clear(block, &transition.terminated)
    clear(block, &transition.truncated)
    for group in block { prepareObservation(group, &portfolios) }
    observe(
      block, &portfolios, source, firstCopy, facts: &work.facts, columns: &work.columns,
      rows: &transition.observations)
    return !areSolvent || !areRunning
  }

  private func path(
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
    let count = market.stateCount
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

  /// Trades, group by group, where they are accounted for.
  private func trade(
    _ account: AccountKernel<L>, _ block: Range<Int>, _ actions: Span<Int32>,
    paths: [MarketPath<L>], state: [L], weights: [L], prices: [L], values: [Double],
    basis: inout [L], ledger: inout [L], held: inout [L], desk: inout TradingDesk<L>,
    costs: inout [L],
    taxes: inout [L], capped: inout [L], traded: inout [L]
  ) {
    let n = assetCount
    let states = market.stateCount
    let count = account.ledgerCount
    var basis = basis.mutableSpan
    var ledger = ledger.mutableSpan
    var held = held.mutableSpan
    for (index, group) in block.enumerated() {
      let action = L(actions, from: group * L.laneCount)
      let now = AccountKernel<L>.Situation(
        fraction: fraction(action), isHarvesting: harvests.mask(action),
        isLast: calendar.isLast(paths[index].step, lanes: L.laneCount),
        value: L(values, from: group * L.laneCount),
        day: account.tradingDay(calendar.days(paths[index])))
      let assets = group * n..<(group + 1) * n
      desk.setQuotes(
        account, market, paths[index],
        state: state.span.extracting(group * states..<(group + 1) * states),
        prices: prices.span.extracting(assets))
      var ownBasis = basis._mutatingExtracting(assets)
      var ownLedger = ledger._mutatingExtracting(group * count..<(group + 1) * count)
      var ownHeld = held._mutatingExtracting(index * n..<(index + 1) * n)
      let result = desk.trade(
        account, now, weights: weights.span.extracting(assets), basis: &ownBasis,
        ledger: &ownLedger, held: &ownHeld)
      costs[index] = result.cost
      taxes[index] = result.tax
      capped[index] = result.capped
      traded[index] = desk.traded
    }
  }

  /// Prices move with the market.
  private func followPrices(_ block: Range<Int>, growth: [L], prices: inout [L]) {
    let growth = growth.span
    var prices = prices.mutableSpan
    for i in 0..<block.count * assetCount {
      let place = block.lowerBound * assetCount + i
      prices[place] = prices[place] * growth[i]
    }
  }

  /// Dividends land in cash, and count as income of the year.
  private func collectDividends(
    _ account: AccountKernel<L>, _ block: Range<Int>, _ work: StepWorkspace<L>,
    values: [Double], weights: inout [L], ledger: inout [L]
  ) {
    let count = account.ledgerCount
    var ledgers = ledger.mutableSpan
    for (index, group) in block.enumerated() {
      var yield = L(repeating: 0)
      for i in index * assetCount..<(index + 1) * assetCount {
        yield = yield + work.held[i] * work.income[i]
      }
      if let cash = account.cash {
        let place = group * assetCount + cash
        weights[place] = weights[place] + yield / work.totals[index]
      }
      let paid = L(repeating: 1) - (work.costs[index] + work.taxes[index])
      var ledger = ledgers._mutatingExtracting(group * count..<(group + 1) * count)
      account.receive(
        dividend: yield * paid * L(values, from: group * L.laneCount), ledger: &ledger)
    }
  }

  /// Deposits and withdrawals land in cash.
  private func land(
    _ cash: Int, _ block: Range<Int>, paths: [MarketPath<L>], values: inout [Double],
    weights: inout [L], basis: inout [L]
  ) {
    for (index, group) in block.enumerated() {
      var flow: L = flows.random(
        source: paths[index].source, copy: paths[index].copy, episode: paths[index].episode,
        step: paths[index].step)
      flow = flow + calendar.scheduledFlow(paths[index].step)
      let before = L(values, from: group * L.laneCount)
      let after = before + flow
      for lane in 0..<L.laneCount {
        values[group * L.laneCount + lane] += Double(flow[lane: lane])
      }
      let scale = before / after
      for i in group * assetCount..<(group + 1) * assetCount {
        weights[i] = weights[i] * scale
        basis[i] = basis[i] * scale
      }
      let place = group * assetCount + cash
      weights[place] = weights[place] + flow / after
    }
  }

  /// Trades towards the targets; costs, realised gains and the basis follow.
  private func trade(
    _ block: Range<Int>, _ actions: Span<Int32>, weights: [L], basis: inout [L],
    held: inout [L], costs: inout [L], taxes: inout [L]
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
      let fraction = fraction(L(actions, from: group * L.laneCount))
      var cost = zero
      var gains = zero
      let first = group * n
      for i in 0..<n {
        let weight = weights[first &+ i]
        let trade = fraction * (L(repeating: targets[i]) - weight)
        let bought = L.larger(trade, zero)
        let sold = L.larger(zero - trade, zero)
        cost = cost + (bought + sold) * L(repeating: costPerUnit[i])
        // Nothing is sold of what is not held; the divisor only keeps the number finite.
        let soldShare = sold / one.replacing(with: weight, where: zero .< weight)
        let old = basis[first &+ i]
        gains = gains + soldShare * (weight - old)
        basis[first &+ i] = old + bought - soldShare * old
        held[index &* n &+ i] = weight + trade
      }
      costs[index] = cost
      taxes[index] = gains * L(repeating: taxRate)
    }
  }

  /// The fraction of the way to target of each lane's action.
  @inline(__always) private func fraction(_ action: L) -> L {
    let fractions = fractions.span
    var fraction = L(repeating: fractions[0])
    for k in 1..<fractions.count {
      fraction = fraction.replacing(
        with: L(repeating: fractions[k]), where: L(repeating: L.Scalar(k)) .<= action)
    }
    return fraction
  }

  /// The drift cost of the post-trade weights, with the covariance known now.
  private func chargeDrift(
    _ block: Range<Int>, paths: [MarketPath<L>], state: [L], held: [L],
    deviations: inout [L], covariance: inout [L], drifts: inout [L]
  ) {
    let n = assetCount
    let states = market.stateCount
    let targets = targets.span
    let held = held.span
    var deviations = deviations.mutableSpan
    var drifts = drifts.mutableSpan
    for (index, group) in block.enumerated() {
      for i in 0..<n { deviations[i] = held[index &* n &+ i] - L(repeating: targets[i]) }
      if let constantCovariance {
        drifts[index] = drift(
          variance(deviations.span, constantCovariance.span) { L(repeating: $0) })
      } else {
        var entries = covariance.mutableSpan
        market.covariance(
          paths[index], state: state.span.extracting(group * states..<(group + 1) * states),
          into: &entries)
        drifts[index] = drift(variance(deviations.span, entries.span) { $0 })
      }
    }
  }

  /// dᵀΣd per year.
  @inline(__always) private func variance<Entry>(
    _ deviations: Span<L>, _ covariance: Span<Entry>, lanes: (Entry) -> L
  ) -> L {
    var variance = L(repeating: 0)
    for i in deviations.indices {
      let entries = covariance.extracting(i * deviations.count..<(i + 1) * deviations.count)
      var row = L(repeating: 0)
      for j in deviations.indices { row = row + lanes(entries[j]) * deviations[j] }
      variance = variance + deviations[i] * row
    }
    return variance
  }

  @inline(__always) private func drift(_ variance: L) -> L {
    let factor = L(repeating: driftFactor)
    return isTrackingError
      ? L.larger(variance, L(repeating: 0)).roots() * factor : variance * factor
  }

  private func move(
    _ block: Range<Int>, paths: [MarketPath<L>], state: inout [L], growth: inout [L],
    logReturns: inout [L], income: inout [L]
  ) {
    let states = market.stateCount
    let assets = block.lowerBound * assetCount..<block.upperBound * assetCount
    var allStates = state.mutableSpan
    var state = allStates._mutatingExtracting(block.lowerBound * states..<block.upperBound * states)
    var allReturns = logReturns.mutableSpan
    var logReturns = allReturns._mutatingExtracting(assets)
    var growth = growth.mutableSpan
    var income = income.mutableSpan
    market.move(
      paths.span.extracting(0..<block.count), state: &state, growth: &growth,
      logReturns: &logReturns, income: &income)
  }

  /// Applies the returns to weights and basis.
  private func grow(
    _ block: Range<Int>, held: [L], growth: [L], income: [L], weights: inout [L],
    basis: inout [L], totals: inout [L], targetTotals: inout [L]
  ) {
    let n = assetCount
    let income = income.span
    let held = held.span
    let growth = growth.span
    let targets = targets.span
    var weights = weights.mutableSpan
    var basis = basis.mutableSpan
    for (index, group) in block.enumerated() {
      var total = L(repeating: 0)
      var targetTotal = L(repeating: 0)
      for i in 0..<n {
        let place = index &* n &+ i
        total = total + held[place] * growth[place]
        targetTotal = targetTotal + L(repeating: targets[i]) * growth[place]
      }
      for place in index &* n..<(income.isEmpty ? index : index &+ 1) &* n {
        total = total + held[place] * income[place]
        targetTotal = targetTotal + L(repeating: targets[place &- index &* n]) * income[place]
      }
      for i in 0..<n {
        let place = index &* n &+ i
        weights[group &* n &+ i] = held[place] * growth[place] / total
        basis[group &* n &+ i] = basis[group &* n &+ i] / total
      }
      totals[index] = total
      targetTotals[index] = targetTotal
    }
  }

  /// Adds up the rewards and moves the values.
  ///
  /// - Returns: whether all values are above 0.
  private func reward(
    _ block: Range<Int>, _ work: StepWorkspace<L>, values: inout [Double], rewards: inout [Float]
  ) -> Bool {
    let one = L(repeating: 1)
    var values = values.mutableSpan
    var rewards = rewards.mutableSpan
    var areSolvent = true
    for (index, group) in block.enumerated() {
      let (total, cost, tax) = (work.totals[index], work.costs[index], work.taxes[index])
      let gain = capture(total, work.targetTotals[index]) - work.drifts[index] - cost - tax
      (gain * L(repeating: rewardScale)).write(to: &rewards, from: group * L.laneCount)
      let factor = (one - (cost + tax)) * total
      let isSolvent = factor.multiply(into: &values, from: group * L.laneCount)
      areSolvent = areSolvent && isSolvent
    }
    return areSolvent
  }

  @inline(__always) private func capture(_ total: L, _ targetTotal: L) -> L {
    switch returnCapture {
    case .none: L(repeating: 0)
    case .active: total - targetTotal
    case .simple: total - L(repeating: 1)
    case .log: L.log(total)
    }
  }

  /// Lowers the flags of a block.
  private func clear(_ block: Range<Int>, _ flags: inout [Bool]) {
    var flags = flags.mutableSpan
    let end = min(block.upperBound * L.laneCount, flags.count)
    for copy in block.lowerBound * L.laneCount..<end { flags[copy] = false }
  }

  /// Keeps what later observations ask for: the day of a trade, and what the volume cap forbade.
  private func remember(
    _ block: Range<Int>, _ work: StepWorkspace<L>, _ portfolios: inout Portfolios<L>
  ) {
    guard facts != nil else { return }
    for (index, group) in block.enumerated() {
      if !portfolios.cappedShares.isEmpty { portfolios.cappedShares[group] = work.capped[index] }
      guard !portfolios.lastTradeDays.isEmpty else { continue }
      var traded = work.traded[index]
      if account == nil {
        traded = L(repeating: 0)
        for i in 0..<assetCount {
          let change =
            work.held[index * assetCount + i] - portfolios.weights[group * assetCount + i]
          traded = traded + change.absolute
        }
      }
      portfolios.lastTradeDays[group] = portfolios.lastTradeDays[group].replacing(
        with: calendar.days(work.paths[index]), where: L(repeating: 0) .< traded)
    }
  }

  /// The trend takes in the last return.
  private func followTrends(_ block: Range<Int>, _ returns: [L], _ trends: inout [L]) {
    guard let facts, !trends.isEmpty else { return }
    for place in block.lowerBound * assetCount..<block.upperBound * assetCount {
      trends[place] = facts.trend(trends[place], returns[place])
    }
  }

  /// The basis of lots, where it is observed.
  private func prepareObservation(_ group: Int, _ portfolios: inout Portfolios<L>) {
    guard observesLotBasis, let account else { return }
    let value = L(portfolios.values, from: group * L.laneCount)
    let count = account.ledgerCount
    for i in 0..<assetCount {
      let place = group * assetCount + i
      portfolios.basis[place] = account.basis(
        of: i, weight: portfolios.weights[place], price: portfolios.prices[place], value: value,
        ledger: portfolios.ledger.span.extracting(group * count..<(group + 1) * count))
    }
  }

  /// Writes the observations of a block, one row per copy.
  private func observe(
    _ block: Range<Int>, _ portfolios: inout Portfolios<L>, _ source: RandomSource,
    _ firstCopy: Int, facts: inout [L], columns: inout [L], rows: inout [Float]
  ) {
    var rows = rows.mutableSpan
    for group in block {
      writeFacts(group, &portfolios, source, firstCopy, &facts)
      var columns = columns.mutableSpan
      observe(group, portfolios, facts: facts.span, into: &columns)
      L.transpose(columns.span, into: &rows, row: group * L.laneCount)
    }
  }

  /// Writes the facts of one group.
  private func writeFacts(
    _ group: Int, _ portfolios: inout Portfolios<L>, _ source: RandomSource, _ firstCopy: Int,
    _ numbers: inout [L]
  ) {
    guard let facts else { return }
    let now = FactKernel<L>.Moment(
      path: path(group, portfolios, source, firstCopy),
      value: L(portfolios.values, from: group * L.laneCount),
      lastTradeDay: portfolios.lastTradeDays.isEmpty
        ? L(repeating: 0) : portfolios.lastTradeDays[group],
      capped: portfolios.cappedShares.isEmpty
        ? L(repeating: 0) : portfolios.cappedShares[group])
    write(
      facts, now, group, state: portfolios.marketState, weights: portfolios.weights,
      basis: portfolios.basis, prices: portfolios.prices, trends: portfolios.trends,
      ledger: &portfolios.ledger, into: &numbers)
  }

  private func write(
    _ facts: FactKernel<L>, _ now: FactKernel<L>.Moment, _ group: Int, state: [L], weights: [L],
    basis: [L], prices: [L], trends: [L], ledger: inout [L], into numbers: inout [L]
  ) {
    let assets = group * assetCount..<(group + 1) * assetCount
    let states = market.stateCount
    let count = account?.ledgerCount ?? 0
    var ledgers = ledger.mutableSpan
    var own = ledgers._mutatingExtracting(group * count..<(group + 1) * count)
    var numbers = numbers.mutableSpan
    facts.write(
      now, state: state.span.extracting(group * states..<(group + 1) * states),
      weights: weights.span.extracting(assets), basis: basis.span.extracting(assets),
      prices: prices.span.extracting(prices.isEmpty ? 0..<0 : assets),
      trends: trends.span.extracting(trends.isEmpty ? 0..<0 : assets), ledger: &own,
      into: &numbers)
  }

  /// Writes the observations of one group, one element per feature.
  @inline(__always) private func observe(
    _ group: Int, _ portfolios: Portfolios<L>, facts: Span<L>,
    into columns: inout MutableSpan<L>
  ) {
    let assets = group * assetCount..<(group + 1) * assetCount
    observation.observe(
      weights: portfolios.weights.span.extracting(assets), targets: targets.span,
      basis: portfolios.basis.span.extracting(assets),
      lastLogReturns: portfolios.lastLogReturns.span.extracting(assets), facts: facts,
      into: &columns)
  }

  /// Writes the observation of one copy at an episode's start.
  func writeObservation(
    of copy: Int, _ portfolios: inout Portfolios<L>, _ source: RandomSource, firstCopy: Int,
    _ work: inout StepWorkspace<L>, into rows: inout [Float]
  ) {
    let (group, lane) = (copy / L.laneCount, copy % L.laneCount)
    writeFacts(group, &portfolios, source, firstCopy, &work.facts)
    let facts = work.facts
    var columns = work.columns.mutableSpan
    observe(group, portfolios, facts: facts.span, into: &columns)
    for column in columns.indices {
      rows[copy * columns.count + column] = Float(columns[column][lane: lane])
    }
  }
}

/// Storage that a step works in, for a block of groups.
struct StepWorkspace<L: Lanes>: Sendable {
  /// Groups of a block: few enough for the first-level cache, enough to pay for entering a pass.
  static var blockSize: Int { 32 }

  var paths: [MarketPath<L>]
  /// Post-trade weights and gross returns, [groups, assets].
  var held: [L]
  var growth: [L]
  /// Dividends over the price before, [groups, assets]; empty where there are none.
  var income: [L]
  /// Gross return of the portfolio and of one at its target, per group.
  var totals: [L]
  var targetTotals: [L]
  /// Cost, tax and drift cost per group, as fractions of value.
  var costs: [L]
  var taxes: [L]
  var drifts: [L]
  /// Where trades are accounted for; per group, what the volume cap forbade and the sum of trades.
  var desk: TradingDesk<L>
  var capped: [L]
  var traded: [L]
  /// Of one group, the observed facts.
  var facts: [L]
  /// Of one group: [assets], [assets, assets] and [features].
  var deviations: [L]
  var covariance: [L]
  var columns: [L]

  init(_ task: RebalancingTask) {
    let zero = L(repeating: 0)
    let words = L.Words(word: 0)
    let assets = task.assets.count
    let path = MarketPath<L>(
      source: RandomSource(seed: 0), copy: words, episode: words, step: words)
    paths = Array(repeating: path, count: Self.blockSize)
    held = Array(repeating: zero, count: Self.blockSize * assets)
    growth = held
    income = task.market.paysDividends ? held : []
    costs = Array(repeating: zero, count: Self.blockSize)
    totals = costs
    targetTotals = costs
    taxes = costs
    drifts = costs
    desk = TradingDesk(assets: task.needsAccount ? assets : 0)
    capped = costs
    traded = costs
    facts = Array(repeating: zero, count: task.observation.factCount)
    deviations = Array(repeating: zero, count: assets)
    covariance = Array(repeating: zero, count: assets * assets)
    columns = Array(repeating: zero, count: task.observation.size)
  }
}
