import Algebra
import Foundation
import Markets
import Testing

@Suite struct BootstrapMarketTests {
  static let covariance = ExponentialCovariance(halfLife: 10, warmup: 20, stepsPerYear: 252)

  /// Days of two assets; the log return of the first is the number of the day, over 10⁴.
  static func history(days: Int = 60) -> PriceHistory {
    var levels = [1.0, 1.0]
    for day in 1..<days {
      levels.append(levels[2 * day - 2] * Foundation.exp(Double(day) * 1e-4))
      levels.append(levels[2 * day - 1] * Foundation.exp(Double(day * day % 13 - 6) * 1e-3))
    }
    return PriceHistory(
      assets: ["A", "B"],
      dates: (0..<days).map { CalendarDate(daysSinceEpoch: 19_000 + $0) }, levels: levels)
  }

  private func market(
    _ history: PriceHistory = history(), blockLength: Double = 5
  ) -> BootstrapMarket<Double> {
    BootstrapMarket(
      ReturnTable(history, covariance: Self.covariance), blockLength: blockLength,
      covariance: Self.covariance)
  }

  /// The day of the data that each log return of the first asset stands for.
  private func days(_ sample: Sample) -> [[Int]] {
    sample.log.map { $0.map { Int(($0[0] * 1e4).rounded()) } }
  }

  @Test(arguments: [1.0, 1.7, 5, 40])
  func `blocks have their expected length, and all days equal chances`(_ length: Double) throws {
    let sample = Sample(.bootstrap(market(blockLength: length)), paths: 800, steps: 250)
    let paths = days(sample)
    let pairs = paths.flatMap { Array(zip($0, $0.dropFirst())) }
    // A new block may begin with the very day that would have followed.
    let followed = Double(pairs.count { $0.1 == $0.0 % 59 + 1 }) / Double(pairs.count)
    let expected = 1 - 1 / length + 1 / length / 59
    let error = (expected * (1 - expected) / Double(pairs.count)).squareRoot()
    #expect(abs(followed - expected) < 4 * error)
    for step in [0, 1, 249] {
      let counts = (1...59).map { day in Double(paths.count { $0[step] == day }) }
      let even = 800.0 / 59
      let chiSquare = counts.reduce(0) { $0 + ($1 - even) * ($1 - even) / even }
      // 58 degrees of freedom: mean 58, deviation 10.8.
      #expect(abs(chiSquare - 58) < 4 * 10.8)
    }
  }

  @Test func `assets move together, as on their day`() {
    let history = Self.history()
    let sample = Sample(.bootstrap(market()), paths: 80, steps: 50)
    for (path, days) in zip(sample.simple, days(sample)) {
      for (row, day) in zip(path, days) {
        #expect(abs(row[1] + 1 - history.growth(1, on: day)) < 1e-15)
      }
    }
  }

  @Test func `resampled returns keep mean, correlation and clustering of the data`() throws {
    let history = try shippedStockBond()
    let length = 100.0
    let sample = Sample(
      .bootstrap(market(history, blockLength: length)), paths: 400, steps: 2_000)
    let data = history.dates.indices.dropFirst().map { day in
      (0..<2).map { history.growth($0, on: day) - 1 }
    }
    let (expected, found) = (Moments(data), Moments(sample.simple.flatMap { $0 }))
    for i in 0..<2 {
      // Blocks of dependent days: the error is that of the paths' means.
      let means = RunningStatistics(sample.simple.map { Moments($0).means[i] })
      #expect(abs(found.means[i] - expected.means[i]) < 4 * means.standardError)
      let variances = RunningStatistics(
        sample.simple.map { path in path.reduce(0) { $0 + $1[i] * $1[i] } / 2_000 })
      let square = data.reduce(0) { $0 + $1[i] * $1[i] } / Double(data.count)
      #expect(abs(variances.mean - square) < 4 * variances.standardError)
    }
    #expect(abs(found.correlation(0, 1) - expected.correlation(0, 1)) < 0.02)
    // E[x_t² x_{t+k}²] − E[x²]² is that of the circular data times (1 − 1/b)^k.
    let squares = data.map { $0[0] * $0[0] }
    for lag in [1, 20, 100] {
      let wanted =
        circularAutocovariance(squares, lag) * pow(1 - 1 / length, Double(lag))
      let mean = squares.reduce(0, +) / Double(squares.count)
      let values = RunningStatistics(
        sample.simple.map { path in
          (lag..<path.count).reduce(0) {
            $0 + (path[$1][0] * path[$1][0] - mean) * (path[$1 - lag][0] * path[$1 - lag][0] - mean)
          } / Double(path.count - lag)
        })
      #expect(abs(values.mean - wanted) < 4 * values.standardError)
      #expect(values.standardError < 0.5 * wanted)
    }
  }

  private func circularAutocovariance(_ series: [Double], _ lag: Int) -> Double {
    let mean = series.reduce(0, +) / Double(series.count)
    return series.indices.reduce(0) {
      $0 + (series[$1] - mean) * (series[($1 + lag) % series.count] - mean)
    } / Double(series.count)
  }

  @Test func `the covariance known is the weighted mean along the path`() {
    let history = Self.history()
    let days = 20..<60
    for copy in 0..<10 as Range<UInt32> {
      var walk = Walk<Double>(.bootstrap(market()), firstCopy: copy)
      let first = Int(walk.state[0])
      #expect(days.contains(first))
      var replay = Walk<Double>(.historical(whole(history)))
      for _ in 20..<first { replay.step() }
      // Before the first move it is the estimate of a day of the data.
      var expected = replay.covariance
      #expect(walk.covariance == expected)
      for _ in 0..<40 {
        walk.step()
        for i in 0..<2 {
          for j in 0..<2 {
            let product = (walk.growth[i] - 1) * (walk.growth[j] - 1) * 252
            expected[2 * i + j] += (1 - Self.covariance.keep) * (product - expected[2 * i + j])
            #expect(abs(walk.covariance[2 * i + j] - expected[2 * i + j]) < 1e-15)
          }
          #expect(abs(walk.volatility[i] - expected[3 * i].squareRoot()) < 1e-14)
        }
      }
    }
  }

  private func whole(_ history: PriceHistory) -> HistoricalMarket<Double> {
    let table = ReturnTable<Double>(history, covariance: Self.covariance)
    guard
      let market = try? HistoricalMarket(
        history: history, table: table, warmup: 20, horizon: nil, start: .fixed)
    else { preconditionFailure("sixty days hold a warm-up of twenty") }
    return market
  }

  // MARK: - Block length

  /// From arch 8.0.0 on the shipped data, stationary bootstrap:
  /// `optimal_block_length(pandas.read_csv(FILE, index_col=0).pct_change().dropna())`, and of its
  /// squares.
  @Test(
    arguments: [
      ("us-stock-bond.csv", 0, 23.97768790176381, 162.28324681774797),
      ("us-stock-bond.csv", 1, 2.219190226336063, 175.42009500173828),
      ("us-stock-bond.csv", 2, 197.28210259842172, 166.04108713467278),
      ("us-factors.csv", 0, 24.573182970008013, 53.553342990835425),
      ("us-factors.csv", 1, 9.880304190432515, 60.84187374978078),
      ("us-factors.csv", 2, 38.97815632917489, 59.32396726466669),
      ("us-factors.csv", 3, 71.99503319911516, 59.28494882924766),
      ("us-factors.csv", 4, 9.362295915563877, 65.40214751486143),
    ] as [(String, Int, Double, Double)])
  func `the automatic block length is that of the arch package`(
    _ file: String, _ asset: Int, _ ofReturns: Double, _ ofSquares: Double
  ) throws {
    let history = try PriceHistory(wideCSV: shippedData + "/" + file)
    let returns = history.dates.indices.dropFirst().map { history.growth(asset, on: $0) - 1 }
    #expect(abs(optimalBlockLength(returns) / ofReturns - 1) < 1e-9)
    #expect(abs(optimalBlockLength(returns.map { $0 * $0 }) / ofSquares - 1) < 1e-9)
  }

  @Test func `the automatic length of a history is the largest of its series`() throws {
    #expect(abs(try shippedStockBond().automaticBlockLength / 175.42009500173828 - 1) < 1e-9)
  }
}
