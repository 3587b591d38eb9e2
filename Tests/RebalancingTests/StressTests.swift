import Algebra
import Gym
import Markets
import Rebalancing
import Testing

/// What a shock does to an environment: costs, facts, and that nobody sees it coming.
@Suite struct StressTests {
  private static let spreads = [4.0, 2, 1]

  /// Two stocks and cash, with a shock in steps 20 to 29.
  private func task(
    isStressed: Bool = true, costs: TradingCosts? = nil
  ) throws -> RebalancingTask {
    var task = try smallTask(assets: 3, volatility: [0.01, 0.02, 0], horizon: 60)
    task.targets = [0.5, 0.3, 0.2]
    task.costs =
      costs
      ?? TradingCosts(
        assets: [0.001, 0.002, 0].map { AssetCosts(halfSpread: $0, commission: 0.0005) }, cash: 2)
    if isStressed {
      let shock = MarketShock(
        name: "test", beginStep: 20, lengthSteps: 10, totalReturn: [-0.3, 0.1, 0],
        volatilityFactor: [3, 2, 1], correlationTowardOne: 0.5, halfSpreadFactor: Self.spreads)
      task.market = .stressed(
        StressedMarket(task.market, shocks: [shock], stepsPerYear: 250))
    }
    task.snapshotFacts = [
      .volatility, .volatilityIndex, .volatilityIndexRise, .driftCostPerYear, .trend,
      .tradeCostToTarget,
    ]
    return task
  }

  @Test(arguments: [Payment.proRata, .cash(asset: 2)])
  func `trades pay the wider spread in the shock, and are told so`(_ payment: Payment) throws {
    var task = try task()
    task.payment = payment
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 4)
    for step in 0..<60 {
      let snapshot = environment.snapshot
      let told = try #require(snapshot.facts?["trade_cost_to_target"]).first
      let isShock = (20..<30).contains(step)
      var expected = 0.0
      for i in 0..<2 {
        let share = [0.001, 0.002][i] * (isShock ? Self.spreads[i] : 1) + 0.0005
        expected += abs(snapshot.deviations[i]) * share
      }
      let outcome = environment.advance(fraction: 1)
      if payment == .proRata { #expect(isClose(outcome.transactionCost, expected, 1e-15)) }
      // Raising the cost itself costs a little more.
      #expect(abs(outcome.transactionCost / max(expected, 1e-12) - 1) < 0.02 || expected < 1e-9)
      #expect(isClose(told ?? .nan, expected, 1e-14), "step \(step)")
      #expect(outcome.identityError < 1e-12)
    }
  }

  @Test func `tickets and impact come on top of the wider spread`() throws {
    let stock = AssetCosts(
      halfSpread: 0.001, ticket: 2, impact: .squareRoot(SquareRootImpact(coefficient: 0.5)),
      adv: 1e7)
    let costs = TradingCosts(assets: [stock, stock, AssetCosts()], cash: 2)
    var game = try [false, true].map { isStressed -> RebalancingEnvironment<Double> in
      var task = try task(isStressed: isStressed, costs: costs)
      task.payment = .cash(asset: 2)
      task.initialValue = 1e5
      task.actions = [0, 1]
      var environment = RebalancingEnvironment<Double>(task)
      _ = environment.reset(seed: 4)
      for _ in 0..<20 { _ = environment.advance(fraction: 0) }
      return environment
    }
    // The first step of the shock: the same weights, volatilities not yet known to be others.
    let deviations = game[0].snapshot.deviations
    let outcomes = game.indices.map { game[$0].advance(fraction: 1) }
    let wider = 0.001 * (3 * abs(deviations[0]) + abs(deviations[1]))
    let difference = outcomes[1].transactionCost - outcomes[0].transactionCost
    #expect(outcomes[0].transactionCost > 0 && abs(difference - wider) < 1e-9)
  }

  @Test func `nothing is told of a shock before its first return, but for the spread`() throws {
    let tasks = try [task(isStressed: false), task()]
    var environments = tasks.map { RebalancingEnvironment<Double>($0) }
    for index in 0..<2 { _ = environments[index].reset(seed: 4) }
    for step in 0...21 {
      var snapshots = environments.map(\.snapshot)
      if step == 20 {
        #expect(snapshots[0] != snapshots[1])
        for index in 0..<2 { snapshots[index].facts?["trade_cost_to_target"] = nil }
      }
      #expect((snapshots[0] == snapshots[1]) == (step < 21), "step \(step)")
      for index in 0..<2 { _ = environments[index].advance(fraction: 0) }
    }
  }

  @Test func `eight lanes are one lane to the bit in a shock, with lots and harvesting`() throws {
    for kind in [TaxPayment.immediate, .annual] {
      let tax = LotTax(
        rates: CapitalTaxRates(short: 0.35, long: 0.15, outside: OutsideGains(long: 5_000)),
        payment: kind, harvesting: HarvestingRule(minimumBenefit: 0.001))
      var task = try accountTask(tax, lotsPerAsset: 8, horizon: 90)
      let shock = MarketShock(
        name: "test", beginStep: 20, lengthSteps: 30, totalReturn: [-0.3, -0.1, 0.1, 0],
        volatilityFactor: [3, 2, 2, 1], correlationTowardOne: 0.5,
        halfSpreadFactor: [3, 3, 5, 1])
      task.market = .stressed(
        StressedMarket(task.market, shocks: [shock], stepsPerYear: 250))
      expectTwins(task, steps: 200)
    }
  }

  @Test func `a harvest waits where the spread costs more than it saves`() throws {
    func harvested(_ spread: Double) throws -> Int {
      let tax = LotTax(
        rates: CapitalTaxRates(short: 0.35, long: 0.15),
        harvesting: HarvestingRule(minimumBenefit: 0.001))
      var task = try accountTask(tax, lotsPerAsset: 8, horizon: 60)
      let shock = MarketShock(
        name: "test", beginStep: 0, lengthSteps: 60, totalReturn: [0, 0, 0, 0],
        volatilityFactor: [1, 1, 1, 1], correlationTowardOne: 0,
        halfSpreadFactor: [spread, spread, spread, 1])
      task.market = .stressed(
        StressedMarket(task.market, shocks: [shock], stepsPerYear: 250))
      var count = 0
      for copy in 0..<8 {
        var environment = RebalancingEnvironment<Double>(task, copy: UInt32(copy))
        _ = environment.reset(seed: 2)
        while !environment.hasEnded {
          if environment.advance(fraction: 0).transactionCost > 0 { count += 1 }
        }
      }
      return count
    }
    let (usual, wide) = (try harvested(1), try harvested(40))
    #expect(usual > 10 && wide < usual / 2, "\(usual), \(wide)")
  }
}
