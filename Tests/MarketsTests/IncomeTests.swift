import Algebra
import Foundation
import Markets
import Testing

@Suite struct IncomeTests {
  private func market(
    _ history: PriceHistory, paysDividends: Bool, interruptions: Interruptions = .none
  ) throws -> Market<Double> {
    .historical(
      try HistoricalMarket(
        history: history,
        table: ReturnTable(
          history, covariance: MarketExample.covariance, paysDividends: paysDividends,
          interruptions: interruptions), warmup: 10, horizon: nil, start: .fixed))
  }

  @Test func `price growth and dividends together are the total return`() throws {
    let history = try MarketExample.history()
    var prices = Walk<Double>(try market(history, paysDividends: true))
    var total = Walk<Double>(try market(history, paysDividends: false))
    var paid = 0.0
    for step in 0..<89 {
      // Known at the decision: the same, whoever keeps the dividends.
      for (a, b) in zip(prices.covariance, total.covariance) { #expect(abs(a - b) < 1e-12) }
      prices.step()
      total.step()
      for asset in 0..<3 {
        #expect(abs(prices.growth[asset] + prices.income[asset] - total.growth[asset]) < 1e-12)
        #expect(abs(prices.logReturns[asset] - log(prices.growth[asset])) < 1e-15)
        let day = 11 + step
        let dividend = day % 20 == 5 * asset ? 0.7 : 0
        let close = try #require(history.closes)[(day - 1) * 3 + asset]
        #expect(abs(prices.income[asset] - dividend / close) < 1e-15)
        paid += prices.income[asset]
      }
    }
    #expect(paid > 0.05)
  }

  @Test func `a split is no return`() throws {
    // Files hold prices adjusted for splits; the dividend is per share of today.
    let folder = try TemporaryFolder()
    var text = "Date,Close,AdjClose,Dividends\n"
    for day in 0..<20 {
      text += "\(CalendarDate(daysSinceEpoch: 19_000 + day)),50,50,0\n"
    }
    for name in ["A", "B"] { try folder.write(text, to: "\(name).csv") }
    let history = try PriceHistory(assetFolder: folder.path)
    var walk = Walk<Double>(try market(history, paysDividends: true))
    for _ in 0..<9 {
      walk.step()
      #expect(walk.growth == [1, 1] && walk.income == [0, 0])
    }
  }

  @Test func `a yield takes from the growth what it pays`() throws {
    let base = try MarketExample.regimes.market()
    var paying = Walk<SIMD8<Double>>(try MarketExample.yielding.market())
    var plain = Walk<SIMD8<Double>>(base)
    for _ in 0..<30 {
      paying.step()
      plain.step()
      #expect(paying.state == plain.state && paying.covariance == plain.covariance)
      for (asset, perYear) in [0.02, 0, 0.05].enumerated() {
        for lane in 0..<8 {
          #expect(paying.income[asset][lane] == perYear / 12)
          let total = paying.growth[asset][lane] + perYear / 12
          #expect(abs(total - plain.growth[asset][lane]) < 1e-15)
          let logReturn = log(paying.growth[asset][lane])
          #expect(abs(paying.logReturns[asset][lane] - logReturn) < 1e-15)
        }
      }
    }
  }

  // MARK: - Halts and delistings

  @Test func `a halted asset rests and catches up, a delisted one pays what is recovered`() throws {
    let history = try MarketExample.history()
    let stops = Interruptions(
      halts: [.init(asset: "A", from: history.dates[30], through: history.dates[33])],
      delistings: [.init(asset: "C", date: history.dates[50], recovery: 0.4)])
    for paysDividends in [false, true] {
      var walk = Walk<Double>(
        try market(history, paysDividends: paysDividends, interruptions: stops))
      let prices = paysDividends ? try #require(history.closes) : history.levels
      for day in 10..<99 {
        #expect(walk.availability[0] == ((30...33).contains(day) ? 1 : 0))
        #expect(walk.availability[1] == 0)
        #expect(walk.availability[2] == (day >= 50 ? 2 : 0))
        walk.step()
        let next = day + 1
        func price(_ day: Int, _ asset: Int) -> Double { prices[day * 3 + asset] }
        #expect(walk.growth[1] == price(next, 1) / price(day, 1))
        switch next {
        case 30...33: #expect(walk.growth[0] == 1)
        case 34: #expect(walk.growth[0] == price(34, 0) / price(29, 0))
        default: #expect(walk.growth[0] == price(next, 0) / price(day, 0))
        }
        switch next {
        case ..<50: #expect(walk.growth[2] == price(next, 2) / price(day, 2))
        case 50: #expect(abs(walk.growth[2] - 0.4) < 1e-15)
        default: #expect(walk.growth[2] == 1)
        }
        if paysDividends, next >= 50 { #expect(walk.income[2] == 0) }
      }
    }
  }

  @Test(
    arguments: [
      (
        Interruptions.Halt(asset: "X", from: day(40), through: day(41)), nil,
        "there is no asset “X”, valid are A, B, C"
      ),
      (
        Interruptions.Halt(asset: "A", from: day(41), through: day(40)), nil,
        "A is halted from \(day(41)) to \(day(40)), which is before"
      ),
      (
        Interruptions.Halt(asset: "A", from: day(0), through: day(40)), nil,
        "A stops on \(day(0)), after \(day(0)) and up to \(day(99)) is valid"
      ),
      (
        nil, Interruptions.Delisting(asset: "B", date: day(40), recovery: 0),
        "B: a recovery of 0.0 is given, above 0 is valid"
      ),
      (
        nil, Interruptions.Delisting(asset: "B", date: day(200), recovery: 1),
        "B stops on \(day(200)), after \(day(0)) and up to \(day(99)) is valid"
      ),
    ] as [(Interruptions.Halt?, Interruptions.Delisting?, String)])
  func `interruptions that do not fit are named`(
    _ halt: Interruptions.Halt?, _ delisting: Interruptions.Delisting?, _ message: String
  ) throws {
    let stops = Interruptions(
      halts: halt.map { [$0] } ?? [], delistings: delisting.map { [$0] } ?? [])
    #expect(stops.defect(for: try MarketExample.history()) == message)
  }

  // MARK: - Volatility index

  @Test func `the volatility index of a day is the last value not after it`() throws {
    let series = PriceHistory(
      assets: ["VIX"], dates: [day(0), day(3), day(4), day(20)], levels: [10, 11, 12, 13])
    let days = [0, 1, 2, 3, 4, 5, 14, 20, 30].map { day($0) }
    #expect(
      try series.values(of: "VIX", asOf: days) == [10, 10, 10, 11, 12, 12, 12, 13, 13])
    for (days, missing) in [([-1, 3], -1), ([3, 15], 15), ([31], 31)] {
      let error = #expect(throws: MarketDataError.self) {
        try series.values(of: "VIX", asOf: days.map { day($0) })
      }
      #expect("\(try #require(error))" == "'VIX' has no value within 10 days up to \(day(missing))")
    }
    #expect(throws: MarketDataError.self) { try series.values(of: "VXN", asOf: days) }
  }

  @Test(arguments: [MarketExample.dividends, .bootstrap])
  func `an index that came with the data is that of the day`(_ example: MarketExample) throws {
    var walk = Walk<SIMD8<Double>>(try example.market())
    for _ in 0..<40 {
      for lane in 0..<8 { #expect(walk.volatilityIndex[lane] == walk.state[0][lane] + 0.5) }
      walk.step()
    }
  }
}

private func day(_ number: Int) -> CalendarDate { CalendarDate(daysSinceEpoch: 19_000 + number) }
