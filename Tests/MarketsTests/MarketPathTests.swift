import Algebra
import Foundation
import Markets
import Testing

/// A market of every kind, with three assets or two.
enum MarketExample: String, CaseIterable, Sendable {
  case logRatio, lognormal, normal, regimes, garch, studentGARCH, bootstrap, historical
  case yielding, dividends, interrupted

  static let correlation = [[1, 0.5, -0.2], [0.5, 1, 0.1], [-0.2, 0.1, 1]]
  static let covariance = ExponentialCovariance(halfLife: 8, warmup: 10, stepsPerYear: 252)

  /// - Parameter future: changes the data after day 60.
  func market(future: UInt64 = 1) throws -> Market<Double> {
    let (drift, sigma) = ([3e-4, 1e-4, 0], [0.01, 0.02, 0.005])
    let history = try Self.history(future: future)
    switch self {
    case .logRatio:
      return .logRatio(LogRatioMarket(volatility: 0.2, drift: 0.1, stepsPerYear: 12))
    case .lognormal:
      return .lognormal(
        try LognormalMarket(
          driftPerStep: drift, volatilityPerStep: sigma, correlation: Self.correlation,
          stepsPerYear: 252))
    case .normal:
      return .normal(
        try NormalMarket(
          meanPerStep: drift, volatilityPerStep: sigma, correlation: Self.correlation,
          stepsPerYear: 252))
    case .regimes:
      let regimes = [1.0, 2, 4].map { scale in
        RegimeMarket<Double>.Regime(
          name: "\(scale)", mean: drift, volatility: sigma.map { $0 * scale },
          correlation: Self.correlation)
      }
      return .regimes(
        try RegimeMarket(
          regimes, transition: [[0.9, 0.08, 0.02], [0.1, 0.85, 0.05], [0.1, 0.1, 0.8]],
          returnKind: .simple, stepsPerYear: 252))
    case .garch, .studentGARCH:
      return .garch(
        try GARCHMarket(
          sigma.map {
            .init(mean: 1e-4, omega: 0.05 * $0 * $0, alpha: 0.05, gamma: 0.1, beta: 0.85)
          }, correlation: Self.correlation, degreesOfFreedom: self == .garch ? nil : 10,
          stepsPerYear: 252))
    case .bootstrap:
      return .bootstrap(
        BootstrapMarket(
          ReturnTable(history, covariance: Self.covariance, index: Self.index(history)),
          blockLength: 4, covariance: Self.covariance))
    case .yielding:
      return .yielding(
        YieldMarket(
          try MarketExample.regimes.market(), yieldPerYear: [0.02, 0, 0.05], stepsPerYear: 12))
    case .historical:
      return try Self.replay(history, ReturnTable(history, covariance: Self.covariance))
    case .dividends:
      return try Self.replay(
        history,
        ReturnTable(
          history, covariance: Self.covariance, paysDividends: true, index: Self.index(history)))
    case .interrupted:
      let stops = Interruptions(
        halts: [.init(asset: "A", from: history.dates[30], through: history.dates[33])],
        delistings: [.init(asset: "C", date: history.dates[50], recovery: 0.4)])
      return try Self.replay(
        history, ReturnTable(history, covariance: Self.covariance, interruptions: stops))
    }
  }

  private static func replay(
    _ history: PriceHistory, _ table: ReturnTable<Double>
  ) throws -> Market<Double> {
    .historical(
      try HistoricalMarket(
        history: history, table: table, warmup: 10, horizon: 40, start: .random))
  }

  /// A made-up volatility index; the day's number is in it.
  static func index(_ history: PriceHistory) -> [Double] {
    history.dates.map { Double($0.daysSinceEpoch - 19_000) + 0.5 }
  }

  /// A hundred days of three assets with dividends; days after 60 depend on `future`.
  static func history(future: UInt64 = 1) throws -> PriceHistory {
    let folder = try TemporaryFolder()
    for (asset, name) in ["A", "B", "C"].enumerated() {
      var text = "Date,Close,AdjClose,Dividends\n"
      var (close, adjusted) = (100.0, 50.0)
      for day in 0..<100 {
        let source = RandomSource(seed: day <= 60 ? 1 : future)
        let growth =
          0.98 + 0.04
          * source.uniform(
            .market, copy: UInt32(asset), step: UInt32(day))
        let dividend = day % 20 == 5 * asset && day > 0 ? 0.7 : 0
        adjusted *= day == 0 ? 1 : growth + dividend / close
        close *= day == 0 ? 1 : growth
        text += "\(CalendarDate(daysSinceEpoch: 19_000 + day)),\(close),\(adjusted),\(dividend)\n"
      }
      try folder.write(text, to: "\(name).csv")
    }
    return try PriceHistory(assetFolder: folder.path)
  }
}

@Suite struct MarketPathTests {
  /// All numbers of a walk, with the bits that they have in one lane.
  private func expectSameBits<Wide: Lanes, One: Lanes>(
    _ market: Market<One.Scalar>, _ wide: Wide.Type, _ one: One.Type
  ) where Wide.Scalar == One.Scalar, One.Scalar == One {
    var walk = Walk<Wide>(market, seed: 6, firstCopy: 3, episode: 2)
    var walks = (0..<Wide.laneCount).map {
      Walk<One>(market, seed: 6, firstCopy: 3 + UInt32($0), episode: 2)
    }
    for step in 0..<35 {
      for lane in 0..<Wide.laneCount {
        let numbers = walk.everything + walk.growth + walk.logReturns + walk.income
        let scalars =
          walks[lane].everything + walks[lane].growth + walks[lane].logReturns
          + walks[lane].income
        for (a, b) in zip(numbers, scalars) {
          // `==` of numbers that are no zeros and no NaN is that of bits.
          #expect(a[lane: lane] == b[lane: 0], "lane \(lane), step \(step)")
        }
        walks[lane].step()
      }
      walk.step()
    }
  }

  @Test(arguments: MarketExample.allCases)
  func `a path has the same bits in one lane, in eight and in sixteen`(
    _ example: MarketExample
  ) throws {
    let market = try example.market()
    expectSameBits(market, SIMD8<Double>.self, Double.self)
    expectSameBits(Market<Float>(market), SIMD16<Float>.self, Float.self)
  }

  @Test(arguments: MarketExample.allCases)
  func `single precision walks the same path`(_ example: MarketExample) throws {
    let market = try example.market()
    var double = Walk<SIMD8<Double>>(market)
    var float = Walk<SIMD16<Float>>(Market(market))
    for _ in 0..<35 {
      for lane in 0..<8 {
        for (a, b) in zip(double.everything, float.everything) {
          #expect(abs(a[lane] - Double(b[lane])) <= 3e-3 * max(abs(a[lane]), 0.01))
        }
      }
      double.step()
      float.step()
      for lane in 0..<8 {
        for (a, b) in zip(double.growth, float.growth) {
          #expect(abs(a[lane] - Double(b[lane])) < 2e-6)
        }
      }
    }
  }

  @Test(arguments: MarketExample.allCases)
  func `beginning again in some lanes leaves the others`(_ example: MarketExample) throws {
    let market = try example.market()
    var walk = Walk<SIMD8<Double>>(market)
    for _ in 0..<10 { walk.step() }
    var mask = SIMD8<Double>.Mask(repeating: false)
    mask[3] = true
    var state = walk.state
    var span = state.mutableSpan
    var path = walk.path
    path.episode[3] = 1
    path.step[3] = 0
    market.begin(path, where: mask, state: &span)
    let fresh = Walk<SIMD8<Double>>(market, episode: 1)
    for (i, value) in state.enumerated() {
      for lane in 0..<8 {
        #expect(value[lane] == (lane == 3 ? fresh.state[i][3] : walk.state[i][lane]))
      }
    }
  }

  @Test(arguments: MarketExample.allCases)
  func `groups of a block are walked as if alone`(_ example: MarketExample) throws {
    let market = try example.market()
    var alone = [Walk<SIMD8<Double>>(market), Walk<SIMD8<Double>>(market, firstCopy: 40)]
    var state = alone[0].state + alone[1].state
    var growth = alone[0].growth + alone[1].growth
    var logReturns = growth
    var income = alone[0].income + alone[1].income
    for _ in 0..<20 {
      let paths = alone.map(\.path)
      var states = state.mutableSpan
      var growths = growth.mutableSpan
      var logs = logReturns.mutableSpan
      var incomes = income.mutableSpan
      market.move(
        paths.span, state: &states, growth: &growths, logReturns: &logs, income: &incomes)
      alone[0].step()
      alone[1].step()
      #expect(state == alone[0].state + alone[1].state)
      #expect(growth == alone[0].growth + alone[1].growth)
      #expect(logReturns == alone[0].logReturns + alone[1].logReturns)
      #expect(income == alone[0].income + alone[1].income)
    }
  }

  // MARK: - No look-ahead

  @Test(arguments: [MarketExample.historical, .dividends, .interrupted])
  func `what is known on a day is the same whatever comes after it`(
    _ example: MarketExample
  ) throws {
    var walks = try [1, 2].map { Walk<SIMD8<Double>>(try example.market(future: $0)) }
    var (same, other) = (0, 0)
    for _ in 0..<40 {
      for lane in 0..<8 {
        let (a, b) = (walks[0].everything.map { $0[lane] }, walks[1].everything.map { $0[lane] })
        #expect((a == b) == (walks[0].state[0][lane] <= 60))
        if a == b { same += 1 } else { other += 1 }
      }
      for index in 0..<2 { walks[index].step() }
    }
    #expect(same > 100 && other > 20)
  }

  @Test func `a bootstrap knows only days that it has seen`() throws {
    var walks = try [1, 2].map {
      Walk<SIMD8<Double>>(try MarketExample.bootstrap.market(future: $0))
    }
    var blind = [Bool](repeating: true, count: 8)
    var compared = 0
    for _ in 0..<12 {
      for lane in 0..<8 {
        if walks[0].state[0][lane] > 60 { blind[lane] = false }
        guard blind[lane] else { continue }
        compared += 1
        #expect(walks[0].everything.map { $0[lane] } == walks[1].everything.map { $0[lane] })
      }
      for index in 0..<2 { walks[index].step() }
    }
    #expect(compared > 10)
  }

  @Test(arguments: [MarketExample.regimes, .garch, .studentGARCH, .bootstrap, .yielding])
  func `what is known at a step depends on no later draw`(_ example: MarketExample) throws {
    // From step 10 on the draws are those of another seed.
    let market = try example.market()
    var walks = [Walk<SIMD8<Double>>(market), Walk<SIMD8<Double>>(market)]
    for step in 0..<20 {
      let isSame = walks[0].everything == walks[1].everything
      #expect(isSame == (step <= 10), "step \(step)")
      if step == 10 { walks[1].path.source = RandomSource(seed: 99) }
      for index in 0..<2 { walks[index].step() }
    }
  }

  @Test func `indicators of regimes depend on returns alone, never on the regime`() throws {
    let market = try MarketExample.regimes.market()
    var walk = Walk<SIMD8<Double>>(market)
    for _ in 0..<30 {
      var state = walk.state
      // Another regime in force, the same returns so far.
      state[0] = (SIMD8<Double>(repeating: 2) - state[0])
      for asset in 0..<3 {
        let known = market.volatility(of: asset, walk.path, state: walk.state.span)
        #expect(known == market.volatility(of: asset, walk.path, state: state.span))
      }
      let index = market.volatilityIndex(walk.path, state: state.span, reference: 1)
      #expect(index == walk.volatility[1] * 100)
      var probabilities = walk.regimeProbabilities
      var span = probabilities.mutableSpan
      market.regimeProbabilities(state: state.span, into: &span)
      #expect(probabilities == walk.regimeProbabilities)
      walk.step()
    }
  }
}
