import Algebra
import Rebalancing
import Testing

/// What merging lots costs in accuracy, measured on random years.
@Suite struct LotApproximationTests {
  /// Recognised gains and tax of a year, by the lot book and by the ledger.
  private struct Year {
    var fast = RealizedGains<Double>.none
    var slow = RealizedGains<Double>.none
    /// Tax in absolute value, trade by trade: what errors are measured by.
    var gross = 0.0
    var merges = 0.0

    static func tax(_ gains: RealizedGains<Double>) -> Double {
      gains.short * CapitalTaxRates.test.short + gains.long * CapitalTaxRates.test.long
    }

    /// The difference of the year's tax, as a share of all tax and credit in it.
    var error: Double { abs(Self.tax(fast) - Self.tax(slow)) / max(gross, 1) }
  }

  private func year(_ number: Int, _ order: SaleOrder, gap: Int, lots: Int = 8) throws -> Year {
    var books = Books<Double>(LotLayout(assets: 1, lotsPerAsset: lots), order)
    var ledger = ExactLedger(order: order)
    // Bought half a year before, so that lots become long-term on the way.
    let bought = days("2024-01-09") - 180
    books.open(0, 100, at: 95, on: bought)
    _ = try ledger.trade(100, at: 95, on: bought)
    var year = Year()
    for trade in TradeSequence.random(number, steps: 364 / gap, every: gap, largest: 8) {
      let slow = try ledger.trade(trade)
      year.fast = year.fast + books.trade(trade)
      year.slow = year.slow + slow
      year.gross += abs(Year.tax(slow))
    }
    year.merges = books.merges()
    return year
  }

  /// Bounds of the mean and of the worst error of 250 years each, in percent.
  @Test(arguments: [
    (SaleOrder.fifo, 7, 1.0, 20.0), (.fifo, 1, 3, 50),
    (.minimumTax, 7, 3, 30), (.minimumTax, 1, 10, 100),
  ])
  func `a year's tax with eight slots`(
    order: SaleOrder, gap: Int, mean: Double, worst: Double
  ) throws {
    let years = try (0..<250).map { try year($0, order, gap: gap) }
    let errors = years.map { 100 * $0.error }
    let average = errors.reduce(0, +) / 250
    let bias = years.reduce(0) { $0 + Year.tax($1.fast) - Year.tax($1.slow) }
      / years.reduce(0) { $0 + $1.gross }
    print("MEASURE", order, gap, average, errors.max() ?? 0, 100 * bias, years.reduce(0) { $0 + $1.merges } / 250)
    #expect(years.allSatisfy { $0.merges > 0 })
    #expect(average < mean && (errors.max() ?? 0) < worst)
  }
}
