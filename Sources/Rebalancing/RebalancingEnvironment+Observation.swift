import Algebra
import Gym
import Markets

extension RebalancingEnvironment {
  /// What a trigger may know now.
  public var snapshot: PortfolioSnapshot {
    PortfolioSnapshot(
      date: date, assets: task.assets, holdings: weights.map { Double($0) * value },
      targets: task.targets, lastTrade: lastTrade, waitingSince: waitingSince,
      basis: basis.map { Double($0) * value },
      lastLogReturns: lastLogReturns.map { Double($0) }, facts: namedFacts)
  }

  /// What a trigger would know now if the portfolio were held at other weights; the share of gains in
  /// each holding stays as it is, and so do lots, which no weights of another day could have.
  ///
  /// - Parameter weights: one per asset, 0 or more, of sum 1.
  public func snapshot(holding weights: [Double]) -> PortfolioSnapshot {
    precondition(
      weights.count == self.weights.count, "\(weights.count) weights are none of \(task.id)")
    var other = self
    for i in weights.indices {
      let share = self.weights[i] > 0 ? basis[i] / self.weights[i] : 1
      other.weights[i] = Real(weights[i])
      other.basis[i] = share * Real(weights[i])
    }
    return other.snapshot
  }

  /// The facts by name.
  var namedFacts: [String: [Double]]? {
    let numbers = factNumbers
    guard !numbers.isEmpty else { return nil }
    var named: [String: [Double]] = [:]
    var first = 0
    for fact in facts.facts {
      let size = facts.count(of: fact)
      named[fact.rawValue] = numbers[first..<first + size].map { Double($0) }
      first += size
    }
    return named
  }

  /// The basis of lots, where it is observed.
  mutating func takeLotBasis() {
    guard let account, task.tax.lots != nil else { return }
    for i in basis.indices {
      basis[i] = account.basis(
        of: i, weight: weights[i], price: prices[i], value: Real(value), ledger: ledger.span)
    }
  }

  /// The facts in order, those of the observation first.
  var factNumbers: [Real] {
    let count = facts.count
    guard count > 0 else { return [] }
    var numbers = [Real](repeating: 0, count: count)
    var ledger = ledger
    let now = FactKernel<Real>.Moment(
      path: path, value: Real(value), lastTradeDay: Real(lastTrade.daysSinceEpoch),
      capped: cappedShare, inflow: inflow, indexBefore: pastIndices.last ?? 0)
    var span = numbers.mutableSpan
    var ledgerSpan = ledger.mutableSpan
    facts.write(
      now, state: marketState.span, weights: weights.span, basis: basis.span, prices: prices.span,
      trends: trends.span, ledger: &ledgerSpan, into: &span)
    return numbers
  }

  func observation() -> [Float] {
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
