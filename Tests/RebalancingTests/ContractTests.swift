import Algebra
import Gym
import Rebalancing
import Testing

@Suite struct ContractTests {
  @Test(arguments: Shipped.names)
  func `every scalar environment keeps its promises`(_ name: String) throws {
    let task = try Shipped.task(name)
    try checkEnvironment(RebalancingEnvironment<Double>(task))
    guard !task.needsAccount else { return }
    try checkEnvironment(RebalancingEnvironment<Float>(task))
  }

  @Test(arguments: Shipped.names, Autoreset.allCases)
  func `every batched environment keeps its promises in every autoreset mode`(
    _ name: String, _ autoreset: Autoreset
  ) throws {
    var task = try Shipped.task(name, horizon: 53)
    task.autoreset = autoreset
    try checkVectorEnvironment(BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 3))
    guard !task.needsAccount else { return }
    try checkVectorEnvironment(BatchedRebalancingEnvironment<SIMD16<Float>>(task, count: 21))
  }

  /// What the scalar environment shows: [episode][step], step 0 being the reset.
  private func episodes(_ task: RebalancingTask, copy: UInt32) -> [[Transition]] {
    var environment = RebalancingEnvironment<Double>(task, copy: copy)
    return (0..<2).map { episode in
      let start = environment.reset(seed: episode == 0 ? 3 : nil)
      let first = Transition(observation: start, reward: 0, terminated: false, truncated: false)
      return [first] + (0..<task.horizon).map { _ in environment.step(2) }
    }
  }

  private func expect(
    _ transition: VectorTransition, is expected: [Transition], _ place: String
  ) {
    for (copy, expected) in expected.enumerated() {
      #expect(transition.observation(of: copy) == expected.observation, "\(place)")
      #expect(transition.rewards[copy] == Float(expected.reward), "\(place)")
      #expect(transition.truncated[copy] == expected.truncated, "\(place)")
      #expect(!transition.terminated[copy], "\(place)")
    }
  }

  private func batch(_ autoreset: Autoreset) throws -> (
    task: RebalancingTask, environment: BatchedRebalancingEnvironment<SIMD8<Double>>
  ) {
    var task = try smallTask(horizon: 3)
    task.autoreset = autoreset
    return (task, BatchedRebalancingEnvironment(task, count: 2))
  }

  @Test func `next_step spends a step on the reset and ignores its action`() throws {
    var (task, environment) = try batch(.nextStep)
    let scalar = (0..<2).map { episodes(task, copy: $0) }
    var transition = VectorTransition(for: environment)
    environment.reset(seed: 3, into: &transition)
    expect(transition, is: scalar.map { $0[0][0] }, "reset")
    for step in 1...3 {
      environment.step([2, 2], into: &transition)
      expect(transition, is: scalar.map { $0[0][step] }, "step \(step)")
    }
    #expect(transition.truncated == [true, true])
    environment.step([1, 2], into: &transition)
    expect(transition, is: scalar.map { $0[1][0] }, "the step after the end")
    environment.step([2, 2], into: &transition)
    expect(transition, is: scalar.map { $0[1][1] }, "the next episode")
  }

  @Test func `same_step returns the next episode's start and the last observation apart`() throws {
    var (task, environment) = try batch(.sameStep)
    let scalar = (0..<2).map { episodes(task, copy: $0) }
    var transition = VectorTransition(for: environment)
    environment.reset(seed: 3, into: &transition)
    for step in 1...2 {
      environment.step([2, 2], into: &transition)
      expect(transition, is: scalar.map { $0[0][step] }, "step \(step)")
    }
    environment.step([2, 2], into: &transition)
    let end = scalar.map { copy in
      var last = copy[0][3]
      last.observation = copy[1][0].observation
      return last
    }
    expect(transition, is: end, "the end")
    #expect(transition.truncated == [true, true])
    #expect(transition.finalObservations == scalar.flatMap { $0[0][3].observation })
    environment.step([2, 2], into: &transition)
    expect(transition, is: scalar.map { $0[1][1] }, "the next episode")
  }

  @Test func `disabled waits for a reset, which leaves the other copies alone`() throws {
    var (task, environment) = try batch(.disabled)
    let scalar = (0..<2).map { episodes(task, copy: $0) }
    var transition = VectorTransition(for: environment)
    environment.reset(seed: 3, into: &transition)
    environment.step([2, 2], into: &transition)
    environment.reset(where: [true, false], into: &transition)
    expect(transition, is: [scalar[0][1][0], scalar[1][0][1]], "one is reset")
    for step in 1...2 {
      environment.step([2, 2], into: &transition)
      expect(transition, is: [scalar[0][1][step], scalar[1][0][1 + step]], "step \(step)")
    }
    #expect(transition.truncated == [false, true])
    environment.reset(where: transition.truncated, into: &transition)
    expect(transition, is: [scalar[0][1][2], scalar[1][1][0]], "the ended one is reset")
    environment.step([2, 2], into: &transition)
    expect(transition, is: [scalar[0][1][3], scalar[1][1][1]], "the next episode")
  }

  @Test func `stepping a copy that has ended is a programmer's error under disabled`() async {
    await #expect(processExitsWith: .failure) {
      var task = try smallTask(horizon: 1)
      task.autoreset = .disabled
      var environment = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 1)
      var transition = VectorTransition(for: environment)
      environment.reset(seed: 1, into: &transition)
      environment.step([0], into: &transition)
      environment.step([0], into: &transition)
    }
  }

  @Test func `a scalar environment that has ended takes no step`() async {
    await #expect(processExitsWith: .failure) {
      var environment = RebalancingEnvironment<Double>(try smallTask(horizon: 1))
      _ = environment.reset(seed: 1)
      _ = environment.step(0)
      _ = environment.step(0)
    }
  }

  @Test(arguments: ["another count", "another first copy", "cut short", "empty"])
  func `a state of another environment is refused`(_ kind: String) throws {
    let task = try smallTask()
    let make = { BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: $0, firstCopy: $1) }
    var environment = make(3, 0)
    let state: [UInt8] =
      switch kind {
      case "another count": make(4, 0).encodedState()
      case "another first copy": make(3, 1).encodedState()
      case "cut short": environment.encodedState().dropLast()
      default: []
      }
    #expect(throws: EnvironmentStateError.self) { try environment.restore(encodedState: state) }
  }

  @Test func `the observation names its columns in order`() throws {
    let names = try smallTask().observation.columns.map(\.name)
    #expect(
      names == [
        "weight_deviation[0]", "weight_deviation[1]", "last_log_return[0]", "last_log_return[1]",
        "unrealized_gain[0]", "unrealized_gain[1]",
      ])
  }

  @Test(arguments: Shipped.names)
  func `a snapshot and the environment make the same observation`(_ name: String) throws {
    let task = try Shipped.task(name)
    var environment = RebalancingEnvironment<Double>(task)
    var shown = environment.reset(seed: 2)
    for step in 0..<min(100, task.horizon) {
      let built = try task.observation.observe(environment.snapshot)
      for (a, b) in zip(shown, built) {
        #expect(isClose(Double(a), Double(b), 1e-6), "step \(step)")
      }
      #expect(built.count == shown.count)
      shown = environment.step(action(copy: 0, step: step, of: 3)).observation
    }
  }

  @Test(arguments: [
    ("basis", "basis: missing, the policy's feature unrealized_gain needs it"),
    ("returns", "last_log_returns: missing, the policy's feature last_log_return needs it"),
    ("assets", "the policy is for 2 assets, 3 given"),
  ])
  func `a snapshot without a needed field is refused by name`(
    _ field: String, _ message: String
  ) throws {
    let task = try smallTask()
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    var snapshot = environment.snapshot
    if field == "basis" { snapshot.basis = nil }
    if field == "returns" { snapshot.lastLogReturns = nil }
    if field == "assets" { snapshot.assets.append("OTHER") }
    let error = #expect(throws: ObservationBuilder.MissingField.self) {
      try task.observation.observe(snapshot)
    }
    #expect(error?.description == message)
  }
}
