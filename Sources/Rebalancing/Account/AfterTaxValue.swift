import Algebra

/// What a portfolio is worth to its owner once taxes are counted, in currency.
public struct AfterTaxValue: Sendable, Hashable {
  /// Net asset value less the tax that has accrued.
  public var held: Double
  /// What is left when everything but cash is sold at present prices: less the costs of these sales,
  /// the tax on what they realise and what has accrued.
  ///
  /// Gains are netted with the year's others, with losses carried into it and with outside gains; what
  /// remains of losses beyond the yearly limit is worth nothing here. Everything is taken to be
  /// sold at once, whatever minima, caps and halts forbid.
  public var liquidated: Double
}

extension RebalancingEnvironment {
  /// The portfolio's value after tax, held on and liquidated now; at an episode's end or before.
  public var afterTaxValue: AfterTaxValue {
    guard let account else { return plainAfterTaxValue }
    var (desk, ledger) = (desk, ledger)
    var lots = ledger.mutableSpan
    desk.setQuotes(account, market, path, state: marketState.span, prices: prices.span)
    let sale = desk.liquidation(
      account, value: Real(value), day: account.tradingDay(calendar.days(path)),
      weights: weights.span, basis: basis.span, ledger: &lots)
    return AfterTaxValue(
      held: value * Double(1 - sale.accrued),
      liquidated: value * Double(1 - sale.accrued - sale.cost - sale.tax))
  }

  /// Proportional costs, and a flat tax that is paid with each trade: nothing accrues.
  private var plainAfterTaxValue: AfterTaxValue {
    var (cost, gains): (Real, Real) = (0, 0)
    for i in weights.indices {
      cost = cost + weights[i] * costPerUnit[i]
      gains = gains + (weights[i] - basis[i])
    }
    let tax = gains * Real(task.tax.averageCostRate)
    return AfterTaxValue(held: value, liquidated: value * Double(1 - cost - tax))
  }
}

extension TradingDesk {
  /// What a sale of everything costs, as fractions of value; `setQuotes` comes before.
  func liquidation(
    _ account: AccountKernel<L>, value: L, day: TradingDay<L>, weights: Span<L>, basis: Span<L>,
    ledger: inout MutableSpan<L>
  ) -> AccountKernel<L>.Liquidation {
    account.liquidation(
      value: value, day: day, quotes: quotes.span, weights: weights, basis: basis, ledger: &ledger)
  }
}

extension AccountKernel {
  /// A sale of everything, as fractions of value.
  struct Liquidation {
    /// Transaction costs.
    var cost = L(repeating: 0)
    /// Tax that is owed without the sale.
    var accrued = L(repeating: 0)
    /// Tax that the sale adds.
    var tax = L(repeating: 0)
  }

  /// Prices a sale of everything but cash; nothing changes.
  func liquidation(
    value: L, day: TradingDay<L>, quotes: Span<L>, weights: Span<L>, basis: Span<L>,
    ledger: inout MutableSpan<L>
  ) -> Liquidation {
    var sale = Liquidation()
    var gains = RealizedGains<L>.none
    var averageGains = L(repeating: 0)
    for i in 0..<assetCount where i != cash {
      let share = costShare(i, weights[i], value: value, quotes)
      sale.cost = sale.cost + weights[i].absolute * share
      if let book {
        let net = quotes[place(.price, i)] * (L(repeating: 1) - share)
        // Nothing is washed: nothing is held any more that could be a replacement.
        gains =
          gains
          + book.gainsIfSold(
            i, units: L(repeating: .infinity), at: SecurityPrices(net), on: day, in: &ledger)
      } else {
        averageGains = averageGains + (weights[i] - basis[i])
      }
    }
    sale.tax = averageGains * L(repeating: averageCostRate)
    guard let lotTax else { return sale }
    var position = TaxPosition<L>(ledger.span, at: accountOffset)
    // The market's last move may have led into another year.
    let due = position.advance(
      to: day.day, rates: lotTax.rates, payment: lotTax.payment, where: L.Mask(repeating: true))
    sale.accrued = (due + position.accrued(lotTax.rates)) / value
    sale.tax = position.tax(on: gains, lotTax.rates) / value
    return sale
  }
}
