import Algebra
import Foundation
import Gym
import Markets
import Rebalancing
import Testing

@Suite struct RewardTests {
  /// Two assets that move by given gross returns from the first step on, after a warm-up at rest.
  private func scripted(_ growth: [[Double]]) throws -> RebalancingTask {
    var task = try smallTask(horizon: growth.count)
    let market = try HistoricalMarket<Double>(
      history: history(growth: [[1, 1], [1, 1]] + growth), warmup: 2, horizon: growth.count,
      start: .fixed, halfLife: 20, stepsPerYear: 250)
    task.market = .historical(market)
    return task
  }

  @Test func `average cost is taxed and credited as worked by hand`() throws {
    var task = try scripted([[1.5, 1], [0.2, 0.8], [1, 1]])
    task.tax = .averageCost(rate: 0.2)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)

    // The first asset rises by half: weights 0.6 and 0.4, basis 0.4 and 0.4 of 1.25.
    let first = environment.advance(fraction: 0)
    #expect(first.taxCost == 0)
    #expect(isClose(first.valueAfter, 1.25, 1e-15))

    // Sold 0.1, a third of it gain: tax 0.2 / 30. Basis becomes 1/3 and 1/2.
    let second = environment.advance(fraction: 1)
    #expect(isClose(second.taxCost, 0.2 / 30, 1e-15))
    #expect(isClose(second.transactionCost, 0.0002, 1e-15))
    #expect(isClose(second.valueAfter, 1.25 * (1 - 0.2 / 30 - 0.0002) * 0.5, 1e-15))

    // Weights 0.2 and 0.8, basis 2/3 and 1: sold 0.3 with a quarter of loss, credit 0.2 · 0.075.
    let third = environment.advance(fraction: 1)
    #expect(isClose(third.taxCost, -0.015, 1e-15))
    #expect(isClose(third.transactionCost, 0.0006, 1e-15))
    let basis = try #require(environment.snapshot.basis).map { $0 / environment.value }
    #expect(isClose(basis[0], 2.0 / 3 + 0.3, 1e-14))
    #expect(isClose(basis[1], 0.625, 1e-14))
  }

  @Test func `quadratic drift cost of two assets is as worked by hand`() throws {
    // σ 1 % and 2 % a day, correlation ½, 250 days: Σ = [[.025, .025], [.025, .1]], γ = 4.
    let task = try smallTask(volatility: [0.01, 0.02], correlation: 0.5)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 5)
    for _ in 0..<20 { _ = environment.advance(fraction: 0) }
    let x = environment.snapshot.weights[0] - 0.5
    #expect(abs(x) > 1e-3)
    var (none, half) = (environment, environment)
    let variance = (0.025 - 2 * 0.025 + 0.1) * x * x
    let drifted = none.advance(fraction: 0)
    #expect(isClose(drifted.activeVariance / variance, 1, 1e-9))
    #expect(isClose(drifted.driftCost / (2 * variance / 250), 1, 1e-9))
    #expect(isClose(drifted.reward / -drifted.driftCost, 1, 1e-12))
    // Post-trade weights count: half of the way leaves a quarter of the cost.
    #expect(isClose(half.advance(fraction: 0.5).driftCost / drifted.driftCost, 0.25, 1e-9))
  }

  @Test func `tracking error of three assets is as worked by hand`() throws {
    var task = try smallTask(assets: 3, volatility: [0.01, 0.02, 0.03], correlation: 0.5)
    task.targets = [0.5, 0.3, 0.2]
    task.driftCost = .trackingError(weight: 1.5)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 5)
    for _ in 0..<20 { _ = environment.advance(fraction: 0) }
    let d = zip(environment.snapshot.weights, task.targets).map { $0 - $1 }
    // Per day in units of 1e-4: variances 1, 4, 9 and covariances 1, 1.5, 3.
    let squares = d[0] * d[0] + 4 * d[1] * d[1] + 9 * d[2] * d[2]
    let products = d[0] * d[1] + 1.5 * d[0] * d[2] + 3 * d[1] * d[2]
    let perYear = (squares + 2 * products) * 1e-4 * 250
    var half = environment
    let outcome = environment.advance(fraction: 0)
    #expect(isClose(outcome.driftCost / (1.5 * perYear.squareRoot() / 250), 1, 1e-9))
    // The classic form is linear in the distance.
    #expect(isClose(half.advance(fraction: 0.5).driftCost / outcome.driftCost, 0.5, 1e-9))
  }

  @Test(arguments: ReturnCapture.allCases)
  func `the reward is the return captured minus what it cost, times its scale`(
    _ capture: ReturnCapture
  ) throws {
    var task = try scripted([[1.5, 1], [1.1, 0.9]])
    task.returnCapture = capture
    task.tax = .averageCost(rate: 0.2)
    task.rewardScale = 100
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    _ = environment.advance(fraction: 0)
    let outcome = environment.advance(fraction: 0.5)
    // Half of the way from 0.6 is 0.55: 0.55 · 1.1 + 0.45 · 0.9 = 1.01, the target's return is 0.
    let captured: Double =
      switch capture {
      case .none: 0
      case .active, .simple: 0.01
      case .log: 0.00995033085316808
      }
    #expect(isClose(outcome.portfolioReturn, 0.01, 1e-14))
    #expect(isClose(outcome.targetReturn, 0, 1e-14))
    #expect(isClose(outcome.transactionCost, 0.0001, 1e-15))
    #expect(isClose(outcome.taxCost, 0.2 / 60, 1e-15))
    let costs = outcome.transactionCost + outcome.taxCost + outcome.driftCost
    #expect(isClose(outcome.reward, 100 * (captured - costs), 1e-12))
  }

  @Test func `the active return is that over the target portfolio`() throws {
    var task = try scripted([[1.5, 1], [1.2, 1]])
    task.returnCapture = .active
    task.driftCost = .quadratic(riskAversion: 0)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    _ = environment.advance(fraction: 0)
    // 0.6 · 0.2 against 0.5 · 0.2.
    #expect(isClose(environment.advance(fraction: 0).reward, 0.02, 1e-14))
  }

  @Test(arguments: Shipped.names)
  func `the transition tells the terms of its reward`(_ name: String) throws {
    let task = try Shipped.task(name)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 3)
    for step in 0..<min(50, task.horizon) {
      var twin = environment
      let index = action(copy: 0, step: step, of: 3)
      let transition = environment.step(index)
      let outcome = twin.advance(fraction: task.actions[index])
      #expect(transition.reward == outcome.reward)
      #expect(
        transition.info == [
          "value_before": outcome.valueBefore, "value_after": outcome.valueAfter,
          "transaction_cost": outcome.transactionCost, "tax_cost": outcome.taxCost,
          "drift_cost": outcome.driftCost, "portfolio_return": outcome.portfolioReturn,
          "active_return": outcome.portfolioReturn - outcome.targetReturn,
          "turnover": outcome.turnover, "flow": outcome.flow,
        ])
    }
  }
}
