import Algebra
import Markets
import Rebalancing
import Testing

@Suite struct TaxPositionTests {
  /// The carry-over worksheet: short and long results, carried short and long.
  @Test(arguments: [
    (-10_000.0, 1_000.0, 6_000.0, 0.0), (1_000, -8_000, 0, 4_000), (-5_000, 2_000, 0, 0),
    (-1_000, -5_000, 0, 3_000), (-5_000, -1_000, 2_000, 1_000),
  ])
  func `losses beyond the limit are carried with their character`(
    short: Double, long: Double, carriedShort: Double, carriedLong: Double
  ) {
    var account = TaxPosition<Double>()
    account.begin(on: Double(days("2024-03-01")), where: true)
    account.realize(RealizedGains(short: short, long: long))
    #expect(account.liability(.test) == -0.35 * min(3_000, -(short + long)))
    _ = account.advance(
      to: Double(days("2025-01-02")), rates: .test, payment: .immediate, where: true)
    #expect(account.carriedShort == carriedShort && account.carriedLong == carriedLong)
    #expect(account.short == 0 && account.long == 0)
  }

  /// Dollar by dollar: each dollar of loss takes a dollar of gain, its own term first.
  private func naiveLiability(
    short: Int, long: Int, carriedShort: Int, carriedLong: Int, _ rates: CapitalTaxRates
  ) -> Double {
    var gains = (short: max(0, short), long: max(0, long))
    var losses = (
      short: max(0, -short) + carriedShort, long: max(0, -long) + carriedLong
    )
    while gains.short > 0, losses.short > 0 {
      gains.short -= 1
      losses.short -= 1
    }
    while gains.long > 0, losses.long > 0 {
      gains.long -= 1
      losses.long -= 1
    }
    while gains.long > 0, losses.short > 0 {
      gains.long -= 1
      losses.short -= 1
    }
    while gains.short > 0, losses.long > 0 {
      gains.short -= 1
      losses.long -= 1
    }
    let credited = min(Double(losses.short + losses.long), rates.lossLimit)
    return Double(gains.short) * rates.short + Double(gains.long) * rates.long
      - credited * rates.short
  }

  @Test func `netting is the netting of single dollars`() {
    let source = RandomSource(seed: 3)
    let rates = CapitalTaxRates(short: 0.375, long: 0.125, lossLimit: 32)
    for trial in 0..<2_000 {
      let numbers = (0..<4).map {
        source.integer(
          below: 200, .exploration, copy: UInt32(trial), step: 0, draw: $0)
      }
      var account = SIMD8<Double>.account
      account.short = .init(repeating: Double(numbers[0] - 100))
      account.long = .init(repeating: Double(numbers[1] - 100))
      account.carriedShort = .init(repeating: Double(numbers[2] % 60))
      account.carriedLong = .init(repeating: Double(numbers[3] % 60))
      let naive = naiveLiability(
        short: numbers[0] - 100, long: numbers[1] - 100, carriedShort: numbers[2] % 60,
        carriedLong: numbers[3] % 60, rates)
      #expect(account.liability(rates) == .init(repeating: naive), "\(numbers)")
    }
  }

  @Test func `immediate tax is the change of the year's liability and no credit beyond it`() {
    var account = TaxPosition<Double>()
    account.begin(on: Double(days("2024-03-01")), where: true)
    let gains = [(1_000.0, 0.0), (-5_000, 0), (0, 4_000), (10_000, -2_000)]
    var paid: [Double] = []
    for (short, long) in gains {
      account.realize(RealizedGains(short: short, long: long))
      paid.append(account.payLiability(.test, where: true))
    }
    #expect(paid.map { ($0 * 100).rounded() / 100 } == [350, -1_400, 1_050, 2_400])
    #expect(account.accrued(.test) == 0)
  }

  @Test func `annual tax is paid at the first step from 15 April on`() {
    var account = TaxPosition<Double>()
    account.begin(on: Double(days("2024-03-01")), where: true)
    account.realize(RealizedGains(short: 1_000, long: 2_000))
    var payments: [String: Double] = [:]
    for date in ["2024-12-31", "2025-01-02", "2025-04-14", "2025-04-15", "2025-04-16"] {
      payments[date] = account.advance(
        to: Double(days(date)), rates: .test, payment: .annual, where: true)
    }
    #expect(payments.filter { $0.value != 0 } == ["2025-04-15": 650])
    account.realize(RealizedGains(short: 100, long: 0))
    #expect(account.accrued(.test) == 35)
    #expect(account.settle(.test, where: true) == 35)
    #expect(account.accrued(.test) == 0)
  }

  @Test func `a credit of an earlier year's losses comes with the new year`() {
    var account = TaxPosition<Double>()
    account.begin(on: Double(days("2024-03-01")), where: true)
    account.realize(RealizedGains(short: -10_000, long: 0))
    #expect(account.payLiability(.test, where: true) == -1_050)
    #expect(
      account.advance(
        to: Double(days("2025-02-01")), rates: .test, payment: .immediate, where: true) == 0)
    #expect(account.payLiability(.test, where: true) == -1_050)
    #expect(account.tax(on: RealizedGains(short: 7_000, long: 0), .test) == 1_050)
  }

  @Test func `an account is its numbers`() {
    var account = TaxPosition<Double>()
    account.begin(on: Double(days("2024-03-01")), where: true)
    account.realize(RealizedGains(short: 3, long: 5))
    _ = account.payLiability(.test, where: true)
    var numbers = [Double](repeating: -1, count: TaxPosition<Double>.count + 2)
    var span = numbers.mutableSpan
    account.write(to: &span, at: 2)
    let copy = TaxPosition<Double>(numbers.span, at: 2)
    #expect("\(copy)" == "\(account)")
    #expect(numbers[0...1] == [-1, -1])
  }

  @Test func `lanes keep to themselves`() {
    var account = SIMD8<Double>.account
    var mask = SIMD8<Double>.Mask(repeating: false)
    mask[3] = true
    account.realize(RealizedGains(short: .init(repeating: 100), long: .init(repeating: 0)))
    let payment = account.payLiability(.test, where: mask)
    #expect(payment == [0, 0, 0, 35, 0, 0, 0, 0])
    _ = account.advance(
      to: .init(repeating: Double(days("2025-02-01"))), rates: .test, payment: .annual,
      where: mask)
    #expect(account.short == [100, 100, 100, 0, 100, 100, 100, 100])
  }
}

extension SIMD8<Double> {
  /// An account begun in March 2024.
  fileprivate static var account: TaxPosition<Self> {
    var account = TaxPosition<Self>()
    account.begin(on: .init(repeating: Double(days("2024-03-01"))), where: .init(repeating: true))
    return account
  }
}
