/// The tax of one year on gains and dividends.
public struct TaxReturn: Hashable, Sendable {
  public let year: Int
  /// What the ledger has booked in the year.
  public let totals: YearTotals
  /// Losses carried from the year before; at least 0.
  public let carried: CapitalGains
  /// Gains and losses set against each other.
  public let netting: CapitalNetting
  /// Taxable gains and dividends at their rates, less what the deduction from ordinary income saves
  /// at the short-term rate. Negative where that is more.
  ///
  /// Losses are not set against dividends: these are no capital gains.
  public let tax: Double

  init(
    year: Int, totals: YearTotals, carried: CapitalGains, rates: TaxRates, limit: Double
  ) {
    self.year = year
    self.totals = totals
    self.carried = carried
    netting = CapitalNetting(totals.gains, carried: carried, limit: limit)
    tax =
      netting.taxable.shortTerm * rates.shortTerm + netting.taxable.longTerm * rates.longTerm
      + totals.qualifiedDividends * rates.qualifiedDividends
      - netting.usedDeduction * rates.shortTerm
  }
}

extension Ledger {
  /// The returns of all years from the first in which something was booked, without gaps: losses
  /// carried forward are deducted in years without trades, too.
  ///
  /// Until 31 January a purchase can still disallow losses of the year before.
  ///
  /// - Parameters:
  ///   - last: the last year.
  ///   - limit: of the deduction of losses from ordinary income, in currency per year.
  public func taxReturns(
    through last: Int, rates: TaxRates, limit: Double = CapitalNetting.ordinaryIncomeLimit
  ) -> [TaxReturn] {
    guard let first = years.keys.min(), first <= last else { return [] }
    var returns: [TaxReturn] = []
    for year in first...last {
      returns.append(
        TaxReturn(
          year: year, totals: years[year] ?? YearTotals(),
          carried: returns.last?.netting.carryforward ?? CapitalGains(), rates: rates,
          limit: limit))
    }
    return returns
  }
}
