import Oracles
import Rebalancing
import Testing

/// Mean and standard error.
struct Sample {
  let mean: Double
  let error: Double

  init(_ values: [Double]) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    error = (squares / (count - 1) / count).squareRoot()
  }
}

/// The two-asset task over ten years, with the optimum of these ten years.
struct TenYears {
  let task: RebalancingTask
  let chain: TwoAssetChain
  let optimum: FiniteHorizonOptimum

  init(cost: Double) throws {
    task = try RuleScoreTests.task("monthly", cost: cost)
    chain = try TwoAssetChain(task)
    optimum = chain.solve(.unrestricted, horizon: task.horizon)
  }

  /// What the optimal policy costs on each path, played in the environment.
  func optimalCosts(episodes: Int, seed: UInt64) -> [Double] {
    let regions = (1...task.horizon).map {
      optimum.noTrade(left: $0, costPerUnit: chain.costPerUnit)
    }
    return (0..<UInt32(episodes)).map { copy in
      var environment = RebalancingEnvironment<Double>(task, copy: copy)
      _ = environment.reset(seed: seed)
      var cost = 0.0
      for left in (1...task.horizon).reversed() {
        let weight = environment.snapshot.weights[0]
        let region = regions[left - 1]
        let to = min(max(weight, region.lowerBound), region.upperBound)
        let outcome = environment.advance(destination: [to, 1 - to])
        cost += outcome.transactionCost + outcome.driftCost
      }
      return cost
    }
  }
}

@Suite struct FiniteHorizonTests {
  @Test(arguments: [0.002, 0.01])
  func `a further year of a long episode costs the long-run optimum`(cost: Double) throws {
    let chain = try TwoAssetChain(try RuleScoreTests.task("monthly", cost: cost))
    for actions in [TwoAssetChain.ActionSet.unrestricted, .fractions([0, 0.5, 1])] {
      let years =
        chain.solve(actions, horizon: 480).cost - chain.solve(actions, horizon: 360).cost
      let longRun = try chain.solve(actions).score.costPerYear
      #expect(isClose(years / 10 * 1e4, longRun, 2e-4), "\(actions)")
    }
  }

  @Test func `an episode costs less than its share of the long run, and more over a list`() throws {
    let problem = try TenYears(cost: 0.002)
    let list = problem.chain.solve(.fractions([0, 0.5, 1]), horizon: 120)
    #expect(problem.optimum.costPerYear < list.costPerYear)
    #expect(list.costPerYear < 0.7067)
    #expect(isClose(problem.optimum.costPerYear, 0.6606, 1e-3))
  }

  @Test(arguments: [0.002, 0.01])
  func `the optimal policy costs on average what the recursion says`(cost: Double) throws {
    let problem = try TenYears(cost: cost)
    let costs = Sample(problem.optimalCosts(episodes: 2_000, seed: 3))
    #expect(abs(costs.mean - problem.optimum.cost) < 3 * costs.error)
  }

  @Test(arguments: [0.002, 0.01])
  func `with the optimal value as penalty every path costs the optimum`(cost: Double) throws {
    let problem = try TenYears(cost: cost)
    let costs = problem.chain.relaxedCosts(
      .optimalValue, horizon: 120, episodes: 20, seed: 1)
    for path in costs { #expect(isClose(path, problem.optimum.cost, 1e-3)) }
  }

  @Test(arguments: [0.002, 0.01])
  func `penalties raise the bound, and never above the optimum`(cost: Double) throws {
    let problem = try TenYears(cost: cost)
    let bounds = TwoAssetChain.Penalty.allCases.map {
      Sample(problem.chain.relaxedCosts($0, horizon: 120, episodes: 200, seed: 1))
    }
    for bound in bounds {
      #expect(bound.mean < problem.optimum.cost * 1.001 + 2 * bound.error)
    }
    #expect(bounds[0].mean < bounds[1].mean)
    #expect(bounds[1].mean < bounds[2].mean)
    // .73 and .77 of the optimum without a penalty, .95 and .90 with the closed form.
    #expect(bounds[0].mean > 0.65 * problem.optimum.cost)
    #expect(bounds[1].mean > 0.86 * problem.optimum.cost)
  }

  @Test func `relaxed costs are the same on any number of workers`() throws {
    let problem = try TenYears(cost: 0.002)
    let costs = (1...3).map {
      problem.chain.relaxedCosts(.closedForm, horizon: 120, episodes: 7, seed: 5, workers: $0)
    }
    #expect(costs[0] == costs[1])
    #expect(costs[0] == costs[2])
  }
}
