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

  @Test(arguments: ["two-asset-daily-v0", "three-asset-myrgren-v0", "six-asset-regimes-v0"])
  func `a copy that begins anywhere is the scalar environment's twin`(_ name: String) throws {
    let task = try Shipped.task(name)
    var batched = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 11, firstCopy: 3)
    var transition = VectorTransition(for: batched)
    batched.reset(seed: 5, into: &transition)
    let size = task.observation.size
    let mask = (0..<11).map { $0 % 2 == 0 }
    batched.resetAnywhere(where: mask, into: &transition)
    for copy in 0..<11 {
      var scalar = RebalancingEnvironment<Double>(task, copy: UInt32(3 + copy))
      var observation = scalar.reset(seed: 5)
      if mask[copy] { observation = scalar.resetAnywhere() }
      #expect(Array(transition.observations[copy * size..<(copy + 1) * size]) == observation)
    }
    // And a saved state goes on from there to the same bits.
    var restored = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 11, firstCopy: 3)
    try restored.restore(encodedState: batched.encodedState())
    var other = transition
    let half = [Int32](repeating: 1, count: 11)
    batched.step(half, into: &transition)
    restored.step(half, into: &other)
    #expect(transition == other)
  }

  @Test func `weights anywhere are uniform on the simplex`() throws {
    // Of n weights each has mean 1/n and variance (n − 1) / n² (n + 1): here 1/3 and 1/18.
    let task = try Shipped.task("three-asset-myrgren-v0")
    var environment = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 4096)
    var transition = VectorTransition(for: environment)
    environment.reset(seed: 5, into: &transition)
    environment.resetAnywhere(where: Array(repeating: true, count: 4096), into: &transition)
    for asset in 0..<3 {
      let weights = (0..<4096).map {
        Double(transition.observations[$0 * task.observation.size + asset]) + task.targets[asset]
      }
      let mean = weights.reduce(0, +) / 4096
      let square = weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4096
      #expect(abs(mean - 1.0 / 3) < 0.015)
      #expect(abs(square - 1.0 / 18) < 0.005)
      #expect(weights.allSatisfy { $0 >= 0 && $0 <= 1 })
    }
  }
}
