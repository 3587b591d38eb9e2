import Ledgers
import Testing

private let rates = TaxRates(shortTerm: 0.35, longTerm: 0.15)

@Suite struct NettingTests {
  @Test(arguments: [
    (20_000, -10_000, 1_000, 6_000, 0), (30_000, 1_000, -8_000, 0, 4_000),
    (50_000, -5_000, 2_000, 0, 0),
    // Deductions that exceed income by less than the loss: only 1,000 of it are used.
    (-2_000, -10_000, 1_000, 8_000, 0), (-2_000, 1_000, -8_000, 0, 6_000),
    // Nothing can be used.
    (-3_000, -10_000, 1_000, 9_000, 0), (-9_000, -2_000, -2_000, 2_000, 2_000),
    // Both terms lose: the deduction takes short-term losses first.
    (20_000, -2_000, -5_000, 0, 4_000), (20_000, -7_000, -5_000, 4_000, 5_000),
  ])
  func `carries over what the worksheet says`(
    income: Double, short: Double, long: Double, carriedShort: Double, carriedLong: Double
  ) {
    let netting = CapitalNetting(
      CapitalGains(shortTerm: short, longTerm: long), taxableIncome: income)
    #expect(netting.deduction == 3_000)
    #expect(netting.taxable == CapitalGains())
    #expect(
      netting.carryforward == CapitalGains(shortTerm: carriedShort, longTerm: carriedLong))
  }

  @Test(arguments: [
    (1_000, 2_000, 1_000, 2_000), (-500, 2_000, 0, 1_500), (2_000, -500, 1_500, 0),
    (-2_000, 2_000, 0, 0),
  ])
  func `taxes what is left of either term`(
    short: Double, long: Double, taxedShort: Double, taxedLong: Double
  ) {
    let netting = CapitalNetting(CapitalGains(shortTerm: short, longTerm: long))
    #expect(netting.taxable == CapitalGains(shortTerm: taxedShort, longTerm: taxedLong))
    #expect(netting.deduction == 0)
    #expect(netting.carryforward == CapitalGains())
  }

  @Test func `deducts a small loss whole, and no more than half the limit of a couple each`() {
    let small = CapitalNetting(CapitalGains(shortTerm: -700))
    #expect(small.deduction == 700)
    #expect(small.carryforward == CapitalGains())
    let half = CapitalNetting(CapitalGains(longTerm: -5_000), limit: 1_500)
    #expect(half.deduction == 1_500)
    #expect(half.carryforward == CapitalGains(longTerm: 3_500))
  }

  @Test func `loses and invents nothing`() {
    var dice = Dice(seed: 5)
    for _ in 0..<2_000 {
      func amount(_ range: ClosedRange<Int>) -> Double {
        Double(Int.random(in: range, using: &dice))
      }
      let gains = CapitalGains(shortTerm: amount(-9_000...9_000), longTerm: amount(-9_000...9_000))
      let carried = CapitalGains(shortTerm: amount(0...4_000), longTerm: amount(0...4_000))
      let netting = CapitalNetting(
        gains, carried: carried, limit: [0, 1_500, 3_000][Int(amount(0...2))],
        taxableIncome: amount(-4_000...4_000))
      let before = gains.shortTerm + gains.longTerm - carried.shortTerm - carried.longTerm
      let after =
        netting.taxable.shortTerm + netting.taxable.longTerm - netting.usedDeduction
        - netting.carryforward.shortTerm - netting.carryforward.longTerm
      #expect(before == after)
    }
  }
}

@Suite struct TaxReturnTests {
  /// A long-term gain of 1,000 and a short-term loss in 2021, in one account or another.
  private func ledger(loss: Double, account: Account = taxable) throws -> Ledger {
    var ledger = Ledger()
    try ledger.buy(10, for: 1_000, on: "2019-01-02", in: account)
    try ledger.buy(10, for: loss, on: "2021-01-04", of: "B", in: account)
    try ledger.sell(10, for: 2_000, on: "2021-06-01", in: account)
    try ledger.sell(10, for: 0, on: "2021-06-01", of: "B", in: account)
    return ledger
  }

  @Test func `taxes each term and dividends at its rate`() throws {
    var ledger = try ledger(loss: 400)
    try ledger.receive(qualifiedDividend: 100, in: taxable, on: day("2021-07-01"))
    try ledger.receive(qualifiedDividend: 100, in: ira, on: day("2021-07-01"))
    let rates = TaxRates(shortTerm: 0.35, longTerm: 0.15, qualifiedDividends: 0.2)
    let tax = ledger.taxReturns(through: 2021, rates: rates)[0].tax
    #expect(abs(tax - (600 * 0.15 + 100 * 0.2)) < 1e-12)
  }

  @Test func `sets losses against ordinary income and not against dividends`() throws {
    var ledger = try ledger(loss: 9_000)
    try ledger.receive(qualifiedDividend: 20_000, in: taxable, on: day("2021-07-01"))
    let returns = ledger.taxReturns(through: 2021, rates: rates)
    #expect(abs(returns[0].tax - (20_000 * 0.15 - 3_000 * 0.35)) < 1e-9)
    #expect(returns[0].netting.carryforward == CapitalGains(shortTerm: 5_000))
  }

  @Test func `uses a loss over years without trades until nothing is left`() throws {
    let returns = try ledger(loss: 9_000).taxReturns(through: 2025, rates: rates)
    #expect(returns.map(\.year) == [2021, 2022, 2023, 2024, 2025])
    #expect(returns.map(\.netting.deduction) == [3_000, 3_000, 2_000, 0, 0])
    #expect(returns.map(\.carried.shortTerm) == [0, 5_000, 2_000, 0, 0])
    #expect(returns.map(\.tax) == [3_000, 3_000, 2_000, 0, 0].map { -$0 * 0.35 })
    let half = try ledger(loss: 9_000).taxReturns(through: 2025, rates: rates, limit: 1_500)
    #expect(half.map(\.netting.deduction) == [1_500, 1_500, 1_500, 1_500, 1_500])
  }

  @Test func `does not tax an IRA`() throws {
    let ledger = try ledger(loss: 400, account: ira)
    #expect(ledger.realized.map(\.gain) == [1_000, -400])
    #expect(ledger.taxReturns(through: 2021, rates: rates).isEmpty)
  }
}

@Suite struct TaxAccountTests {
  /// A loss of 100 in December 2022 that a purchase in January washes, and a gain in 2023.
  private func payments(
    _ timing: TaxTiming, on days: [String]
  ) throws -> (paid: [Double], accrued: [Double]) {
    var ledger = Ledger()
    var account = TaxAccount(timing)
    var payments: (paid: [Double], accrued: [Double]) = ([], [])
    try ledger.buy(20, for: 2_000, on: "2022-01-04")
    for date in days {
      if date == "2022-12-20" { try ledger.sell(10, for: 900, on: date) }
      if date == "2023-01-10" { try ledger.buy(10, for: 900, on: date) }
      if date == "2023-04-14" { try ledger.sell(10, for: 1_200, on: date) }
      let returns = ledger.taxReturns(through: try day(date).year, rates: rates)
      payments.paid.append(try account.settle(returns, on: day(date)))
      payments.accrued.append(account.accrued(returns))
    }
    return payments
  }

  @Test func `settles at once, and takes the credit of a washed loss back`() throws {
    let (paid, accrued) = try payments(
      .immediate, on: ["2022-12-20", "2023-01-10", "2023-04-14", "2023-04-15"])
    #expect(paid == [-35, 35, 30, 0])
    #expect(accrued == [0, 0, 0, 0])
  }

  @Test func `settles on 15 April of the next year`() throws {
    let (paid, accrued) = try payments(
      .annual,
      on: [
        "2022-12-20", "2023-01-10", "2023-04-14", "2023-04-15", "2024-04-14", "2024-04-15",
        "2025-01-01",
      ])
    #expect(paid == [0, 0, 0, 0, 0, 30, 0])
    #expect(accrued == [-35, 0, 30, 30, 30, 0, 0])
    // Without the purchase the loss is deducted; the first day asked after 15 April pays.
    let unwashed = try payments(.annual, on: ["2022-12-20", "2023-04-14", "2023-07-01"])
    #expect(unwashed.paid == [0, 0, -35])
    let late = try payments(.annual, on: ["2022-12-20", "2024-01-01"])
    #expect(late.paid == [0, -35])
  }
}

@Suite struct HarvestingTests {
  @Test(arguments: [
    (0.35, 1, 2_208.2), (0.35, 10, 4_877.3), (0.35, 30, 21_671.5), (0.15, 1, 89.2),
    (0.15, 10, 1_233.1), (0.15, 30, 8_430.6),
  ])
  func `is worth what the closed form says`(shortTerm: Double, years: Int, gain: Double) {
    let rates = TaxRates(shortTerm: shortTerm, longTerm: 0.15)
    let value = harvestingGain(loss: 10_000, years: years, annualReturn: 0.07, rates: rates)
    #expect(abs(value - gain) <= 0.05 + 1e-9)
  }

  @Test func `is what two ledgers differ by, one that harvests and one that waits`() throws {
    // 100 units fall from 200 to 100 a unit; the fund that is bought instead is not identical.
    var (harvesting, waiting) = (Ledger(), Ledger())
    for date in ["2021-01-04"] {
      try harvesting.buy(100, for: 20_000, on: date)
      try waiting.buy(100, for: 20_000, on: date)
    }
    try harvesting.sell(100, for: 10_000, on: "2021-06-01")
    try harvesting.buy(100, for: 10_000, on: "2021-06-01", of: "B")
    let saving = -harvesting.taxReturns(through: 2021, rates: rates, limit: 10_000)[0].tax
    #expect(saving == 3_500)
    // A year and a day later both sell for 25,000; the saving was invested at 7 %.
    try harvesting.sell(100, for: 25_000, on: "2022-06-03", of: "B")
    try waiting.sell(100, for: 25_000, on: "2022-06-03")
    let taxes = [harvesting, waiting].map {
      $0.taxReturns(through: 2022, rates: rates, limit: 10_000).last?.tax ?? 0
    }
    let invested = saving * 1.07 - saving * 0.07 * 0.15
    let difference = invested - (taxes[0] - taxes[1])
    let formula = harvestingGain(loss: 10_000, years: 1, annualReturn: 0.07, rates: rates)
    #expect(abs(difference - formula) < 1e-9)
  }
}
