import Algebra
import Markets

extension AccountKernel {
  /// Sells losses that are worth it and buys the substitutes.
  func harvest(
    _ now: Situation, _ quotes: Span<L>, _ result: inout Result, _ held: inout MutableSpan<L>,
    _ ledger: inout MutableSpan<L>
  ) {
    guard let book, let rule = lotTax?.harvesting, now.isHarvesting.isAnyTrue else { return }
    for i in held.indices where i != cash {
      let harvest = book.harvest(
        i, rule, at: SecurityPrices(quotes[place(.price, i)]), cost: proportionalShare(i, quotes),
        on: now.day, where: now.isHarvesting, in: &ledger)
      let paid = harvest.cost / now.value
      held[i] = held[i] - paid
      result.cost = result.cost + paid
      result.paidByAssets = result.paidByAssets + paid
      result.gains = result.gains + harvest.gains
    }
  }

  /// Whether any lane trades, or an asset may have to be paid out.
  func isTrading(_ now: Situation, _ quotes: Span<L>) -> Bool {
    hasInterruptions || (L(repeating: 0) .< now.fraction).isAnyTrue
  }

  /// The trades towards the goals, of what can be traded.
  func wish(
    _ now: Situation, _ goals: Span<L>, _ quotes: Span<L>, _ weights: Span<L>,
    into trades: inout MutableSpan<L>
  ) {
    for i in trades.indices {
      trades[i] = now.fraction * (goals[i] - weights[i])
    }
    guard hasInterruptions else { return }
    for i in trades.indices {
      let availability = quotes[place(.availability, i)]
      // What is halted waits; what is delisted has been paid out.
      let isPaidOut = L(repeating: L.Scalar(Availability.delisted.rawValue)) .<= availability
      let isHalted = L(repeating: L.Scalar(Availability.halted.rawValue)) .<= availability
      trades[i] = trades[i].replacing(with: L(repeating: 0), where: isHalted)
        .replacing(with: L(repeating: 0) - weights[i], where: isPaidOut)
    }
    costs.balance(
      &trades, 0, spare: cash.map { weights[$0] }, where: L.Mask(repeating: true))
  }

  /// What of an asset can be sold.
  func saleable(_ i: Int, _ weight: L, _ quotes: Span<L>) -> L {
    guard hasInterruptions else { return weight }
    return L(repeating: 0).replacing(
      with: weight, where: quotes[place(.availability, i)] .<= L(repeating: 0))
  }

  /// Cuts the trades to what the filters allow.
  func filter(
    _ now: Situation, _ result: inout Result, _ trades: inout MutableSpan<L>, weights: Span<L>
  ) {
    guard costs.hasFilters else { return }
    result.capped = costs.filterGroup(&trades, 0, weights: weights, value: now.value)
  }

  /// Sells, then buys; costs are added up, gains realised, weights and lots changed.
  ///
  /// - Parameter orders: the size of the order that a trade adds to; empty: trades are orders of their
  ///   own.
  func execute(
    _ now: Situation, _ quotes: Span<L>, _ result: inout Result, _ trades: Span<L>,
    orders: Span<L> = Span(), _ held: inout MutableSpan<L>, _ basis: inout MutableSpan<L>,
    _ ledger: inout MutableSpan<L>
  ) {
    for i in trades.indices where i != cash {
      let share = costShare(
        i, trades[i], after: orders.isEmpty ? nil : orders[i], value: now.value, quotes)
      result.cost = result.cost + trades[i].absolute * share
      if book == nil {
        moveBasis(i, trades[i], weight: held[i], &result, &basis)
      } else {
        sell(i, L(repeating: 0) - trades[i], costShare: share, now, quotes, &result, &ledger)
      }
    }
    if book != nil {
      for i in trades.indices where i != cash {
        buy(
          i, trades[i], costShare: costShare(i, trades[i], value: now.value, quotes), now, quotes,
          &result, &ledger)
      }
    }
    for i in trades.indices { held[i] = held[i] + trades[i] }
  }

  /// The cost of a trade per unit of its amount, where an order of some size is done already.
  func costShare(
    _ i: Int, _ trade: L, after order: L? = nil, value: L, _ quotes: Span<L>
  ) -> L {
    if costs.isProportional { return proportionalShare(i, quotes) }
    let zero = L(repeating: 0)
    let size = trade.absolute
    var cost = cost(i, of: (order ?? zero) + size, value: value, quotes)
    if let order { cost = cost - self.cost(i, of: order, value: value, quotes) }
    let share = cost / L(repeating: 1).replacing(with: size, where: zero .< size)
    return changesSpreads ? share + costs.widening(of: i, quotes[place(.spread, i)]) : share
  }

  /// Half spread, commission and fee per unit traded.
  private func proportionalShare(_ i: Int, _ quotes: Span<L>) -> L {
    let share = L(repeating: costs.perUnit[i])
    return changesSpreads ? share + costs.widening(of: i, quotes[place(.spread, i)]) : share
  }

  private func cost(_ i: Int, of size: L, value: L, _ quotes: Span<L>) -> L {
    costs.cost(
      of: i, size: size, value: value, price: quotes[place(.price, i)],
      volatility: quotes[place(.volatility, i)])
  }

  private func sell(
    _ i: Int, _ amount: L, costShare: L, _ now: Situation, _ quotes: Span<L>,
    _ result: inout Result, _ ledger: inout MutableSpan<L>
  ) {
    let lanes = L(repeating: 0) .< amount
    guard let book, lanes.isAnyTrue else { return }
    let net = quotes[place(.price, i)] * (L(repeating: 1) - costShare)
    let units = amount * now.value / quotes[place(.price, i)]
    result.gains =
      result.gains
      + book.sell(i, units: units, at: SecurityPrices(net), on: now.day, where: lanes, in: &ledger)
  }

  private func buy(
    _ i: Int, _ amount: L, costShare: L, _ now: Situation, _ quotes: Span<L>,
    _ result: inout Result, _ ledger: inout MutableSpan<L>
  ) {
    let lanes = L(repeating: 0) .< amount
    guard let book, lanes.isAnyTrue else { return }
    let unitCost = quotes[place(.price, i)] * (L(repeating: 1) + costShare)
    let units = amount * now.value / quotes[place(.price, i)]
    result.gains =
      result.gains
      + book.buy(i, units: units, unitCost: unitCost, on: now.day, where: lanes, in: &ledger)
  }

  /// Average cost: a sale takes its share of the basis, a purchase adds to it.
  private func moveBasis(
    _ i: Int, _ trade: L, weight: L, _ result: inout Result, _ basis: inout MutableSpan<L>
  ) {
    let zero = L(repeating: 0)
    let bought = L.larger(trade, zero)
    let sold = L.larger(zero - trade, zero)
    // Nothing is sold of what is not held; the divisor only keeps the number finite.
    let soldShare = sold / L(repeating: 1).replacing(with: weight, where: zero .< weight)
    result.averageGains = result.averageGains + soldShare * (weight - basis[i])
    basis[i] = basis[i] + bought - soldShare * basis[i]
  }
}
