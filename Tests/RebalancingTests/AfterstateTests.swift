import Algebra
import Gym
import Markets
import Rebalancing
import Testing

@Suite struct AfterstateTests {
  static let tasks = Shipped.plainNames.filter {
    (try? Shipped.task($0))?.afterstateObstacle == nil
  }

  /// An environment some steps into its episodes.
  private func environment(
    _ task: RebalancingTask, count: Int = 11
  ) -> (BatchedRebalancingEnvironment<SIMD8<Double>>, VectorTransition) {
    var environment = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: count)
    var transition = VectorTransition(for: environment)
    environment.reset(seed: 5, into: &transition)
    let still = [Int32](repeating: 0, count: count)
    for _ in 0..<9 {
      if task.actionFamily == .list {
        environment.step(still, into: &transition)
      } else {
        let none = [Float](repeating: 0, count: count * task.actionSpace.size)
        environment.step(values: none, into: &transition)
      }
    }
    return (environment, transition)
  }

  @Test(arguments: tasks)
  func `the reward of an afterstate is that of the step to the bit`(_ name: String) throws {
    var task = try Shipped.task(name)
    task.returnCapture = .none
    var (environment, transition) = environment(task)
    var afterstates = Afterstates(
      copies: 11, actions: task.actionCount, features: environment.afterstateSize)
    environment.writeAfterstates(into: &afterstates)
    for action in 0..<task.actionCount {
      var branch = environment
      branch.step(Array(repeating: Int32(action), count: 11), into: &transition)
      let known = afterstates.rewards[action * 11..<(action + 1) * 11]
      #expect(known.map(\.bitPattern) == transition.rewards.map(\.bitPattern), "action \(action)")
    }
  }

  @Test func `what is left after a trade is what is seen after it where nothing moves`() throws {
    var task = try smallTask(volatility: [0, 0], correlation: 0)
    task.tax = .none
    task.observation = ObservationBuilder(features: [.weightDeviation], assetCount: 2)
    (task.actions, task.actionFamily) = ([], .destination)
    var environment = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 3)
    var transition = VectorTransition(for: environment)
    environment.reset(seed: 5, into: &transition)
    let candidates: [[Float]] = [[0.7, 0.3, 0, 0, 1, 3], [0.5, 0.5, 9, 1, 0, 0.2]]
    var afterstates = Afterstates(copies: 3, actions: 2, features: 2)
    environment.writeAfterstates(of: Array(candidates.joined()), into: &afterstates)
    for (number, candidate) in candidates.enumerated() {
      var branch = environment
      branch.step(values: candidate, into: &transition)
      // The steady growth of the assets is all that the step adds.
      for (left, seen) in zip(
        afterstates.features[number * 6..<(number + 1) * 6], transition.observations)
      {
        #expect(abs(left - seen) < 1e-3)
      }
    }
    #expect(afterstates.features[0] != afterstates.features[6])
  }

  @Test func `to look at afterstates moves nothing`() throws {
    let task = try Shipped.task("six-asset-regimes-v0")
    var (environment, transition) = environment(task, count: 19)
    let before = environment.encodedState()
    var afterstates = Afterstates(
      copies: 19, actions: task.actionCount, features: environment.afterstateSize)
    environment.writeAfterstates(into: &afterstates)
    #expect(environment.encodedState() == before)
    // And twice is the same.
    let first = afterstates
    environment.writeAfterstates(into: &afterstates)
    #expect(afterstates == first)
    environment.step(Array(repeating: 1, count: 19), into: &transition)
    environment.writeAfterstates(into: &afterstates)
    #expect(afterstates != first)
  }

  @Test func `a task whose afterstates the observation does not describe says why`() throws {
    #expect(try Shipped.task("taxable-eight-asset-v0").afterstateObstacle != nil)
    #expect(try Shipped.task("three-asset-myrgren-v0").afterstateObstacle == nil)
  }
}
