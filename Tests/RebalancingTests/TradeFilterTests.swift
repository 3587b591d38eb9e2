import Algebra
import Rebalancing
import Testing

/// Trades after the filters, and the part of them that the cap on ADV forbids.
private func filtered<L: Lanes>(
  _ costs: TradingCosts, _ trades: [L], weights: [L], value: L, volumes: [L] = []
) -> (trades: [L], capped: L) {
  let values = [value]
  var trades = trades
  var capped = [L(repeating: -1)]
  var span = trades.mutableSpan
  var report = capped.mutableSpan
  TradingCosts.Prepared<L>(costs, hasMarketVolumes: !volumes.isEmpty).filter(
    &span, weights: weights.span, values: values.span, volumes: volumes.span, capped: &report)
  return (trades, capped[0])
}

/// The same, asset by asset and number by number.
private func filteredSlowly(
  _ costs: TradingCosts, _ wanted: [Double], weights: [Double], value: Double
) -> (trades: [Double], capped: Double) {
  var trades = wanted
  var forbidden = 0.0
  var total = 0.0
  for (i, asset) in costs.assets.enumerated() where i != costs.cash {
    if asset.isFrozen {
      trades[i] = 0
      continue
    }
    total += abs(trades[i])
    if let adv = asset.adv, abs(trades[i]) * value > asset.participationCap * adv {
      let allowed = asset.participationCap * adv / value
      forbidden += abs(trades[i]) - allowed
      trades[i] = trades[i] < 0 ? -allowed : allowed
    }
    let isSmall =
      abs(trades[i]) < asset.minimumTrade || abs(trades[i]) * value < asset.minimumTradeValue
    if isSmall { trades[i] = 0 }
  }
  let capped = total > 0 ? forbidden / total : 0
  let others = trades.indices.filter { $0 != costs.cash }
  guard others.contains(where: { trades[$0] != wanted[$0] }) else { return (wanted, capped) }
  let bought = others.reduce(0) { $0 + max(trades[$1], 0) }
  let sold = others.reduce(0) { $0 + max(-trades[$1], 0) }
  guard let cash = costs.cash else {
    for i in others where trades[i] > 0 && bought > sold { trades[i] *= sold / bought }
    for i in others where trades[i] < 0 && sold > bought { trades[i] *= bought / sold }
    return (trades, capped)
  }
  let funds = max(sold + weights[cash], 0)
  for i in others where trades[i] > 0 && bought > funds { trades[i] *= funds / bought }
  trades[cash] = -others.reduce(0) { $0 + trades[$1] }
  return (trades, capped)
}

/// A set of filters over five assets.
private struct Filters: Sendable, CustomTestStringConvertible {
  let name: String
  let costs: TradingCosts
  var testDescription: String { name }

  init(_ name: String, cash: Int?, _ assets: AssetCosts...) {
    self.name = name
    let kinds = (0..<5).map { $0 == cash ? AssetCosts() : assets[$0 % assets.count] }
    costs = TradingCosts(assets: kinds, cash: cash)
  }
}

private let filters = [nil, 1].flatMap { cash in
  let suffix = cash == nil ? "without cash" : "with cash"
  return [
    Filters("cap \(suffix)", cash: cash, AssetCosts(adv: 1e6), AssetCosts(adv: 4e6)),
    Filters("minimum \(suffix)", cash: cash, AssetCosts(minimumTrade: 0.1)),
    Filters("minimum in currency \(suffix)", cash: cash, AssetCosts(minimumTradeValue: 5e4)),
    Filters("frozen \(suffix)", cash: cash, AssetCosts(isFrozen: true), AssetCosts(), AssetCosts()),
    Filters(
      "all \(suffix)", cash: cash,
      AssetCosts(adv: 3e6, participationCap: 0.02, minimumTrade: 0.03, minimumTradeValue: 2e4),
      AssetCosts(minimumTrade: 0.05), AssetCosts(adv: 1e6, isFrozen: true)),
  ]
}

/// Weights and a full trade to random targets.
private func portfolio(_ number: Int) -> (weights: [Double], trades: [Double], value: Double) {
  let draws = (0..<10).map { chance($0, number) }
  let weights = draws[..<5].map { $0 / draws[..<5].reduce(0, +) }
  let targets = draws[5...].map { $0 / draws[5...].reduce(0, +) }
  return (weights, zip(targets, weights).map { $0 - $1 }, 1e5 + 1e6 * chance(11, number))
}

@Suite struct TradeFilterTests {
  @Test(arguments: filters)
  private func `filters do what is written asset by asset`(_ filters: Filters) {
    var touched = 0
    for number in 0..<300 {
      let (weights, trades, value) = portfolio(number)
      let fast = filtered(filters.costs, trades, weights: weights, value: value)
      let slow = filteredSlowly(filters.costs, trades, weights: weights, value: value)
      for i in 0..<5 { #expect(abs(fast.trades[i] - slow.trades[i]) < 1e-15, "\(number), \(i)") }
      #expect(abs(fast.capped - slow.capped) < 1e-15)
      #expect(abs(fast.trades.reduce(0, +)) <= 1e-15)
      if fast.trades != trades { touched += 1 }
    }
    #expect(touched > 30)
  }

  @Test(arguments: filters)
  private func `lanes filter as one portfolio does, bit for bit`(_ filters: Filters) {
    check(SIMD16<Float>.self, against: Float.self, filters.costs)
    check(SIMD8<Double>.self, against: Double.self, filters.costs)
  }

  private func check<L: Lanes, One: Lanes>(
    _ wide: L.Type, against: One.Type, _ costs: TradingCosts
  ) where L.Scalar == One.Scalar, One == One.Scalar {
    var (weights, trades) = ([L](), [L]())
    var value = L(repeating: 0)
    for i in 0..<5 {
      weights.append(L(repeating: 0))
      trades.append(L(repeating: 0))
      for lane in 0..<L.laneCount {
        let portfolio = portfolio(lane)
        weights[i][lane: lane] = L.Scalar(portfolio.weights[i])
        // Small trades in every other lane, so that lanes differ in whether a filter binds.
        trades[i][lane: lane] = L.Scalar(portfolio.trades[i] * (lane % 2 == 0 ? 1 : 0.25))
        value[lane: lane] = L.Scalar(portfolio.value)
      }
    }
    let wide = filtered(costs, trades, weights: weights, value: value)
    for lane in 0..<L.laneCount {
      let one: (trades: [One], capped: One) = filtered(
        costs, trades.map { $0[lane: lane] }, weights: weights.map { $0[lane: lane] },
        value: value[lane: lane])
      #expect(one.trades == wide.trades.map { $0[lane: lane] }, "lane \(lane)")
      #expect(one.capped == wide.capped[lane: lane])
    }
  }

  @Test func `the cap cuts the excess and says how much`() {
    let costs = TradingCosts(
      assets: [AssetCosts(adv: 1e6), AssetCosts(adv: 1e9), AssetCosts()], cash: 2)
    let (trades, capped) = filtered(
      costs, [-0.2, 0.2, 0.0], weights: [0.5, 0.3, 0.2], value: 1e6)
    // 5 % of a million a day are 0.05 of the value; cash pays for the rest of the purchase.
    #expect(trades == [-0.05, 0.2, 0 - (-0.05 + 0.2)])
    #expect(abs(capped - 0.15 / 0.4) < 1e-15)
    let within = filtered(costs, [-0.05, 0.05, 0.0], weights: [0.5, 0.3, 0.2], value: 1e6)
    #expect(within.trades == [-0.05, 0.05, 0] && within.capped == 0)
  }

  @Test func `volumes of the market go before the constants`() {
    let costs = TradingCosts(assets: [AssetCosts(adv: 1e6), AssetCosts()], cash: 1)
    let (trades, capped) = filtered(
      costs, [0.2, -0.2], weights: [0.5, 0.5], value: 1e6, volumes: [2e6, .infinity])
    #expect(trades == [0.1, -0.1] && capped == 0.5)
  }

  @Test func `a trade at its minimum is done, one below is dropped`() {
    let share = TradingCosts(assets: [AssetCosts(minimumTrade: 0.05), AssetCosts()], cash: 1)
    func done(_ costs: TradingCosts, _ trade: Double, value: Double = 1000) -> Double {
      filtered(costs, [trade, -trade], weights: [0.5, 0.5], value: value).trades[0]
    }
    #expect(done(share, 0.05) == 0.05 && done(share, -0.05) == -0.05)
    #expect(done(share, 0.05.nextDown) == 0 && done(share, -(0.05.nextDown)) == 0)
    #expect(done(share, 0.05.nextUp) == 0.05.nextUp)
    let currency = TradingCosts(
      assets: [AssetCosts(minimumTradeValue: 64), AssetCosts()], cash: 1)
    #expect(done(currency, 0.0625, value: 1024) == 0.0625)
    #expect(done(currency, 0.0625.nextDown, value: 1024) == 0)
    #expect(done(currency, -0.0625, value: 1024) == -0.0625)
    #expect(done(currency, -0.0625, value: 1023) == 0)
  }

  @Test func `a frozen asset is not traded and the larger side gives way`() {
    let free = AssetCosts()
    let costs = TradingCosts(assets: [AssetCosts(isFrozen: true), free, free, free])
    // Sells of 0.1 pay for a quarter of the buys of 0.4.
    let (trades, capped) = filtered(
      costs, [-0.3, -0.1, 0.3, 0.1], weights: [0.4, 0.2, 0.2, 0.2], value: 1)
    #expect(trades[0] == 0 && trades[1] == -0.1 && capped == 0)
    #expect(abs(trades[2] - 0.075) < 1e-16 && abs(trades[3] - 0.025) < 1e-16)
    let selling = filtered(
      costs, [0.3, -0.1, -0.3, 0.1], weights: [0.1, 0.2, 0.5, 0.2], value: 1
    ).trades
    #expect(selling[0] == 0 && selling[3] == 0.1)
    #expect(abs(selling[1] + 0.025) < 1e-16 && abs(selling[2] + 0.075) < 1e-16)
    let alone = filtered(costs, [-0.3, 0, 0.3, 0], weights: [0.4, 0.2, 0.2, 0.2], value: 1)
    #expect(alone.trades.allSatisfy { $0 == 0 })
  }

  @Test func `purchases do not overdraw cash`() {
    let costs = TradingCosts(
      assets: [AssetCosts(isFrozen: true), AssetCosts(), AssetCosts()], cash: 2)
    let (trades, _) = filtered(costs, [-0.4, 0.4, 0], weights: [0.7, 0.2, 0.1], value: 1)
    #expect(trades[0] == 0 && abs(trades[1] - 0.1) < 1e-16 && trades[2] == -trades[1])
    // What is sold and not bought stays in cash.
    let sale = filtered(costs, [0.4, -0.1, -0.3], weights: [0.3, 0.3, 0.4], value: 1).trades
    #expect(sale == [0, -0.1, 0.1])
  }

  @Test func `untouched trades keep their bits, balanced or not`() {
    let costs = TradingCosts(
      assets: [AssetCosts(minimumTrade: 0.01), AssetCosts(adv: 1e9), AssetCosts()], cash: 2)
    let trades = [0.1, 0.2, -0.3.nextUp]
    let result = filtered(costs, trades, weights: [0.2, 0.2, 0.1], value: 100)
    #expect(result.trades == trades && result.capped == 0)
  }

  @Test func `without filters nothing runs`() {
    let costs = TradingCosts(assets: [AssetCosts(halfSpread: 0.001, ticket: 5), AssetCosts()])
    #expect(!TradingCosts.Prepared<Double>(costs).hasFilters)
    let result = filtered(costs, [0.1, 0.2], weights: [0.5, 0.5], value: 100)
    #expect(result.trades == [0.1, 0.2] && result.capped == -1)
  }

  @Test func `without volume nothing is traded`() {
    let costs = TradingCosts(assets: [AssetCosts(), AssetCosts(), AssetCosts()])
    for value in [1e6, 0] {
      let (trades, capped) = filtered(
        costs, [0.2, -0.1, -0.1], weights: [0.4, 0.3, 0.3], value: value,
        volumes: [0, 1e9, 1e9])
      #expect(trades.allSatisfy { value == 0 ? $0.isFinite : $0 == 0 })
      #expect(value == 0 ? capped == 0 : abs(capped - 0.5) < 1e-15)
    }
  }
}
