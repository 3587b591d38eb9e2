import Algebra
public import Gym

// The afterstate of a trade is the portfolio with its post-trade weights, seen as an observation; its
// reward is all but the captured return.
extension BatchedRebalancingEnvironment: AfterstateEnvironment {
  public var afterstateSize: Int { task.observation.size }

  public var motion: BoxMotion? {
    switch (task.actionFamily, task.observation.features.first) {
    case (.fraction, .weightDeviation): .fraction(positions: task.assets.count)
    case (.fraction, .scaledDeviation): .fraction(positions: 1)
    case (.destination, .weightDeviation): .destination(origin: task.targets.map { Float($0) })
    default: nil
    }
  }

  public mutating func writeAfterstates(into afterstates: inout Afterstates) {
    precondition(
      task.actionFamily == .list && afterstates.actions == task.actionCount,
      "\(afterstates.actions) afterstates, the actions of \(task.id) are \(actionSpace)")
    for action in 0..<afterstates.actions {
      let actions = Array(repeating: Int32(action), count: count)
      write(action, actions, [], into: &afterstates)
    }
  }

  public mutating func writeAfterstates(of values: [Float], into afterstates: inout Afterstates) {
    let size = count * actionSpace.size
    precondition(
      task.actionFamily != .list && values.count == afterstates.actions * size,
      "\(values.count) numbers, the actions of \(task.id) are \(actionSpace)")
    for candidate in 0..<afterstates.actions {
      let own = Array(values[candidate * size..<(candidate + 1) * size])
      write(candidate, [], own, into: &afterstates)
    }
  }

  public mutating func resetAnywhere(
    where mask: [Bool], into transition: inout VectorTransition
  ) {
    precondition(mask.count == count, "\(mask.count) flags for \(count) copies")
    precondition(!task.needsAccount, "the account of \(task.id) begins at its target")
    transition.withSpans { observations, _, rewards, terminated, truncated in
      for copy in 0..<count where mask[copy] {
        begin(
          copy, episode: portfolios.episode(of: copy) &+ 1, anywhere: true, into: &observations)
        (rewards[copy], terminated[copy], truncated[copy]) = (0, false, false)
      }
    }
  }

  /// Writes one candidate of every copy.
  private mutating func write(
    _ candidate: Int, _ actions: [Int32], _ values: [Float], into afterstates: inout Afterstates
  ) {
    precondition(task.afterstateObstacle == nil, task.afterstateObstacle ?? "")
    var basis = portfolios.basis
    for first in stride(from: 0, to: portfolios.groupCount, by: StepWorkspace<L>.blockSize) {
      let block = first..<min(first + StepWorkspace<L>.blockSize, portfolios.groupCount)
      kernel.writeAfterstates(
        block, &portfolios, &basis, actions.span, values.span, source, firstCopy: firstCopy,
        &workspace, candidate, &afterstates)
    }
  }
}

extension RebalancingTask {
  /// Why the afterstates of a task are not described by its observation; nil where they are.
  public var afterstateObstacle: String? {
    if needsAccount {
      return "afterstates are for proportional costs paid pro rata; \(id) accounts for its trades"
    }
    for fact in observation.facts where !fact.isKnownBeforeTrading {
      return "afterstates need an observation of weights and market; \(id) observes "
        + fact.rawValue
    }
    return nil
  }
}

extension Fact {
  /// Whether a trade at the same moment leaves it as it is.
  fileprivate var isKnownBeforeTrading: Bool {
    switch self {
    case .volatility, .volatilityIndex, .regimeProbability, .oracleRegime, .trend, .calendarPhase,
      .stepsLeft:
      true
    default: false
    }
  }
}

extension StepKernel {
  /// Does for one candidate what `step` does before the market moves, and leaves the portfolios as
  /// they are.
  func writeAfterstates(
    _ block: Range<Int>, _ portfolios: inout Portfolios<L>, _ basis: inout [L],
    _ actions: Span<Int32>, _ values: Span<Float>, _ source: RandomSource, firstCopy: Int,
    _ work: inout StepWorkspace<L>, _ candidate: Int, _ afterstates: inout Afterstates
  ) {
    for (index, group) in block.enumerated() {
      work.paths[index] = path(group, portfolios, source, firstCopy)
    }
    trade(
      block, actions, values, weights: portfolios.weights, basis: &basis, held: &work.held,
      costs: &work.costs, taxes: &work.taxes)
    chargeDrift(
      block, paths: work.paths, state: portfolios.marketState, held: work.held,
      deviations: &work.deviations, covariance: &work.covariance, drifts: &work.drifts)
    let zero = L(repeating: 0)
    let first = candidate * afterstates.copies
    for (index, group) in block.enumerated() {
      observeAfterTrade(
        index, group, &portfolios, basis, source, firstCopy, held: work.held, facts: &work.facts,
        columns: &work.columns)
      let known = zero - work.drifts[index] - work.costs[index] - work.taxes[index]
      // Lanes beyond the last copy fall on the next candidate, whose turn is yet to come.
      let row = first + group * L.laneCount
      var rewards = afterstates.rewards.mutableSpan
      (known * L(repeating: rewardScale)).write(to: &rewards, from: row)
      var features = afterstates.features.mutableSpan
      L.transpose(work.columns.span, into: &features, row: row)
    }
  }
}
