import Algebra
import Foundation
import Markets
import Testing

@Suite struct MarketModelTests {
  static let volatility = [0.0115, 0.2, 0.004, 0.01, 0.05]
  static let drift = [3e-4, 0.02, 1e-4, -0.001, 0]
  static let correlation = [
    [1, 0.8, -0.1, 0.1, 0.3], [0.8, 1, -0.05, 0.15, 0.2], [-0.1, -0.05, 1, 0.2, 0],
    [0.1, 0.15, 0.2, 1, 0.5], [0.3, 0.2, 0, 0.5, 1],
  ]

  private func lognormal() throws -> LognormalMarket<Double> {
    try LognormalMarket(
      driftPerStep: Self.drift, volatilityPerStep: Self.volatility, correlation: Self.correlation,
      stepsPerYear: 252)
  }

  @Test func `the log ratio has its drift and volatility, and the numeraire rests`() {
    let market = LogRatioMarket<Double>(volatility: 0.1628, drift: 0.0285, stepsPerYear: 12)
    let sample = Sample(.logRatio(market), paths: 2_000, steps: 100)
    let moments = Moments(sample.log.flatMap { $0 })
    let deviation = 0.1628 / 12.0.squareRoot()
    #expect(abs(moments.means[0] - 0.0285 / 12) < moments.fourErrors(deviation))
    let variance = deviation * deviation
    #expect(
      abs(moments.covariances[0][0] - variance) < moments.fourErrors(2.0.squareRoot() * variance))
    #expect(moments.means[1] == 0 && moments.covariances[1][1] == 0)
    #expect(sample.simple.allSatisfy { $0.allSatisfy { $0[1] == 0 } })
    #expect(market.covariancePerYear == [0.1628 * 0.1628, 0, 0, 0])
  }

  @Test func `lognormal returns have their mean, variance and correlation`() throws {
    let sample = Sample(.lognormal(try lognormal()), paths: 2_000, steps: 100)
    let moments = Moments(sample.log.flatMap { $0 })
    let simple = Moments(sample.simple.flatMap { $0 })
    for i in 0..<5 {
      let (mean, deviation) = (Self.drift[i], Self.volatility[i])
      let logMean = mean - 0.5 * deviation * deviation
      #expect(abs(moments.means[i] - logMean) < moments.fourErrors(deviation))
      #expect(abs(simple.means[i] + 1 - exp(mean)) < moments.fourErrors(simple.deviation(i)))
      expectSecondMoments(moments, i)
    }
  }

  @Test func `normal returns have their mean, variance and correlation`() throws {
    let market = try NormalMarket<Double>(
      meanPerStep: Self.drift, volatilityPerStep: Self.volatility, correlation: Self.correlation,
      stepsPerYear: 252)
    let sample = Sample(.normal(market), paths: 2_000, steps: 100)
    let moments = Moments(sample.simple.flatMap { $0 })
    for i in 0..<5 {
      #expect(abs(moments.means[i] - Self.drift[i]) < moments.fourErrors(Self.volatility[i]))
      expectSecondMoments(moments, i)
    }
    let pairs = zip(sample.simple[0], sample.log[0])
    #expect(pairs.allSatisfy { zip($0, $1).allSatisfy { abs(log1p($0) - $1) < 1e-15 } })
    #expect(abs(market.covariancePerYear[1] - 0.0115 * 0.2 * 0.8 * 252) < 1e-15)
  }

  @Test func `no normal return takes all that there is`() throws {
    let market = try NormalMarket<Double>(
      meanPerStep: [0, 0], volatilityPerStep: [2, 2], correlation: [[1, 0], [0, 1]],
      stepsPerYear: 1)
    let sample = Sample(.normal(market), paths: 80, steps: 10)
    let growth = sample.simple.flatMap { $0.flatMap { $0.map { 1 + $0 } } }
    #expect(growth.min() == 0x1p-20)
    #expect(growth.count { $0 == 0x1p-20 } > 400)
    #expect(sample.log.allSatisfy { $0.allSatisfy { $0.allSatisfy { $0 > -13.87 } } })
  }

  private func expectSecondMoments(_ moments: Moments, _ i: Int) {
    let variance = Self.volatility[i] * Self.volatility[i]
    #expect(
      abs(moments.covariances[i][i] - variance) < moments.fourErrors(2.0.squareRoot() * variance))
    for j in 0..<i {
      let rho = Self.correlation[i][j]
      #expect(abs(moments.correlation(i, j) - rho) < moments.fourErrors(1 - rho * rho))
    }
  }

  @Test func `the covariance of a lognormal market is that of its parameters, per year`() throws {
    let market = try lognormal()
    let walk = Walk<Double>(.lognormal(market))
    let covariance = walk.covariance
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
    #expect(walk.market.constantCovariance == market.covariancePerYear)
    for i in 0..<5 {
      #expect(abs(walk.volatility[i] / Self.volatility[i] / 252.0.squareRoot() - 1) < 1e-15)
    }
    #expect(walk.volatilityIndex == 100 * walk.volatility[0])
  }

  @Test func `a correlation that is none is refused`() {
    #expect(throws: LinearAlgebraError.self) {
      try LognormalMarket<Double>(
        driftPerStep: [0, 0], volatilityPerStep: [1, 1], correlation: [[1, 2], [2, 1]],
        stepsPerYear: 1)
    }
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
