import Algebra

extension RebalancingEnvironment {
  /// What was traded, what it cost and what is held after it, as fractions of value.
  struct Trade {
    var amounts: [Real]
    var cost: Real
    var tax: Real
    var held: [Real]

    /// Half the sum of the absolute trades.
    var turnover: Double { amounts.reduce(0.0) { $0 + abs(Double($1)) } / 2 }
  }

  /// The plain trade: proportional costs and a flat tax, paid pro rata.
  mutating func plainTrade(_ fraction: Real) -> Trade {
    let trades = weights.indices.map { fraction * (Real(task.targets[$0]) - weights[$0]) }
    let (cost, tax) = pay(for: trades)
    return Trade(
      amounts: trades, cost: cost, tax: tax, held: weights.indices.map { weights[$0] + trades[$0] })
  }

  /// The trade that is accounted for: a fraction of the way to the target, or all of it to a
  /// destination.
  mutating func accountedTrade(
    _ fraction: Real, to destination: [Real]? = nil, isHarvesting: Bool,
    in account: AccountKernel<Real>
  ) -> Trade {
    let isOverlay = task.tax.lots?.harvesting != nil && task.tax.lots?.isOverlay == true
    let now = AccountKernel<Real>.Situation(
      fraction: fraction, isHarvesting: Real.Mask(repeating: isHarvesting || isOverlay),
      isLast: Real.Mask(repeating: step + 1 >= task.horizon), value: Real(value),
      day: account.tradingDay(calendar.days(path)))
    let before = weights
    let prices = prices
    var (held, basis, ledger, desk) = (weights, basis, ledger, desk)
    desk.goals = task.targets.map { Real($0) }
    if let destination { desk.setDestination(destination, weights: before.span) }
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

  /// Cost and tax of trades as fractions of value; moves the basis along.
  mutating func pay(for trades: [Real]) -> (transactionCost: Real, taxCost: Real) {
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
}
