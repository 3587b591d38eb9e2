import Gym
import Rebalancing
import Testing

@Suite struct ActionFamilyTests {
  private func task(_ family: ActionFamily) throws -> RebalancingTask {
    var task = try smallTask()
    (task.actions, task.actionFamily) = ([], family)
    return task
  }

  @Test func `a fraction does what the same fraction of a list does`() throws {
    let list = try smallTask()
    var one = RebalancingEnvironment<Double>(list)
    var other = RebalancingEnvironment<Double>(try task(.fraction))
    _ = one.reset(seed: 1)
    _ = other.reset(seed: 1)
    for step in 0..<list.horizon {
      let number = step % list.actions.count
      let (a, b) = (one.step(number), other.step(values: [Float(list.actions[number])]))
      #expect(a == b)
    }
  }

  @Test func `a destination is where the portfolio stands before the market moves`() throws {
    let task = try task(.destination)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    let outcome = environment.advance(destination: [3, 1])
    let trade = abs(0.75 - task.targets[0])
    let perUnit = try #require(task.costs.proportionalPerUnit)
    #expect(isClose(outcome.turnover, trade, 1e-12))
    #expect(isClose(outcome.transactionCost, trade * (perUnit[0] + perUnit[1]), 1e-12))
  }

  @Test func `no weights at all are no action`() throws {
    let task = try task(.destination)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    _ = environment.advance(destination: [3, 1])
    let outcome = environment.advance(destination: [0, -1])
    #expect(outcome.turnover == 0 && outcome.transactionCost == 0)
  }

  @Test(arguments: [ActionFamily.fraction, .destination])
  func `environments with a box of actions keep their promises`(_ family: ActionFamily) throws {
    let task = try task(family)
    try checkEnvironment(RebalancingEnvironment<Double>(task))
    try checkVectorEnvironment(BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 3))
    #expect(task.actionSpace.size == (family == .fraction ? 1 : 2))
  }

  @Test func `what forbids a box of actions is said`() throws {
    #expect(try ActionFamily.list.obstacle(Shipped.task("taxable-eight-asset-v0")) == nil)
    for family in [ActionFamily.fraction, .destination] {
      var task = try Shipped.task("taxable-eight-asset-v0")
      #expect(family.obstacle(task) == nil)
      task.hasHarvestAction = true
      #expect(family.obstacle(task)?.contains("harvest") == true)
      #expect(try family.obstacle(Shipped.task("stock-bond-deposits-v0")) == nil)
    }
  }
}
