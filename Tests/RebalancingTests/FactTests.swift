import Algebra
import Foundation
import Gym
import Markets
import Rebalancing
import Testing

/// A task that shows everything there is to see.
private func showingAll(_ task: RebalancingTask) -> RebalancingTask {
  var task = task
  var facts = Fact.allCases
  if task.market.regimeCount == 0 { facts.removeAll { $0 == .regimeProbability } }
  task.observation = ObservationBuilder(
    features: [.weightDeviation, .lastLogReturn, .unrealizedGain] + facts.map { .fact($0) },
    assetCount: task.assets.count, regimeCount: task.market.regimeCount)
  return task
}

@Suite struct FactTests {
  private static let harvesting = LotTax(
    rates: CapitalTaxRates(short: 0.35, long: 0.15), payment: .annual,
    harvesting: HarvestingRule(minimumBenefit: 0.001))

  @Test(arguments: Shipped.names)
  func `all facts have the same bits in eight lanes and in one`(_ name: String) throws {
    expectTwins(showingAll(try Shipped.task(name, horizon: 70)), steps: 150)
  }

  @Test(arguments: Shipped.names)
  func `a snapshot makes the observation that the environment makes, through JSON too`(
    _ name: String
  ) throws {
    let task = showingAll(try Shipped.task(name))
    var environment = RebalancingEnvironment<Double>(task, copy: 3)
    var shown = environment.reset(seed: 2)
    let basics = 3 * task.assets.count
    for step in 0..<min(120, task.horizon) {
      let json = try JSONEncoder().encode(environment.snapshot)
      let snapshot = try JSONDecoder().decode(PortfolioSnapshot.self, from: json)
      let isOverdrawn = snapshot.weights.contains { $0 < 0 }
      #expect(snapshot.defect == nil || isOverdrawn)
      let built = try task.observation.observe(snapshot)
      // Weights are holdings over their sum again: to the last bits of a double, not of a float.
      for (a, b) in zip(shown, built).prefix(basics) {
        #expect(isClose(Double(a), Double(b), 1e-7), "step \(step)")
      }
      #expect(
        shown.dropFirst(basics).map(\.bitPattern) == built.dropFirst(basics).map(\.bitPattern),
        "step \(step)")
      shown = environment.step(action(copy: 0, step: step, of: task.actionCount)).observation
    }
  }

  @Test func `facts are what they are called`() throws {
    var task = try accountTask(Self.harvesting, lotsPerAsset: 8, horizon: 60)
    task.flows = CashFlows(schedules: [.init(amount: 1_000, everySteps: 5)])
    task = showingAll(task)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    func fact(_ fact: Fact) -> [Double] { environment.snapshot.facts?[fact.rawValue] ?? [] }
    #expect(fact(.tradeCostToTarget) == [0] && fact(.valueGrowth) == [0])
    #expect(fact(.stepsLeft) == [1] && fact(.pendingFlow) == [0])
    #expect(fact(.availability) == [1, 1, 1, 1] && fact(.trend) == [0, 0, 0, 0])
    // Bought today: thirty days and today.
    let windows = fact(.washSaleDaysOfSale).dropLast().map { $0 * 30 }
    #expect(windows.count == 3 && windows.allSatisfy { isClose($0, 31, 1e-12) })
    let untilLong = fact(.daysToLongTerm)[0] * 365
    #expect(untilLong > 365.5 && untilLong < 367.5)
    for _ in 0..<4 { _ = environment.advance(fraction: 0) }
    let snapshot = environment.snapshot
    #expect(isClose(fact(.pendingFlow)[0], 1_000 / snapshot.value, 1e-12))
    #expect(isClose(fact(.valueGrowth)[0], Foundation.log(snapshot.value / 250_000), 1e-12))
    #expect(isClose(fact(.stepsLeft)[0], 56 / 60.0, 1e-15))
    let days = snapshot.date.days(since: task.startDate)
    #expect(isClose(fact(.daysSinceTrade)[0], Double(days) / 365, 1e-15))
    let deviations = zip(snapshot.weights, task.targets).map { abs($0 - $1) }
    let perUnit = [0.001, 0.0005, 0.002, 0]
    let cost = zip(deviations, perUnit).reduce(0.0) { $0 + $1.0 * $1.1 }
    #expect(isClose(fact(.tradeCostToTarget)[0], cost, 1e-12))
    let phase = fact(.calendarPhase)
    let length = phase[0] * phase[0] + phase[1] * phase[1]
    #expect(isClose(length, 1, 1e-12))
    let basis = snapshot.basis ?? []
    for i in 0..<3 {
      let loss = max(0, basis[i] - snapshot.holdings[i]) / snapshot.value
      #expect(abs(fact(.harvestableLoss)[i] - loss) < 1e-12)
    }
    let volatility = fact(.volatility)
    #expect(isClose(volatility[0], 0.03 * 250.0.squareRoot(), 1e-12))
    #expect(isClose(fact(.volatilityIndex)[0], 100 * volatility[0], 1e-12))
  }

  @Test func `the trend is an exponentially weighted mean`() throws {
    var task = showingAll(try smallTask())
    task.trendHalfLife = 3
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    var trend = 0.0
    for _ in 0..<30 {
      _ = environment.advance(fraction: 0)
      let last = environment.snapshot.lastLogReturns?[0] ?? .nan
      let weight: Double = 1 - Foundation.exp2(-1.0 / 3)
      trend += weight * (last - trend)
      let shown: Double = environment.snapshot.facts?["trend"]?[0] ?? .nan
      #expect(isClose(shown, trend, 1e-12))
    }
  }

  @Test func `a snapshot that lacks a fact is refused by its name`() throws {
    let task = showingAll(try smallTask())
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    var snapshot = environment.snapshot
    snapshot.facts?["volatility"] = nil
    let missing = #expect(throws: ObservationBuilder.MissingField.self) {
      try task.observation.observe(snapshot)
    }
    #expect(missing?.description == "facts.volatility: missing, the policy needs it")
    snapshot.facts?["volatility"] = [1]
    let short = #expect(throws: ObservationBuilder.MissingField.self) {
      try task.observation.observe(snapshot)
    }
    #expect(short?.description == "facts.volatility: 1 numbers, 2 are needed")
    snapshot.facts = ["mood": [1]]
    #expect(snapshot.defect?.hasPrefix("facts: there is no “mood”, valid are") == true)
  }
}
