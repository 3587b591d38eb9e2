import Algebra
import Foundation
import Markets
import Testing

@Suite struct HistoricalMarketTests {
  /// A hundred days of two assets.
  private func levels(days: Int = 100) -> PriceHistory {
    var dates: [CalendarDate] = []
    var levels: [Double] = []
    for day in 0..<days {
      dates.append(CalendarDate(daysSinceEpoch: 19_000 + day + day / 5 * 2))
      levels += [Double(100 + day * day % 17), Double(50 + day * 7 % 11)]
    }
    return PriceHistory(assets: ["A", "B"], dates: dates, levels: levels)
  }

  private func replay(
    start: EpisodeStart, warmup: Int = 10, horizon: Int?
  ) throws -> HistoricalMarket<Double> {
    try HistoricalMarket(
      history: levels(), warmup: warmup, horizon: horizon, start: start, halfLife: 5,
      stepsPerYear: 252)
  }

  @Test(arguments: [EpisodeStart.fixed, .random, .dates([CalendarDate(daysSinceEpoch: 19_050)])])
  func `history is replayed exactly, on its own dates`(_ start: EpisodeStart) throws {
    let market = try replay(start: start, horizon: 40)
    let history = market.history
    let source = RandomSource(seed: 6)
    let clock = StepClock(start: CalendarDate(daysSinceEpoch: 0), stepsPerYear: 252)
    for copy in 0..<20 as Range<UInt32> {
      let first = market.firstDay(source, copy: copy, episode: 3)
      var walk = Walk<Double>(.historical(market), seed: 6, firstCopy: copy, episode: 3)
      for step in 0..<40 {
        let date = Market.historical(market).date(
          source, copy: copy, episode: 3, step: step, clock: clock)
        walk.step()
        let day = first + step
        #expect(walk.growth == (0..<2).map { history[day + 1, $0] / history[day, $0] })
        #expect(walk.logReturns == walk.growth.map { log($0) })
        #expect(date == history.dates[day])
      }
    }
  }

  @Test func `a random start leaves room for the horizon and uses all of it`() throws {
    let market = try replay(start: .random, horizon: 85)
    let days = (0..<300).map {
      market.firstDay(RandomSource(seed: 2), copy: UInt32($0 % 30), episode: UInt32($0 / 30))
    }
    // Days 10 … 14 have 85 of a hundred days after them.
    #expect(Set(days) == [10, 11, 12, 13, 14])
    let fixed = try replay(start: .fixed, horizon: 85)
    #expect(fixed.firstDay(RandomSource(seed: 2), copy: 7, episode: 9) == 10)
  }

  @Test func `given start dates follow each other, each on its first day of trading`() throws {
    // Day 14 is a Friday's like, the two dates after it have no row.
    let dates = [levels().dates[20], levels().dates[14].adding(days: 1), levels().dates[59]]
    let market = try replay(start: .dates(dates), horizon: 40)
    let source = RandomSource(seed: 2)
    #expect((0..<4).map { market.firstDay(source, copy: 0, episode: $0) } == [20, 15, 59, 20])
    #expect((0..<4).map { market.firstDay(source, copy: $0, episode: 0) } == [20, 15, 59, 20])
    // Without a horizon all episodes are as long as the last one can be.
    #expect(try replay(start: .dates(dates), horizon: nil).horizon == 40)
  }

  @Test func `without a horizon an episode is all that the data has`() throws {
    #expect(try replay(start: .fixed, horizon: nil).horizon == 89)
    #expect(
      try replay(start: .random, horizon: 89).firstDay(RandomSource(seed: 1), copy: 4, episode: 4)
        == 10)
  }

  @Test(
    arguments: [
      (
        10, 90,
        "100 days of data do not hold a warm-up of 10 days (at least 2) and an episode of 90 steps: 101 days are needed"
      ),
      (
        99, nil,
        "100 days of data do not hold a warm-up of 99 days (at least 2) and an episode of at least 1 steps: 101 days are needed"
      ),
      (
        1, 5,
        "100 days of data do not hold a warm-up of 1 days (at least 2) and an episode of 5 steps: 8 days are needed"
      ),
    ] as [(Int, Int?, String)])
  func `data that is too short says how long it must be`(
    _ warmup: Int, _ horizon: Int?, _ message: String
  ) {
    let error = #expect(throws: HistoryTooShort.self) {
      try replay(start: .fixed, warmup: warmup, horizon: horizon)
    }
    #expect(error?.description == message)
  }

  @Test(arguments: [8, 62, 99, 200])
  func `a start date without its warm-up or horizon is refused`(_ day: Int) throws {
    let date = CalendarDate(daysSinceEpoch: 19_000 + day + day / 5 * 2)
    let error = #expect(throws: HistoryTooShort.self) {
      try replay(start: .dates([date]), horizon: 40)
    }
    #expect(
      error?.description
        == "an episode of 40 steps from \(date) does not fit into 100 days of data with a warm-up "
        + "of 10 days before it")
  }

  @Test func `the covariance, the volatility and the index are those of the day`() throws {
    let returns = (1..<100).map { day in (0..<2).map { levels().growth($0, on: day) - 1 } }
    var walk = Walk<Double>(.historical(try replay(start: .fixed, horizon: 50)))
    for step in 0..<50 {
      let keep = exp2(-1.0 / 5)
      for i in 0..<2 {
        for j in 0..<2 {
          let products = returns[..<(10 + step)].map { $0[i] * $0[j] * 252 }
          var expected = products[..<10].reduce(0, +) / 10
          for product in products[10...] { expected = keep * expected + (1 - keep) * product }
          #expect(abs(walk.covariance[i * 2 + j] - expected) < 1e-12 * max(1, abs(expected)))
          if i == j { #expect(abs(walk.volatility[i] - expected.squareRoot()) < 1e-12) }
        }
      }
      #expect(walk.volatilityIndex == 100 * walk.volatility[0])
      walk.step()
    }
  }
}
