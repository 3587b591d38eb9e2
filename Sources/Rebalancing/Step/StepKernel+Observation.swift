import Algebra
import Markets

extension StepKernel {
  /// Keeps what later observations ask for: the day of a trade, and what the volume cap forbade.
  func remember(
    _ block: Range<Int>, _ work: StepWorkspace<L>, _ portfolios: inout Portfolios<L>
  ) {
    guard let facts else { return }
    for (index, group) in block.enumerated() {
      if !portfolios.inflows.isEmpty { portfolios.inflows[group] = L(repeating: 0) }
      if !portfolios.pastIndices.isEmpty {
        portfolios.noteIndex(
          facts.volatilityIndex(
            work.paths[index],
            state: portfolios.marketState.span.extracting(
              group * stateCount..<(group + 1) * stateCount)), of: group)
      }
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
  func followTrends(_ block: Range<Int>, _ returns: [L], _ trends: inout [L]) {
    guard let facts, !trends.isEmpty else { return }
    for place in block.lowerBound * assetCount..<block.upperBound * assetCount {
      trends[place] = facts.trend(trends[place], returns[place])
    }
  }

  /// The basis of lots, where it is observed.
  func takeLotBasis(
    _ account: AccountKernel<L>, _ block: Range<Int>, _ portfolios: inout Portfolios<L>
  ) {
    let count = account.ledgerCount
    for group in block {
      let value = L(portfolios.values, from: group * L.laneCount)
      for place in group * assetCount..<(group + 1) * assetCount {
        portfolios.basis[place] = account.basis(
          of: place - group * assetCount, weight: portfolios.weights[place],
          price: portfolios.prices[place], value: value,
          ledger: portfolios.ledger.span.extracting(group * count..<(group + 1) * count))
      }
    }
  }

  /// Writes the observations of a block, one row per copy.
  func observe(
    _ block: Range<Int>, _ portfolios: inout Portfolios<L>, _ source: RandomSource,
    _ firstCopy: Int, facts: inout [L], columns: inout [L], rows: inout MutableSpan<Float>
  ) {
    let hasFacts = self.facts != nil
    for group in block {
      if hasFacts { writeFacts(group, &portfolios, source, firstCopy, &facts) }
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
        ? L(repeating: 0) : portfolios.cappedShares[group],
      inflow: portfolios.inflows.isEmpty ? L(repeating: 0) : portfolios.inflows[group],
      indexBefore: portfolios.indexBefore(group))
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
    let states = stateCount
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
      basis: portfolios.basis.span.extracting(portfolios.basis.isEmpty ? 0..<0 : assets),
      lastLogReturns: portfolios.lastLogReturns.span.extracting(assets), facts: facts,
      into: &columns)
  }

  /// Writes the observation of one group as it is after a trade, before the market moves.
  ///
  /// - Parameters:
  ///   - index: the group's place in `held`.
  ///   - basis: as the trade leaves it, for all groups.
  func observeAfterTrade(
    _ index: Int, _ group: Int, _ portfolios: inout Portfolios<L>, _ basis: [L],
    _ source: RandomSource, _ firstCopy: Int, held: [L], facts: inout [L], columns: inout [L]
  ) {
    if self.facts != nil { writeFacts(group, &portfolios, source, firstCopy, &facts) }
    let assets = group * assetCount..<(group + 1) * assetCount
    var columns = columns.mutableSpan
    observation.observe(
      weights: held.span.extracting(index * assetCount..<(index + 1) * assetCount),
      targets: targets.span, basis: basis.span.extracting(basis.isEmpty ? 0..<0 : assets),
      lastLogReturns: portfolios.lastLogReturns.span.extracting(assets), facts: facts.span,
      into: &columns)
  }

  /// Writes the observation of one copy at an episode's start.
  func writeObservation(
    of copy: Int, _ portfolios: inout Portfolios<L>, _ source: RandomSource, firstCopy: Int,
    _ work: inout StepWorkspace<L>, into rows: inout MutableSpan<Float>
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
