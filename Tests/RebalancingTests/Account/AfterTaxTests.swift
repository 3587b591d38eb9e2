import Markets
import Rebalancing
import Testing

/// What is left after tax, against accounts kept by hand.
@Suite struct AfterTaxTests {
  private static let rates = CapitalTaxRates(short: 0.4, long: 0.2)

  /// Two stocks and cash that moves by nothing; growth of the stocks by day, 1 where none is given.
  private func task(
    _ tax: TaxModel, horizon: Int, halfSpread: Double = 0, growth: [Int: [Double]]
  ) throws -> RebalancingTask {
    var task = try smallTask(assets: 3, volatility: [0.01, 0.02, 0])
    let days = (1...horizon + 3).map { growth[$0 - 2] ?? [1, 1, 1] }
    task.market = .historical(
      try HistoricalMarket<Double>(
        history: history(growth: days), warmup: 2, horizon: horizon, start: .fixed, halfLife: 8,
        stepsPerYear: 250))
    task.horizon = horizon
    task.targets = [0.5, 0, 0.5]
    task.costs = TradingCosts(
      assets: [halfSpread, halfSpread, 0].map { AssetCosts(halfSpread: $0) }, cash: 2)
    task.payment = .cash(asset: 2)
    task.initialValue = 100_000
    task.tax = tax
    return task
  }

  private func lots(_ payment: TaxPayment, _ rates: CapitalTaxRates = Self.rates) -> TaxModel {
    .lots(LotTax(rates: rates, payment: payment))
  }

  /// Does nothing until the end.
  private func end(_ task: RebalancingTask) -> RebalancingEnvironment<Double> {
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    while !environment.hasEnded { _ = environment.advance(fraction: 0) }
    return environment
  }

  /// What 50,000 of stock and 50,000 of cash come to.
  struct OneLot: Sendable {
    var horizon: Int
    var growth: Double
    var liquidated: Double
  }

  // The stock becomes 75,000 or 25,000; at a half spread of 1 % it brings 74,250 or 24,750. Of the loss
  // 3,000 are credited; the rest is worth nothing to who ends here.
  @Test(
    arguments: TaxPayment.allCases,
    [
      OneLot(horizon: 20, growth: 1.5, liquidated: 114_550),
      OneLot(horizon: 400, growth: 1.5, liquidated: 119_400),
      OneLot(horizon: 20, growth: 0.5, liquidated: 75_950),
    ])
  func `one lot sold short or long, at a gain or a loss`(
    _ payment: TaxPayment, _ lot: OneLot
  ) throws {
    let task = try task(
      lots(payment), horizon: lot.horizon, halfSpread: 0.01, growth: [5: [lot.growth, 1, 1]])
    let value = end(task).afterTaxValue
    #expect(isClose(value.held, 50_000 + 50_000 * lot.growth, 1e-12))
    #expect(isClose(value.liquidated, lot.liquidated, 1e-12))
  }

  @Test func `the day after the anniversary makes the gain long`() throws {
    // Bought on 2019-04-16, day 0; the year 2020 has 366 days.
    for (horizon, rate) in [(366, 0.4), (367, 0.2)] {
      let end = end(try task(lots(.annual), horizon: horizon, growth: [5: [1.5, 1, 1]]))
      #expect(isClose(end.afterTaxValue.liquidated, 125_000 - rate * 25_000, 1e-12), "\(horizon)")
    }
  }

  @Test func `gains over average cost are taxed flat, losses credited`() throws {
    for (growth, tax) in [(1.5, 0.3 * 25_000), (0.5, -0.3 * 25_000)] {
      let end = end(
        try task(
          .averageCost(rate: 0.3), horizon: 20, halfSpread: 0.01, growth: [5: [growth, 1, 1]]))
      let sold = 50_000 * growth
      #expect(end.afterTaxValue.held == end.value)
      #expect(isClose(end.afterTaxValue.liquidated, 50_000 + 0.99 * sold - tax, 1e-12))
    }
  }

  @Test func `without a cash account everything is sold at its cost and the flat tax`() throws {
    var task = try task(.averageCost(rate: 0.3), horizon: 20, growth: [5: [1.5, 1, 1]])
    task.payment = .proRata
    task.costs = TradingCosts(perUnit: [0.01, 0.02, 0.04])
    let expected = 125_000 - 750 - 2_000 - 0.3 * 25_000
    #expect(isClose(end(task).afterTaxValue.liquidated, expected, 1e-12))
  }

  // 2019: 20,000 are lost, 3,000 of them credited; 2020 another 3,000; 14,000 are left in 2021 for the
  // gain of 40,000, of which 26,000 are taxed.
  @Test(arguments: TaxPayment.allCases)
  func `losses carried into the last year are netted with the gains of the sale`(
    _ payment: TaxPayment
  ) throws {
    var task = try task(
      lots(payment), horizon: 700, growth: [3: [0.5, 1, 1], 600: [1, 2, 1]])
    task.targets = [0.4, 0.4, 0.2]
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    while !environment.hasEnded {
      if environment.date == CalendarDate(iso: "2019-04-21") {
        // 20,000 of the first stock, 40,000 of the second, 20,000 of cash.
        _ = environment.advance(destination: [0, 0.5, 0.5])
      } else {
        _ = environment.advance(fraction: 0)
      }
    }
    // Credits of all three years have been paid: the last settles its own.
    #expect(isClose(environment.afterTaxValue.held, 40_000 + 80_000 + 3 * 1_200, 1e-9))
    let sold = 40_000 + 80_000 + 2 * 1_200 - 0.2 * 26_000
    #expect(isClose(environment.afterTaxValue.liquidated, sold, 1e-9))
  }

  @Test func `tax that has accrued is taken off in its year, and when it has become due`() throws {
    // 75,000 of stock that cost 50,000 are sold in April; 10,000 of tax are paid in January.
    let task = try task(lots(.annual), horizon: 300, growth: [3: [1.5, 1, 1]])
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    let (sale, year) = (CalendarDate(iso: "2019-04-21"), CalendarDate(iso: "2020-01-01"))
    var isSold = false
    while !environment.hasEnded {
      let date = environment.date
      if isSold {
        let value = environment.afterTaxValue
        #expect(isClose(value.held, 115_000, 1e-12), "\(date)")
        #expect(isClose(value.liquidated, 115_000, 1e-12), "\(date)")
        if date <= year ?? date { #expect(isClose(environment.value, 125_000, 1e-12)) }
      }
      _ =
        date == sale
        ? environment.advance(destination: [0, 0, 1]) : environment.advance(fraction: 0)
      isSold = isSold || date == sale
    }
    #expect(isSold && isClose(environment.value, 115_000, 1e-12))
  }

  @Test func `outside gains take up losses that would wait otherwise`() throws {
    // A loss of 25,250 against 10,000 short and 8,000 long elsewhere: 7,250 are left, 3,000 credited.
    let outside = CapitalTaxRates(
      short: 0.4, long: 0.2, outside: OutsideGains(short: 10_000, long: 8_000))
    let end = end(
      try task(
        lots(.annual, outside), horizon: 20, halfSpread: 0.01, growth: [5: [0.5, 1, 1]]))
    let saved = 0.4 * 10_000 + 0.2 * 8_000 + 0.4 * 3_000
    #expect(isClose(end.afterTaxValue.liquidated, 74_750 + saved, 1e-12))
    // A gain is taxed as it would be alone.
    let gain = try task(
      lots(.annual, outside), horizon: 20, halfSpread: 0.01, growth: [5: [1.5, 1, 1]])
    let alone = 124_250 - 0.4 * 24_250
    #expect(isClose(self.end(gain).afterTaxValue.liquidated, alone, 1e-12))
  }

  @Test(arguments: SaleOrder.allCases, TaxPayment.allCases)
  func `liquidation is what selling everything in the last step comes to`(
    _ order: SaleOrder, _ payment: TaxPayment
  ) throws {
    let tax = LotTax(rates: Self.rates, payment: payment, order: order)
    try expectConservation(try accountTask(tax, horizon: 330))
  }

  @Test func `nor is it another with impact, tickets, flows and average cost`() throws {
    let stock = AssetCosts(
      halfSpread: 0.0005, ticket: 3, impact: .squareRoot(SquareRootImpact(coefficient: 0.8)),
      adv: 2e7)
    var task = try accountTask(
      nil, horizon: 60,
      costs: TradingCosts(
        assets: [stock, stock, stock, AssetCosts(halfSpread: 0)], cash: 3))
    task.tax = .averageCost(rate: 0.2)
    task.flows = CashFlows(schedules: [.init(amount: 5_000, everySteps: 10)])
    // The cap binds in the step, and the value is of a sale that nothing binds.
    task.costs.assets = task.costs.assets.map { asset in
      var asset = asset
      asset.participationCap = 1
      return asset
    }
    try expectConservation(task)
  }

  private func expectConservation(_ task: RebalancingTask) throws {
    var environment = RebalancingEnvironment<Double>(task, copy: 3)
    _ = environment.reset(seed: 8)
    for step in 0..<task.horizon - 1 {
      _ = environment.advance(fraction: step % 7 == 0 ? 0.5 : 0)
    }
    let expected = environment.afterTaxValue
    let outcome = environment.advance(destination: [0, 0, 0, 1])
    let left = outcome.valueBefore * (1 - outcome.transactionCost - outcome.taxCost)
    #expect(outcome.turnover > 0.8 && outcome.taxCost != 0)
    #expect(isClose(expected.liquidated, left, 1e-9))
    #expect(expected.held != expected.liquidated)
  }
}
