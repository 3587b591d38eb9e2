import Algebra
import Rebalancing
import Testing

/// The cost of the trades of one portfolio per lane, as a fraction of its value.
func cost<L: Lanes>(
  _ costs: TradingCosts, of trades: [L], value: L, prices: [L] = [], volatilities: [L] = []
) -> L {
  let values = [value]
  var result = [L(repeating: -1)]
  var span = result.mutableSpan
  TradingCosts.Prepared<L>(costs).charge(
    trades.span, values: values.span, prices: prices.span, volatilities: volatilities.span,
    into: &span)
  return result[0]
}

/// The cost of trading one asset in all of a portfolio.
private func cost(
  _ asset: AssetCosts, of trade: Double, value: Double = 1, price: Double = 1,
  volatility: Double = 0
) -> Double {
  cost(
    TradingCosts(assets: [asset]), of: [trade], value: value, prices: [price],
    volatilities: [volatility])
}

/// A number in [0, 1) for a case and a place.
func chance(_ place: Int, _ number: Int) -> Double {
  RandomSource(seed: 5).uniform(.exploration, copy: UInt32(place), step: UInt32(number))
}

/// An example of Almgren et al. 2005: a tenth of the day's volume, traded over T days.
private struct Block: Sendable, CustomTestStringConvertible {
  let name: String
  /// Shares per day and outstanding, in millions.
  let volume: Double
  let outstanding: Double
  let volatility: Double
  let days: Double
  let permanent: Double
  let cost: Double
  var testDescription: String { "\(name) over \(days) days" }
}

private let blocks = [(0.1, 32.22, 42.93), (0.2, 24.64, 32.01), (0.5, 18.42, 23.06)].flatMap {
  [
    Block(
      name: "IBM", volume: 6.561, outstanding: 1728, volatility: 0.0157, days: $0.0,
      permanent: 19.86, cost: $0.1),
    Block(
      name: "DRI", volume: 1.929, outstanding: 168, volatility: 0.0226, days: $0.0,
      permanent: 21.68, cost: $0.2),
  ]
}

/// One of every kind of cost.
struct NamedCosts: Sendable, CustomTestStringConvertible {
  let name: String
  let asset: AssetCosts
  var testDescription: String { name }
}

let kindsOfCosts = [
  NamedCosts(name: "half spread", asset: AssetCosts(halfSpread: 0.001)),
  NamedCosts(
    name: "commission per share", asset: AssetCosts(commission: 1e-4, commissionPerUnit: 0.005)),
  NamedCosts(name: "minimum", asset: AssetCosts(commission: 1e-4, minimumCommission: 5)),
  NamedCosts(name: "ticket", asset: AssetCosts(halfSpread: 2e-4, ticket: 9.5)),
  NamedCosts(
    name: "fees", asset: AssetCosts(fees: VenueFees(maker: -2e-5, taker: 3e-5, makerShare: 0.3))),
  NamedCosts(
    name: "square root",
    asset: AssetCosts(impact: .squareRoot(SquareRootImpact(base: 1e-4)), adv: 2e7)),
  NamedCosts(
    name: "Almgren",
    asset: AssetCosts(
      impact: .almgren(AlmgrenImpact(sharesOutstanding: 3e6, executionDays: 0.5)), adv: 2e7)),
  NamedCosts(
    name: "I-Star", asset: AssetCosts(impact: .iStar(IStarImpact(executionDays: 1)), adv: 2e7)),
]

@Suite struct CostTests {
  @Test(arguments: blocks)
  private func `impact follows Almgren et al. 2005`(_ block: Block) {
    let model = AlmgrenImpact<Double>(
      sharesOutstanding: block.outstanding * 1e6, executionDays: block.days)
    let permanent = model.permanent(
      0.1, block.volatility, daysOutstanding: block.outstanding / block.volume)
    #expect(abs(permanent * 1e4 - block.permanent) < 0.005)
    // At a price of 40 the volume in currency is 40 times as large, and so is a tenth of it.
    let asset = AssetCosts(impact: .almgren(model), adv: block.volume * 40e6)
    let total = cost(
      asset, of: 0.5, value: block.volume * 8e6, price: 40, volatility: block.volatility)
    #expect(abs(total / 0.5 * 1e4 - block.cost) < 0.005)
    let single: Float = cost(
      TradingCosts(assets: [asset]), of: [-0.5], value: Float(block.volume * 8e6), prices: [40],
      volatilities: [Float(block.volatility)])
    #expect(abs(Double(single) - total) < 1e-5 * total)
  }

  @Test func `the square root is the average of the marginal price`() {
    let impact = SquareRootImpact<Double>(base: 3e-4, coefficient: 0.8)
    let (volatility, volume, steps) = (0.02, 1e6, 1000)
    let block = 40_000.0
    // A substitution x = X s² makes the integrand smooth, so that the midpoint rule is exact to 1e-7.
    let integral = (0..<steps).reduce(0.0) { sum, k in
      let s = (Double(k) + 0.5) / Double(steps)
      let participation = block * s * s / volume
      return sum + (3e-4 + 1.5 * 0.8 * volatility * participation.squareRoot()) * 2 * s
    }
    let asset = AssetCosts(impact: .squareRoot(impact), adv: volume)
    let average = cost(asset, of: 1, value: block, volatility: volatility)
    #expect(abs(integral / Double(steps) - average) < 1e-8)
    #expect(abs(average - (3e-4 + 0.8 * 0.02 * 0.2)) < 1e-17)
  }

  @Test(arguments: [(1.0, 24.601251796726057), (0.5, 34.17365655990408)])
  func `I-Star costs what its formula says`(_ days: Double, _ bp: Double) {
    // A tenth of the volume at 25 % volatility per year: I* = 74.571 bp.
    let asset = AssetCosts(impact: .iStar(IStarImpact(executionDays: days)), adv: 1e6)
    let total = cost(asset, of: 1, value: 1e5, volatility: 0.25 / Double(252).squareRoot())
    #expect(abs(total * 1e4 - bp) < 1e-10)
  }

  @Test func `I-Star charges a block larger than the volume its whole instantaneous cost`() {
    let asset = AssetCosts(impact: .iStar(IStarImpact(executionDays: 0.05)), adv: 1e6)
    let total = cost(asset, of: 1, value: 1e5, volatility: 0.25 / Double(252).squareRoot())
    #expect(abs(total * 1e4 - 74.57111964684182) < 1e-10)
  }

  @Test func `a round trip costs the spread, two commissions and two impacts`() {
    let asset = AssetCosts(
      halfSpread: 5e-4, commission: 1e-4,
      impact: .squareRoot(SquareRootImpact(base: 2e-4, coefficient: 0)), adv: 1e9)
    let trip = cost(asset, of: 0.3, value: 1000) + cost(asset, of: -0.3, value: 1000)
    #expect(abs(trip - 0.3 * (2 * 5e-4 + 2 * 1e-4 + 2 * 2e-4)) < 1e-18)
  }

  @Test func `a commission below its minimum costs the minimum`() {
    let asset = AssetCosts(halfSpread: 1e-3, commission: 1e-3, minimumCommission: 10)
    // 10,000 in currency is where the commission reaches the minimum.
    for (traded, commission) in [
      (10_000.0, 10.0), (10_001, 10.001), (9_999, 10), (0.01, 10), (20_000, 20),
    ] {
      let paid = cost(asset, of: -traded / 40_000, value: 40_000) * 40_000
      #expect(abs(paid - traded * 1e-3 - commission) < 1e-11, "\(traded)")
    }
    #expect(cost(asset, of: 0, value: 40_000) == 0)
  }

  @Test func `every trade pays its ticket, whatever its size`() {
    let costs = TradingCosts(assets: Array(repeating: AssetCosts(ticket: 7), count: 3))
    #expect(cost(costs, of: [0, 0, 0], value: 7000) == 0)
    #expect(cost(costs, of: [1e-300, 0, 0], value: 7000) == 0.001)
    #expect(cost(costs, of: [0.5, -0.5, 0], value: 7000) == 0.002)
    #expect(cost(costs, of: [0.5, -0.25, -0.25], value: 7000) == 0.001 + 0.001 + 0.001)
    let both = AssetCosts(commission: 1e-3, minimumCommission: 3, ticket: 7)
    #expect(abs(cost(both, of: 0.1, value: 1000) - 0.01) < 1e-17)
  }

  @Test func `a commission per share is divided by the price`() {
    let asset = AssetCosts(commissionPerUnit: 0.005)
    #expect(abs(cost(asset, of: 0.4, value: 1e6, price: 50) - 0.4 * 1e-4) < 1e-18)
    let floored = AssetCosts(commissionPerUnit: 0.005, minimumCommission: 1)
    // 200 shares are the border.
    #expect(abs(cost(floored, of: 0.01, value: 1e6, price: 50) * 1e6 - 1) < 1e-12)
    #expect(abs(cost(floored, of: 0.005, value: 1e6, price: 50) * 1e6 - 1) < 1e-12)
    #expect(abs(cost(floored, of: 0.02, value: 1e6, price: 50) * 1e6 - 2) < 1e-12)
  }

  @Test func `rebates are paid to the trader`() {
    let fees = VenueFees(maker: -2e-4, taker: 3e-4, makerShare: 0.5)
    #expect(abs(cost(AssetCosts(fees: fees), of: 1) - 0.5e-4) < 1e-19)
    let allMaker = VenueFees(maker: -2e-4, taker: 3e-4, makerShare: 1)
    #expect(abs(cost(AssetCosts(halfSpread: 1e-4, fees: allMaker), of: -1) + 1e-4) < 1e-19)
  }

  @Test func `cash trades free of cost`() {
    let dear = AssetCosts(halfSpread: 0.01, ticket: 5)
    let costs = TradingCosts(assets: [dear, dear], cash: 1)
    #expect(cost(costs, of: [0.5, -0.5], value: 1000) == 0.01)
    #expect(cost(costs, of: [0, -0.5], value: 1000) == 0)
    let cheap = TradingCosts(assets: [AssetCosts(halfSpread: 0.01), dear], cash: 1)
    #expect(cheap.proportionalPerUnit == [0.01, 0])
  }

  @Test(arguments: kindsOfCosts)
  func `no trade costs nothing`(_ kind: NamedCosts) {
    let costs = TradingCosts(assets: [kind.asset, kind.asset])
    #expect(
      cost(costs, of: [0.0, -0.0], value: 1000, prices: [10, 20], volatilities: [0.01, 0.02]) == 0)
    #expect(cost(costs, of: [0.0, 0], value: 0, prices: [0, 0], volatilities: [0, 0]) == 0)
  }

  @Test(arguments: kindsOfCosts)
  func `no volume and no volatility give finite costs`(_ kind: NamedCosts) {
    let prepared = TradingCosts.Prepared<Float>(
      TradingCosts(assets: [kind.asset]), hasMarketVolumes: true)
    let trades: [Float] = [0.5, 0.5, 0.5, 1e-30]
    let values: [Float] = [1e6, 1e6, 1e6, 1e6]
    let prices: [Float] = [10, 10, 10, 10]
    let volatilities: [Float] = [0.01, 0, 0, 0.01]
    let volumes: [Float] = [0, 1e6, 0, 1e6]
    var costs: [Float] = [.nan, .nan, .nan, .nan]
    var span = costs.mutableSpan
    prepared.charge(
      trades.span, values: values.span, prices: prices.span, volatilities: volatilities.span,
      volumes: volumes.span, into: &span)
    #expect(costs.allSatisfy { $0.isFinite })
    // Neither where nothing can be traded nor where prices stand still does a trade move them.
    var still = kind.asset
    if case .squareRoot(let model) = still.impact { still.halfSpread += model.base }
    still.impact = .none
    let plain = TradingCosts(assets: [still])
    #expect(costs[0] <= cost(plain, of: [0.5], value: 1e6, prices: [10]))
    #expect(costs[1] == cost(plain, of: [0.5], value: 1e6, prices: [10]))
  }

  @Test(arguments: kindsOfCosts)
  func `lanes cost what one portfolio costs, bit for bit`(_ kind: NamedCosts) {
    check(SIMD16<Float>.self, against: Float.self, kind.asset)
    check(SIMD8<Double>.self, against: Double.self, kind.asset)
  }

  private func check<L: Lanes, One: Lanes>(
    _ wide: L.Type, against: One.Type, _ asset: AssetCosts
  ) where L.Scalar == One.Scalar, One == One.Scalar {
    let costs = TradingCosts(assets: [asset, AssetCosts(halfSpread: 3e-4), asset], cash: nil)
    func lanes(_ first: Int, _ number: (Double) -> Double) -> [L] {
      (0..<3).map { i in
        var bundle = L(repeating: 0)
        for lane in 0..<L.laneCount {
          bundle[lane: lane] = L.Scalar(number(chance(first + i, lane)))
        }
        return bundle
      }
    }
    // A third of the trades are none.
    let trades = lanes(0) { $0 < 0.3 ? 0 : $0 - 0.6 }
    let prices = lanes(10) { 5 + 100 * $0 }
    let volatilities = lanes(20) { 0.03 * $0 }
    let value = lanes(30) { 1e4 + 1e6 * $0 }[0]
    let sum = cost(costs, of: trades, value: value, prices: prices, volatilities: volatilities)
    for lane in 0..<L.laneCount {
      let one: One = cost(
        costs, of: trades.map { $0[lane: lane] }, value: value[lane: lane],
        prices: prices.map { $0[lane: lane] }, volatilities: volatilities.map { $0[lane: lane] })
      #expect(one == sum[lane: lane] && one > 0, "lane \(lane)")
    }
  }

  @Test(arguments: [0, 1, 4])
  func `half of the way costs exactly half where costs are linear`(_ kind: Int) {
    let costs = TradingCosts(assets: Array(repeating: kindsOfCosts[kind].asset, count: 4))
    for number in 0..<100 {
      let weights = (0..<4).map { chance($0, number) }
      let prices = (0..<4).map { 1 + 50 * chance(10 + $0, number) }
      func paid(_ fraction: Double) -> Double {
        cost(costs, of: weights.map { fraction * (0.25 - $0) }, value: 1e5, prices: prices)
      }
      func paidSingly(_ fraction: Float) -> Float {
        cost(
          costs, of: weights.map { fraction * (0.25 - Float($0)) }, value: 1e5,
          prices: prices.map { Float($0) })
      }
      #expect(2 * paid(0.5) == paid(1))
      #expect(2 * paidSingly(0.5) == paidSingly(1))
    }
  }

  @Test func `costs in proportion are the plain sum`() {
    let perUnit = [0.001, 0.0025, 0.0007]
    let costs = TradingCosts(perUnit: perUnit)
    #expect(costs.proportionalPerUnit == perUnit && !costs.needsValue && !costs.hasFilters)
    var slow = costs
    slow.assets[1].impact = .squareRoot(SquareRootImpact(base: 0, coefficient: 0))
    slow.assets[1].adv = 1
    for number in 0..<100 {
      let trades = (0..<3).map { chance($0, number) - 0.5 }
      let sum = zip(trades, perUnit).reduce(0) { $0 + abs($1.0) * $1.1 }
      #expect(cost(costs, of: trades, value: 1) == sum)
      #expect(cost(slow, of: trades, value: 1, volatilities: [0, 0, 0]) == sum)
    }
  }

  @Test func `what is not in proportion has no cost per unit`() {
    let others = [
      AssetCosts(commissionPerUnit: 0.01), AssetCosts(minimumCommission: 1), AssetCosts(ticket: 1),
      AssetCosts(impact: .squareRoot(SquareRootImpact())), AssetCosts(adv: 1e6),
      AssetCosts(minimumTrade: 0.01), AssetCosts(minimumTradeValue: 100),
      AssetCosts(isFrozen: true),
    ]
    for other in others {
      let costs = TradingCosts(assets: [AssetCosts(halfSpread: 0.001), other])
      #expect(costs.proportionalPerUnit == nil, "\(other)")
    }
  }

  @Test func `a block of groups is charged group by group`() {
    let costs = TradingCosts(assets: [kindsOfCosts[3].asset, kindsOfCosts[5].asset])
    let trades = (0..<10).map { chance($0, 0) - 0.5 }
    let volatilities = (0..<10).map { 0.02 * chance($0, 1) }
    let values = (0..<5).map { 1e5 * chance($0, 2) }
    var sums = Array(repeating: -1.0, count: 5)
    var span = sums.mutableSpan
    TradingCosts.Prepared<Double>(costs).charge(
      trades.span, values: values.span, volatilities: volatilities.span, into: &span)
    for group in 0..<5 {
      let places = 2 * group..<2 * group + 2
      #expect(
        sums[group]
          == cost(
            costs, of: Array(trades[places]), value: values[group],
            volatilities: Array(volatilities[places])))
    }
  }
}
