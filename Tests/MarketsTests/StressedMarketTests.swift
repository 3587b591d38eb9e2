import Algebra
import Markets
import Testing

/// Shocks over a market of two stocks and cash.
@Suite struct StressedMarketTests {
  private static let steps = 10..<18

  private func base() throws -> Market<Double> {
    .lognormal(
      try LognormalMarket(
        driftPerStep: [0.0005, 0.0002, 0.0001], volatilityPerStep: [0.01, 0.02, 0],
        correlation: [[1, -0.5, 0], [-0.5, 1, 0], [0, 0, 1]], stepsPerYear: 252))
  }

  private func shock(
    return total: [Double] = [0, 0, 0], volatility: [Double] = [1, 1, 1], correlation: Double = 0,
    spread: [Double] = [1, 1, 1]
  ) -> MarketShock {
    MarketShock(
      name: "test", beginStep: Self.steps.lowerBound, lengthSteps: Self.steps.count,
      totalReturn: total, volatilityFactor: volatility, correlationTowardOne: correlation,
      halfSpreadFactor: spread)
  }

  private func stressed(_ base: Market<Double>, _ shock: MarketShock) -> Market<Double> {
    .stressed(StressedMarket(base, shocks: [shock], stepsPerYear: 252))
  }

  @Test func `before and after a shock every bit is the market's own`() throws {
    let base = try base()
    let market = stressed(
      base, shock(return: [-0.4, 0.1, 0], volatility: [5, 2, 1], correlation: 0.6))
    var (own, shocked) = (Walk<SIMD8<Double>>(base), Walk<SIMD8<Double>>(market))
    for step in 0..<30 {
      own.step()
      shocked.step()
      #expect((own.growth == shocked.growth) == !Self.steps.contains(step), "step \(step)")
      #expect(own.growth[2] == shocked.growth[2], "cash at step \(step)")
    }
  }

  @Test func `a shock adds its return to the market's, spread evenly over its steps`() throws {
    let base = try base()
    let market = stressed(base, shock(return: [-0.4, 0.1, 0]))
    var (own, shocked) = (Walk<Double>(base), Walk<Double>(market))
    var ratio = [1.0, 1, 1]
    for step in 0..<30 {
      own.step()
      shocked.step()
      for i in 0..<3 { ratio[i] *= shocked.growth[i] / own.growth[i] }
      if step == 13 { #expect(abs(ratio[0] - 0.6.squareRoot()) < 1e-12) }
      #expect(abs(Double.log(shocked.growth[0]) - shocked.logReturns[0]) < 1e-14)
    }
    #expect(abs(ratio[0] - 0.6) < 1e-12 && abs(ratio[1] - 1.1) < 1e-12 && ratio[2] == 1)
  }

  @Test func `volatilities and correlations are those that are asked for, means stay`() throws {
    let market = stressed(
      try base(), shock(volatility: [3, 0.5, 1], correlation: 0.4))
    let sample = Sample(market, paths: 40_000, steps: 12)
    let returns = sample.log.map { $0[11] }
    let columns = (0..<2).map { i in RunningStatistics(returns.map { $0[i] }) }
    // 40,000 returns: a deviation is known to 0.4 %, a correlation to 0.005.
    #expect(abs(columns[0].standardDeviation / 0.03 - 1) < 0.015)
    #expect(abs(columns[1].standardDeviation / 0.01 - 1) < 0.015)
    #expect(abs(columns[0].mean - (0.0005 - 0.00005)) < 4 * columns[0].standardError)
    var product = 0.0
    for row in returns { product += (row[0] - columns[0].mean) * (row[1] - columns[1].mean) }
    let correlation =
      product / Double(returns.count) / columns[0].standardDeviation / columns[1].standardDeviation
    #expect(abs(correlation - (0.6 * -0.5 + 0.4)) < 0.02)
  }

  @Test func `what is known follows a step later, spreads at once`() throws {
    let base = try base()
    let market = stressed(
      base, shock(volatility: [3, 0.5, 1], correlation: 0.4, spread: [4, 2, 1]))
    var (own, shocked) = (Walk<SIMD8<Double>>(base), Walk<SIMD8<Double>>(market))
    for step in 0..<30 {
      let isKnown = (Self.steps.lowerBound + 1...Self.steps.upperBound).contains(step)
      #expect((own.covariance == shocked.covariance) == !isKnown, "step \(step)")
      #expect((own.volatilityIndex == shocked.volatilityIndex) == !isKnown, "step \(step)")
      let spread: SIMD8<Double> = market.spreadFactor(of: 0, shocked.path)
      #expect(spread[3] == (Self.steps.contains(step) ? 4 : 1), "step \(step)")
      if isKnown {
        #expect(abs(shocked.volatility[0][0] / own.volatility[0][0] - 3) < 1e-12)
        // 3 · 0.5 · (0.6 · −0.5 + 0.4) of the product of the deviations.
        let expected = 1.5 * 0.1 * 0.01 * 0.02 * 252
        #expect(abs(shocked.covariance[1][0] - expected) < 1e-12)
        #expect(shocked.covariance[1] == shocked.covariance[3])
        #expect(abs(shocked.covariance[0][0] - 9 * 0.0001 * 252) < 1e-12)
      }
      own.step()
      shocked.step()
    }
    #expect(market.constantCovariance == nil && market.changesSpreads)
    #expect(stressed(base, shock(return: [-0.1, 0, 0])).constantCovariance != nil)
  }

  @Test func `lanes at different steps are single paths`() throws {
    let market = stressed(
      try base(), shock(return: [-0.4, 0.1, 0], volatility: [5, 2, 1], correlation: 0.6))
    var lanes = Walk<SIMD8<Double>>(market)
    for lane in 0..<8 { lanes.path.step[lane: lane] = UInt32(2 * lane) }
    for step in 0..<12 {
      let covariance = lanes.covariance
      let spread: SIMD8<Double> = market.spreadFactor(of: 0, lanes.path)
      lanes.step()
      for lane in 0..<8 {
        var one = Walk<Double>(market, firstCopy: UInt32(lane))
        one.path.step = UInt32(2 * lane + step)
        #expect(one.covariance == covariance.map { $0[lane] })
        let own: Double = market.spreadFactor(of: 0, one.path)
        #expect(own == spread[lane])
        one.step()
        #expect(one.growth == lanes.growth.map { $0[lane] })
      }
    }
  }

  /// Log returns of a shock's steps in which nothing is left of the volatility: the mean log return.
  private func still(_ base: Market<Double>) throws -> [Double] {
    let ones = base.ones
    let shock = MarketShock(
      name: "still", beginStep: 2, lengthSteps: 3, totalReturn: ones.map { _ in 0 },
      volatilityFactor: ones.map { _ in 0 }, correlationTowardOne: 0, halfSpreadFactor: ones)
    var walk = Walk<Double>(.stressed(StressedMarket(base, shocks: [shock], stepsPerYear: 252)))
    var rows: [[Double]] = []
    for _ in 0..<6 {
      walk.step()
      rows.append(walk.logReturns)
    }
    #expect(rows[2] == rows[3] && rows[3] == rows[4] && rows[1] != rows[2] && rows[5] != rows[2])
    return rows[2]
  }

  @Test func `without its volatility a market moves by its mean log return`() throws {
    let (correlation, volatility) = ([[1.0, 0.25], [0.25, 1]], [0.03, 0.02])
    let lognormal = Market<Double>.lognormal(
      try LognormalMarket(
        driftPerStep: [0.001, 0.002], volatilityPerStep: volatility, correlation: correlation,
        stepsPerYear: 252))
    let normal = Market<Double>.normal(
      try NormalMarket(
        meanPerStep: [0.001, 0.002], volatilityPerStep: volatility, correlation: correlation,
        stepsPerYear: 252))
    // Simple returns to the second order: μ − σ²/2.
    for market in [lognormal, normal] {
      for (mean, expected) in zip(try still(market), [0.001 - 0.00045, 0.002 - 0.0002]) {
        #expect(abs(mean - expected) < 1e-15)
      }
    }
    let equation = GARCHMarket<Double>.Equation(
      mean: 0.001, omega: 2e-5, alpha: 0.05, gamma: 0.1, beta: 0.8)
    for (kind, expected) in [(ReturnKind.log, 0.001), (.simple, 0.001 - 1e-4)] {
      // ω / (1 − α − γ/2 − β) is 2e-4.
      let market = Market<Double>.garch(
        try GARCHMarket(
          [equation, equation], correlation: correlation, returnKind: kind, stepsPerYear: 252))
      for mean in try still(market) { #expect(abs(mean - expected) < 1e-15, "\(kind)") }
    }
  }

  @Test func `of regimes the mean is that of how long they last`() throws {
    let calm = 0.0343 / 0.0509
    for kind in [ReturnKind.log, .simple] {
      let means = stockBondRegimes.map { regime in
        zip(regime.mean, regime.volatility).map { $0 - (kind == .log ? 0 : $1 * $1 / 2) }
      }
      for (i, mean) in try still(try stockBondMarket(kind)).enumerated() {
        #expect(abs(mean - (calm * means[0][i] + (1 - calm) * means[1][i])) < 1e-15, "\(kind)")
      }
    }
  }

  @Test func `markets with memory move by the volatility of the day, and keep it`() throws {
    let equation = GARCHMarket<Double>.Equation(
      mean: 0, omega: 2e-6, alpha: 0.05, gamma: 0.1, beta: 0.88)
    let base = Market<Double>.garch(
      try GARCHMarket(
        [equation, equation], correlation: [[1, -0.3], [-0.3, 1]], stepsPerYear: 252))
    let shock = MarketShock(
      name: "test", beginStep: 5, lengthSteps: 20, totalReturn: [0, 0], volatilityFactor: [1, 1],
      correlationTowardOne: 1, halfSpreadFactor: [1, 1])
    let market = Market.stressed(StressedMarket(base, shocks: [shock], stepsPerYear: 252))
    var (own, shocked) = (Walk<Double>(base), Walk<Double>(market))
    for step in 0..<30 {
      // All of the way to one: the two differ by their volatilities alone.
      let ratio = own.volatility[0] / own.volatility[1]
      own.step()
      shocked.step()
      if (5..<25).contains(step) {
        let moves = shocked.logReturns
        #expect(abs(moves[0] / moves[1] / ratio - 1) < 1e-9, "step \(step)")
      }
      // The market below feels nothing.
      #expect(own.state == shocked.state, "step \(step)")
    }
  }
}

extension Market<Double> {
  /// 1 for each asset.
  fileprivate var ones: [Double] { Array(repeating: 1, count: assetCount) }
}
