import Algebra
import CAllocationCount
import Gym
import Markets
import Rebalancing
import Testing

/// Four lognormal assets, the last of them cash, with lots.
func accountTask(
  _ tax: LotTax?, cashTarget: Double = 0.05, lotsPerAsset: Int = 64, horizon: Int = 200,
  costs: TradingCosts? = nil
) throws -> RebalancingTask {
  var task = try smallTask(
    assets: 4, volatility: [0.03, 0.02, 0.025, 0.0001], correlation: 0.2, horizon: horizon)
  task.targets = [0.4, 0.3, 0.3 - cashTarget, cashTarget]
  task.costs =
    costs
    ?? TradingCosts(
      assets: [0.001, 0.0005, 0.002, 0].map { AssetCosts(halfSpread: $0) }, cash: 3)
  task.payment = .cash(asset: 3)
  task.initialValue = 250_000
  task.initialPrices = [100, 20, 7, 1]
  if var tax {
    tax.lotsPerAsset = lotsPerAsset
    task.tax = .lots(tax)
  }
  return task
}

private let rates = CapitalTaxRates(short: 0.35, long: 0.15)

@Suite struct AccountTests {
  // Without cash, selling on a day of purchases to pay for them is not matched with these
  // purchases, as the ledger would.
  @Test(arguments: [0.05, 0.02])
  func `cash, lots and tax are those of an account kept by hand`(_ cashTarget: Double) throws {
    let tax = LotTax(rates: rates, payment: .immediate)
    let task = try accountTask(tax, cashTarget: cashTarget, horizon: 120)
    var environment = RebalancingEnvironment<Double>(task, copy: 3)
    _ = environment.reset(seed: 5)
    var moves = MarketWalk<Double>(task, seed: 5, copy: 3)
    var twin = try AccountTwin(task, tax: tax, on: environment.date)
    var taxes = 0
    for step in 0..<119 {
      let growth = moves.next(episode: 0, step: UInt32(step))
      let fraction = [0, 0, 1, 0, 0.5, 0, 0][step % 7]
      let date = environment.date
      let outcome = environment.advance(fraction: fraction)
      let books = try twin.step(fraction: fraction, growth: growth, on: date)
      #expect(outcome.identityError < 1e-12)
      #expect(abs(outcome.transactionCost * outcome.valueBefore - books.cost) < 1e-6, "\(step)")
      #expect(abs(outcome.taxCost * outcome.valueBefore - books.tax) < 1e-5, "step \(step)")
      #expect(isClose(outcome.valueAfter, twin.value, 1e-9), "step \(step)")
      for (ours, theirs) in zip(environment.snapshot.weights, twin.weights) {
        #expect(abs(ours - theirs) < 1e-9, "step \(step)")
      }
      if books.tax != 0 { taxes += 1 }
    }
    #expect(taxes > 20)
  }

  @Test(arguments: TaxPayment.allCases, SaleOrder.allCases)
  func `eight lanes are one lane to the bit, with lots and harvesting`(
    _ payment: TaxPayment, _ order: SaleOrder
  ) throws {
    let tax = LotTax(
      rates: rates, payment: payment, order: order,
      harvesting: HarvestingRule(minimumBenefit: 0.001))
    let task = try accountTask(tax, lotsPerAsset: 8, horizon: 90)
    expectTwins(task, steps: 200)
  }

  @Test func `harvesting as an action is an action of its own`() throws {
    var task = try accountTask(
      LotTax(
        rates: rates, harvesting: HarvestingRule(minimumBenefit: 0.001), isOverlay: false))
    task.hasHarvestAction = true
    expectTwins(task, steps: 120)
    var environment = RebalancingEnvironment<Double>(task)
    #expect(environment.actionSpace == .discrete(count: 4))
    var harvests = 0
    for episode in 0..<20 {
      _ = environment.reset(seed: UInt64(episode))
      for _ in 0..<60 { _ = environment.step(0) }
      let (still, harvest) = (environment.advance(fraction: 0), environment.step(3))
      #expect(still.transactionCost == 0)
      if harvest.info["transaction_cost"] ?? 0 > 0 { harvests += 1 }
    }
    #expect(harvests > 3)
  }

  @Test func `flows, tickets, impact and minima keep the books and the bits`() throws {
    let stock = AssetCosts(
      halfSpread: 0.0005, ticket: 3, impact: .squareRoot(SquareRootImpact(coefficient: 0.8)),
      adv: 2e6, minimumTradeValue: 200)
    let costs = TradingCosts(
      assets: [stock, stock, stock, AssetCosts(halfSpread: 0)], cash: 3)
    var task = try accountTask(nil, costs: costs)
    task.tax = .averageCost(rate: 0.2)
    task.flows = CashFlows(
      schedules: [.init(amount: 5_000, everySteps: 10), .init(amount: -30_000, everySteps: 45)],
      chance: .init(probability: 0.1, mean: -1_000, deviation: 4_000))
    expectTwins(task, steps: 250)
    var environment = RebalancingEnvironment<Double>(task, copy: 1)
    _ = environment.reset(seed: 2)
    var flow = 0.0
    for step in 0..<200 {
      let outcome = environment.advance(fraction: step % 3 == 0 ? 1 : 0)
      #expect(outcome.identityError < 1e-9)
      flow += abs(outcome.flow)
      let weights = environment.snapshot.weights
      #expect(abs(weights.reduce(0, +) - 1) < 1e-12)
    }
    #expect(flow > 100_000)
  }

  @Test func `what a withdrawal lacks is raised at the next decision, whatever the action`() throws
  {
    var task = try accountTask(nil)
    task.flows = CashFlows(schedules: [.init(amount: -40_000, everySteps: 5)])
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    for _ in 0..<4 { _ = environment.advance(fraction: 0) }
    let before = environment.snapshot.weights
    let outcome = environment.advance(fraction: 0)
    #expect(outcome.flow == -40_000 && !outcome.isTrade)
    #expect(environment.snapshot.weights[3] < -0.1)
    let raised = environment.advance(fraction: 0)
    #expect(raised.isTrade && raised.transactionCost > 0)
    let after = environment.snapshot.weights
    #expect(abs(after[3]) < 1e-9)
    // Pro rata: the risky assets keep their proportions, but for the market's moves since.
    #expect(abs(after[0] / after[1] - before[0] / before[1]) < 0.2)
  }

  @Test(arguments: [false, true])
  func `raising cash pays one ticket per asset`(_ isMinimumCommission: Bool) throws {
    var stock = AssetCosts(halfSpread: 0.001)
    if isMinimumCommission { stock.minimumCommission = 25 } else { stock.ticket = 25 }
    let costs = TradingCosts(assets: [stock, stock, stock, AssetCosts(halfSpread: 0)], cash: 3)
    var task = try accountTask(nil, costs: costs)
    task.tax = .averageCost(rate: 0.2)
    task.flows = CashFlows(schedules: [.init(amount: -40_000, everySteps: 5)])
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    var raises = 0
    for _ in 0..<24 {
      let before = environment.snapshot.weights
      let outcome = environment.advance(fraction: 0)
      let after = environment.snapshot.weights
      guard before[3] < -0.01 else {
        // Nothing is left of the shortfall that would cost another ticket.
        #expect(outcome.transactionCost == 0)
        continue
      }
      raises += 1
      // The credit for a loss may leave a little more than nothing.
      #expect((-1e-12...0.002).contains(after[3]) || outcome.flow != 0)
      // What is traded twice, once out of an asset and once into cash, costs half a spread once.
      let spread = 0.001 * outcome.turnover * outcome.valueBefore
      let fixed = outcome.transactionCost * outcome.valueBefore - spread
      #expect(abs(fixed - 75) < 1e-6)
    }
    #expect(raises == 4)
  }

  @Test func `a destination pays tickets for what it trades, and the target stays the target`()
    throws
  {
    let stock = AssetCosts(halfSpread: 0.001, ticket: 25)
    let costs = TradingCosts(assets: [stock, stock, stock, AssetCosts(halfSpread: 0)], cash: 3)
    var environment = RebalancingEnvironment<Double>(try accountTask(nil, costs: costs))
    _ = environment.reset(seed: 1)
    _ = environment.advance(fraction: 0)
    // Cash buys the first asset; the others stay as they are, but for the rounding of currency.
    let snapshot = environment.snapshot
    var weights = snapshot.holdings.map { $0 / snapshot.value }
    weights[0] += 0.02
    weights[3] -= 0.02
    let outcome = environment.advance(
      TriggerDecision(destination: weights, from: snapshot.weights, targets: snapshot.targets))
    let paid = outcome.transactionCost * outcome.valueBefore
    #expect(abs(paid - (25 + 0.001 * 0.02 * outcome.valueBefore)) < 1e-6)
    #expect(isClose(outcome.turnover, 0.02, 1e-12))
    _ = environment.advance(fraction: 1)
    let moved = zip(environment.snapshot.weights, environment.snapshot.targets)
    #expect(moved.allSatisfy { abs($0 - $1) < 0.03 })
  }

  @Test func `accrued tax is settled in the last step`() throws {
    let tax = LotTax(rates: rates, payment: .annual)
    // Half a year from January on: nothing is due before the end.
    let task = try accountTask(tax, horizon: 40)
    var environment = RebalancingEnvironment<Double>(task, copy: 1)
    _ = environment.reset(seed: 3)
    var taxes: [Double] = []
    for _ in 0..<40 { taxes.append(environment.advance(fraction: 1).taxCost) }
    #expect(taxes.dropLast().allSatisfy { $0 == 0 })
    #expect(taxes.last != 0)
  }

  @Test(arguments: Shipped.names)
  func `the identity holds to 1e-9 on every specification`(_ name: String) throws {
    let task = try Shipped.task(name)
    var environment = RebalancingEnvironment<Double>(task, copy: 2)
    _ = environment.reset(seed: 4)
    for step in 0..<600 {
      if environment.hasEnded { _ = environment.reset(seed: nil) }
      let fraction = task.actions[action(copy: 2, step: step, of: task.actions.count)]
      #expect(environment.advance(fraction: fraction).identityError < 1e-9)
    }
  }

  @Test func `stepping allocates nothing, with lots and without`() throws {
    let lots = LotTax(rates: rates, harvesting: HarvestingRule(minimumBenefit: 0.001))
    for task in [try accountTask(lots, lotsPerAsset: 8), try smallTask()] {
      var environment = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 64)
      var transition = VectorTransition(for: environment)
      environment.reset(seed: 1, into: &transition)
      let actions = (0..<64).map { Int32($0 % 3) }
      for _ in 0..<5 { environment.step(actions, into: &transition) }
      let before = allocation_count()
      for _ in 0..<20 { environment.step(actions, into: &transition) }
      #expect(allocation_count() == before)
    }
  }
}

/// Steps eight lanes beside one lane each.
func expectTwins(_ task: RebalancingTask, steps: Int, count: Int = 11) {
  var fast = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: count)
  var slow = BatchedRebalancingEnvironment<Double>(task, count: count)
  var scalars = (0..<count).map { RebalancingEnvironment<Double>(task, copy: UInt32($0)) }
  var fastStep = VectorTransition(for: fast)
  var slowStep = fastStep
  fast.reset(seed: 9, into: &fastStep)
  slow.reset(seed: 9, into: &slowStep)
  for i in scalars.indices { _ = scalars[i].reset(seed: 9) }
  for step in 0..<steps {
    let actions = (0..<count).map {
      Int32(action(copy: $0, step: step, of: task.actionCount))
    }
    fast.step(actions, into: &fastStep)
    slow.step(actions, into: &slowStep)
    guard fastStep.bits == slowStep.bits else {
      Issue.record("step \(step)")
      return
    }
    for i in scalars.indices {
      let own = scalars[i].step(Int(actions[i]))
      #expect(Float(own.reward) == fastStep.rewards[i], "step \(step), copy \(i)")
      if own.isLast { _ = scalars[i].reset(seed: nil) }
    }
  }
}
