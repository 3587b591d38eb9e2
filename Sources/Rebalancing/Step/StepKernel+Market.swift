import Algebra
import Markets

extension StepKernel {
  /// The drift cost of the post-trade weights, with the covariance known now.
  func chargeDrift(
    _ block: Range<Int>, paths: [MarketPath<L>], state: [L], held: [L],
    deviations: inout [L], covariance: inout [L], drifts: inout [L]
  ) {
    let n = assetCount
    let states = stateCount
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

  func move(
    _ block: Range<Int>, paths: [MarketPath<L>], state: inout [L], growth: inout [L],
    logReturns: inout [L], income: inout [L]
  ) {
    let states = stateCount
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
  func grow(
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
      }
      for i in group &* n..<(basis.isEmpty ? group : group &+ 1) &* n {
        basis[i] = basis[i] / total
      }
      totals[index] = total
      targetTotals[index] = targetTotal
    }
  }

  /// Adds up the rewards and moves the values.
  ///
  /// - Returns: whether all values are above 0.
  func reward(
    _ block: Range<Int>, _ work: StepWorkspace<L>, values: inout [Double],
    rewards: inout MutableSpan<Float>
  ) -> Bool {
    let one = L(repeating: 1)
    var values = values.mutableSpan
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
}
