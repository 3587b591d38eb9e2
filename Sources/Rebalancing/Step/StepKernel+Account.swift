import Algebra
import Markets

extension StepKernel {
  /// Trades, group by group, where they are accounted for.
  func trade(
    _ account: AccountKernel<L>, _ block: Range<Int>, _ actions: Span<Int32>,
    _ numbers: Span<Float>, paths: [MarketPath<L>], state: [L], weights: [L], prices: [L],
    values: [Double],
    basis: inout [L], ledger: inout [L], held: inout [L], desk: inout TradingDesk<L>,
    costs: inout [L],
    taxes: inout [L], capped: inout [L], traded: inout [L]
  ) {
    let n = assetCount
    let states = stateCount
    let count = account.ledgerCount
    var basis = basis.mutableSpan
    var ledger = ledger.mutableSpan
    var held = held.mutableSpan
    for (index, group) in block.enumerated() {
      let assets = group * n..<(group + 1) * n
      let fraction =
        family == .destination
        ? desk.setDestination(numbers, group, weights: weights.span.extracting(assets))
        : fraction(actions, numbers, group)
      let action = family == .list ? L(actions, from: group * L.laneCount) : L(repeating: 0)
      let now = AccountKernel<L>.Situation(
        fraction: fraction, isHarvesting: harvests.mask(action),
        isLast: calendar.isLast(paths[index].step, lanes: L.laneCount),
        value: L(values, from: group * L.laneCount),
        day: account.tradingDay(calendar.days(paths[index])))
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
  func followPrices(_ block: Range<Int>, growth: [L], prices: inout [L]) {
    let growth = growth.span
    var prices = prices.mutableSpan
    for i in 0..<block.count * assetCount {
      let place = block.lowerBound * assetCount + i
      prices[place] = prices[place] * growth[i]
    }
  }

  /// Dividends land in cash, and count as income of the year.
  func collectDividends(
    _ account: AccountKernel<L>, _ block: Range<Int>, _ work: StepWorkspace<L>,
    values: [Double], weights: inout [L], inflows: inout [L], ledger: inout [L]
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
        if !inflows.isEmpty { inflows[group] = yield / work.totals[index] }
      }
      let paid = L(repeating: 1) - (work.costs[index] + work.taxes[index])
      var ledger = ledgers._mutatingExtracting(group * count..<(group + 1) * count)
      account.receive(
        dividend: yield * paid * L(values, from: group * L.laneCount), ledger: &ledger)
    }
  }

  /// Deposits and withdrawals land in cash.
  ///
  /// - Returns: whether all values are above 0.
  func land(
    _ cash: Int, _ block: Range<Int>, paths: [MarketPath<L>], values: inout [Double],
    weights: inout [L], basis: inout [L], inflows: inout [L]
  ) -> Bool {
    var areSolvent = true
    for (index, group) in block.enumerated() {
      var flow: L = flows.random(
        source: paths[index].source, copy: paths[index].copy, episode: paths[index].episode,
        step: paths[index].step)
      flow = flow + calendar.scheduledFlow(paths[index].step)
      let before = L(values, from: group * L.laneCount)
      let after = before + flow
      for lane in 0..<L.laneCount {
        values[group * L.laneCount + lane] += Double(flow[lane: lane])
        if values[group * L.laneCount + lane] <= 0 { areSolvent = false }
      }
      let scale = before / after
      for i in group * assetCount..<(group + 1) * assetCount {
        weights[i] = weights[i] * scale
        basis[i] = basis[i] * scale
      }
      let place = group * assetCount + cash
      weights[place] = weights[place] + flow / after
      if !inflows.isEmpty { inflows[group] = inflows[group] * scale + flow / after }
    }
    return areSolvent
  }
}
