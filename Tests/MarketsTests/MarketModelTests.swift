import Algebra
import Foundation
import Markets
import Testing

/// Sums of log returns over many draws.
private struct Moments {
  let count: Double
  let means: [Double]
  /// Shape [assets, assets].
  let covariances: [[Double]]
  let meanGrowth: [Double]
  let growthDeviation: [Double]

  /// Draws from paths of many copies, a hundred steps each.
  init(_ market: Market, draws: Int = 200_000) {
    let n = market.assetCount
    var rows: [[Double]] = []
    var growths: [[Double]] = []
    for index in 0..<draws {
      var growth = [Double](repeating: 0, count: n)
      var logReturns = growth
      market.move(
        path(seed: 17, copy: UInt32(index / 100), step: UInt32(index % 100)), growth: &growth,
        logReturns: &logReturns)
      rows.append(logReturns)
      growths.append(growth)
    }
    let count = Double(draws)
    func mean(_ value: (Int) -> Double) -> Double {
      (0..<draws).reduce(0) { $0 + value($1) } / count
    }
    let means = (0..<n).map { i in mean { rows[$0][i] } }
    let meanGrowth = (0..<n).map { i in mean { growths[$0][i] } }
    self.count = count
    self.means = means
    self.meanGrowth = meanGrowth
    covariances = (0..<n).map { i in
      (0..<n).map { j in mean { (rows[$0][i] - means[i]) * (rows[$0][j] - means[j]) } }
    }
    growthDeviation = (0..<n).map { i in
      mean { (growths[$0][i] - meanGrowth[i]) * (growths[$0][i] - meanGrowth[i]) }.squareRoot()
    }
  }

  /// Four standard errors of the mean of numbers with a deviation.
  func fourErrors(_ deviation: Double) -> Double { 4 * deviation / count.squareRoot() }
}

private func path(seed: UInt64, copy: UInt32, episode: UInt32 = 0, step: UInt32) -> MarketPath<
  Double
> {
  MarketPath(source: RandomSource(seed: seed), copy: copy, episode: episode, step: step)
}

@Suite struct MarketModelTests {
  static let volatility = [0.0115, 0.2, 0.004, 0.01, 0.05]
  static let drift = [3e-4, 0.02, 1e-4, -0.001, 0]
  static let correlation = [
    [1, 0.8, -0.1, 0.1, 0.3], [0.8, 1, -0.05, 0.15, 0.2], [-0.1, -0.05, 1, 0.2, 0],
    [0.1, 0.15, 0.2, 1, 0.5], [0.3, 0.2, 0, 0.5, 1],
  ]

  private func lognormal() throws -> LognormalMarket {
    try LognormalMarket(
      driftPerStep: Self.drift, volatilityPerStep: Self.volatility, correlation: Self.correlation,
      stepsPerYear: 252)
  }

  @Test func `the log ratio has its drift and volatility, and the numeraire rests`() {
    let market = LogRatioMarket(volatility: 0.1628, drift: 0.0285, stepsPerYear: 12)
    let moments = Moments(.logRatio(market))
    let deviation = 0.1628 / 12.0.squareRoot()
    #expect(abs(moments.means[0] - 0.0285 / 12) < moments.fourErrors(deviation))
    let variance = deviation * deviation
    #expect(
      abs(moments.covariances[0][0] - variance) < moments.fourErrors(2.0.squareRoot() * variance))
    #expect(moments.means[1] == 0 && moments.covariances[1][1] == 0)
    #expect(moments.meanGrowth[1] == 1)
    #expect(market.covariancePerYear == [0.1628 * 0.1628, 0, 0, 0])
  }

  @Test func `lognormal returns have their mean, variance and correlation`() throws {
    let moments = Moments(.lognormal(try lognormal()))
    for i in 0..<5 {
      let (mean, deviation) = (Self.drift[i], Self.volatility[i])
      let logMean = mean - 0.5 * deviation * deviation
      #expect(abs(moments.means[i] - logMean) < moments.fourErrors(deviation))
      #expect(
        abs(moments.meanGrowth[i] - exp(mean)) < moments.fourErrors(moments.growthDeviation[i]))
      let variance = deviation * deviation
      #expect(
        abs(moments.covariances[i][i] - variance) < moments.fourErrors(2.0.squareRoot() * variance))
      for j in 0..<i {
        let rho = Self.correlation[i][j]
        let scale = (moments.covariances[i][i] * moments.covariances[j][j]).squareRoot()
        #expect(abs(moments.covariances[i][j] / scale - rho) < moments.fourErrors(1 - rho * rho))
      }
    }
  }

  @Test func `the covariance of a lognormal market is that of its parameters, per year`() throws {
    let market = try lognormal()
    var covariance = [Double](repeating: 0, count: 25)
    Market.lognormal(market).covariance(path(seed: 1, copy: 0, step: 0), into: &covariance)
    for i in 0..<5 {
      for j in 0..<5 {
        let expected = Self.volatility[i] * Self.volatility[j] * Self.correlation[i][j] * 252
        #expect(abs(covariance[i * 5 + j] - expected) < 1e-15)
        // L·Lᵀ is the covariance per step.
        let product = (0..<5).reduce(0) {
          $0 + market.factor[i * 5 + $1] * market.factor[j * 5 + $1]
        }
        #expect(abs(product * 252 - expected) < 1e-12)
      }
    }
    #expect(Market.lognormal(market).hasConstantCovariance)
  }

  @Test func `a correlation that is none is refused`() {
    #expect(throws: LinearAlgebraError.self) {
      try LognormalMarket(
        driftPerStep: [0, 0], volatilityPerStep: [1, 1], correlation: [[1, 2], [2, 1]],
        stepsPerYear: 1)
    }
  }

  @Test(arguments: ["log ratio", "lognormal", "historical"])
  func `a path has the same bits in one lane and in eight`(_ kind: String) throws {
    let markets = [
      "log ratio": Market.logRatio(LogRatioMarket(volatility: 0.2, drift: 0.1, stepsPerYear: 12)),
      "lognormal": .lognormal(try lognormal()),
      "historical": .historical(try replay(start: .random, horizon: 30)),
    ]
    let market = try #require(markets[kind])
    let n = market.assetCount
    for step in [0, 1, 29] as [UInt32] {
      var copies = SIMD8<UInt64>(word: 0)
      for lane in 0..<8 { copies[lane: lane] = UInt32(lane * 3) }
      let wide = MarketPath<SIMD8<Double>>(
        source: RandomSource(seed: 6), copy: copies, episode: .init(word: 2),
        step: .init(word: step))
      var growths = Array(repeating: SIMD8<Double>(repeating: 0), count: n)
      var wideReturns = growths
      market.move(wide, growth: &growths, logReturns: &wideReturns)
      for lane in 0..<8 {
        var growth = [Double](repeating: 0, count: n)
        var logReturns = growth
        market.move(
          path(seed: 6, copy: UInt32(lane * 3), episode: 2, step: step), growth: &growth,
          logReturns: &logReturns)
        #expect(growths.map { $0[lane].bitPattern } == growth.map(\.bitPattern))
        #expect(wideReturns.map { $0[lane].bitPattern } == logReturns.map(\.bitPattern))
      }
    }
  }

  // MARK: - History

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
    start: HistoricalMarket.Start, warmup: Int = 10, horizon: Int?
  ) throws -> HistoricalMarket {
    try HistoricalMarket(
      history: levels(), warmup: warmup, horizon: horizon, start: start, halfLife: 5,
      stepsPerYear: 252)
  }

  @Test(arguments: HistoricalMarket.Start.allCases)
  func `history is replayed exactly, on its own dates`(_ start: HistoricalMarket.Start) throws {
    let market = try replay(start: start, horizon: 40)
    let history = market.history
    let source = RandomSource(seed: 6)
    let clock = StepClock(start: CalendarDate(daysSinceEpoch: 0), stepsPerYear: 252)
    for copy in 0..<20 as Range<UInt32> {
      let first = market.firstDay(source, copy: copy, episode: 3)
      for step in 0..<40 {
        var growth = [0.0, 0.0]
        var logReturns = growth
        Market.historical(market).move(
          path(seed: 6, copy: copy, episode: 3, step: UInt32(step)), growth: &growth,
          logReturns: &logReturns)
        let day = first + step
        #expect(growth == (0..<2).map { history[day + 1, $0] / history[day, $0] })
        #expect(logReturns == growth.map { log($0) })
        let date = Market.historical(market).date(
          source, copy: copy, episode: 3, step: step, clock: clock)
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
}

@Suite struct StepClockTests {
  @Test(arguments: [
    (252.0, 1, 1), (252, 2, 2), (252, 3, 4), (252, 252, 365), (252, 1_008, 1_460), (12, 1, 30),
    (12, 2, 60), (12, 12, 365), (12, 48, 1_460), (52, 1, 7), (52, 52, 365), (1, 400, 146_097),
  ])
  func `step k is 365,2425 k Δt days after the start, rounded down`(
    _ stepsPerYear: Double, _ step: Int, _ days: Int
  ) throws {
    let start = try day("2000-01-15")
    let clock = StepClock(start: start, stepsPerYear: stepsPerYear)
    #expect(clock.date(step: step).days(since: start) == days)
    #expect(clock.date(step: 0) == start)
  }

  @Test func `monthly steps from mid-month fall in successive months for decades`() throws {
    let clock = StepClock(start: try day("2000-01-15"), stepsPerYear: 12)
    let first = clock.date(step: 0).monthIndex
    for step in 0..<600 { #expect(clock.date(step: step).monthIndex == first + step) }
  }

  @Test func `daily steps never stand still`() throws {
    let clock = StepClock(start: try day("2000-01-15"), stepsPerYear: 252)
    for step in 0..<2_520 { #expect(clock.date(step: step) < clock.date(step: step + 1)) }
  }
}
