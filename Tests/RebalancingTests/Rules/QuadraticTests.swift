import Algebra
import Markets
import Rebalancing
import Testing

@Suite struct QuadraticTests {
  private func threeAssets() throws -> RebalancingTask {
    var task = try smallTask(assets: 3, volatility: [0.03, 0.02, 0.025], correlation: -0.2)
    task.costs = TradingCosts(perUnit: [0.005, 0.003, 0.008])
    task.driftCost = .quadratic(riskAversion: 300)
    task.targets = [0.4, 0.4, 0.2]
    return task
  }

  /// What the rule minimises, written down again.
  private func objective(
    _ v: [Double], from w: [Double], _ task: RebalancingTask, _ continuation: Double
  ) throws -> Double {
    let covariance = try #require(task.market.constantCovariance)
    let perUnit = try #require(task.costs.proportionalPerUnit)
    var sum = 0.0
    for i in v.indices {
      let d = v[i] - task.targets[i]
      sum += perUnit[i] * abs(v[i] - w[i]) + continuation * d * d
      for j in v.indices {
        sum += 150 / task.stepsPerYear * covariance[i * 3 + j] * d * (v[j] - task.targets[j])
      }
    }
    return sum
  }

  @Test func `no other destination costs less`() throws {
    let task = try threeAssets()
    let rule = try RuleCatalog.rule("quadratic(0.2)", for: task)
    let source = RandomSource(seed: 3)
    var trades = 0
    for k in 0..<60 {
      let draws = (0..<3).map { source.uniform(.market, copy: UInt32(k), step: UInt32($0)) }
      let holdings = zip(task.targets, draws).map { $0 * (0.8 + 0.4 * $1) }
      var portfolio = try snapshot(holdings, task.targets)
      portfolio.assets = task.assets
      let weights = portfolio.weights
      let decision = rule.decide(portfolio)
      let best = decision.destination ?? weights
      if decision.action != .none { trades += 1 }
      #expect(isClose(best.reduce(0, +), 1, 1e-12))
      let least = try objective(best, from: weights, task, 0.2)
      for (i, j, size) in [(0, 1, 1e-4), (0, 2, 1e-4), (1, 2, 1e-4), (0, 1, 1e-2), (1, 2, 1e-2)] {
        for sign in [-1.0, 1] {
          var other = best
          other[i] += sign * size
          other[j] -= sign * size
          #expect(try objective(other, from: weights, task, 0.2) >= least)
        }
      }
      // Towards no trade, all of the trade and at random.
      for end in [weights, task.targets, draws.map { $0 / (draws[0] + draws[1] + draws[2]) }] {
        for part in [0.01, 0.3, 1] {
          let other = zip(best, end).map { $0 + part * ($1 - $0) }
          #expect(try objective(other, from: weights, task, 0.2) >= least - 1e-15)
        }
      }
    }
    #expect(trades > 20 && trades < 60)
  }

  @Test func `two assets have a region of no trade whose edge is known`() throws {
    // 2 κ |x| + (k + 2c) x² with x the first asset's deviation: slope 2κ at the edge.
    var task = try smallTask(volatility: [0.03, 0.02], correlation: 0)
    task.driftCost = .quadratic(riskAversion: 100)
    let rule = try RuleCatalog.rule("quadratic(0.01)", for: task)
    let curvature = 100 / 2 * (0.03 * 0.03 + 0.02 * 0.02) + 2 * 0.01
    let covariance = try #require(task.market.constantCovariance)
    let drift: Double =
      100 / 2 / task.stepsPerYear * (covariance[0] - 2 * covariance[1] + covariance[3])
    #expect(isClose(curvature, drift + 0.02, 1e-2))
    let edge: Double = 0.002 / (2 * (drift + 0.02))
    func decide(_ x: Double) throws -> TriggerDecision {
      rule.decide(try snapshot([0.5 + x, 0.5 - x], [0.5, 0.5]))
    }
    #expect(try decide(edge * 0.999).action == .none)
    #expect(try decide(-edge * 0.999).action == .none)
    let beyond = try decide(edge + 0.01)
    #expect(isClose(beyond.destination?[0] ?? .nan, 0.5 + edge, 1e-9))
    #expect(beyond.action == .partial)
  }

  @Test(arguments: [
    ("garleanu_pedersen(5,discount=0.02)", 2.0, 0.4562685404),
    ("garleanu_pedersen(1)", 1.0, 0.6180339887),
  ])
  func `the part of the way under quadratic costs is what is published`(
    _ rule: String, _ riskAversion: Double, _ rate: Double
  ) throws {
    var task = try smallTask()
    task.driftCost = .quadratic(riskAversion: riskAversion)
    let decision = try decide(rule, [0.7, 0.3], in: task)
    #expect(decision.action == .partial && abs(decision.fraction - rate) < 1e-9)
  }
}
