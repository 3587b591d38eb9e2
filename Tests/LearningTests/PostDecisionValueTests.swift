import Algebra
import Gym
import Learning
import Testing

/// Dirt x = 0 … 4 grows by one with probability ½; it costs x² a step, and to sweep it away 6.
///
/// Sweeping at m dirt costs (6 + 2 Σ_{y<m} y²) / 2m a step on average: 3, 2, 2⅔ … for m = 1, 2, 3. So
/// at 2, for 2 a step; and from V(y) = 2 + E max q of the next step V(1) = V(0) − 3.
private struct Dirt: AfterstateEnvironment {
  let copies: Range<Int>
  let horizon: Int32
  private var seed: UInt64 = 0
  private var dirt: [Int32]
  private var steps: [Int32]
  private var clock: UInt32 = 0

  init(_ copies: Range<Int>, horizon: Int32 = 40) {
    self.copies = copies
    self.horizon = horizon
    dirt = Array(repeating: 0, count: copies.count)
    steps = dirt
  }

  var count: Int { copies.count }
  var observationSpace: Space { .box(low: [0], high: [4]) }
  var actionSpace: Space { .discrete(count: 2) }
  var autoreset: Autoreset { .disabled }
  var afterstateSize: Int { 1 }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    (self.seed, clock) = (seed, 0)
    reset(where: Array(repeating: true, count: count), into: &transition)
  }

  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {
    for c in 0..<count where mask[c] {
      (dirt[c], steps[c], transition.observations[c]) = (0, 0, 0)
    }
  }

  private func outcome(_ action: Int32, _ copy: Int) -> (left: Int32, reward: Float) {
    let left = action == 1 ? 0 : dirt[copy]
    return (left, (action == 1 ? -6 : 0) - Float(left * left))
  }

  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    for c in 0..<count {
      let (left, reward) = outcome(actions[c], c)
      let grows =
        RandomSource(seed: seed).uniform(
          .market, copy: UInt32(copies.lowerBound + c), step: clock) < 0.5
      dirt[c] = min(left + (grows ? 1 : 0), 4)
      steps[c] += 1
      transition.rewards[c] = reward
      transition.observations[c] = Float(dirt[c])
      transition.truncated[c] = steps[c] >= horizon
    }
    clock += 1
  }

  func writeAfterstates(into afterstates: inout Afterstates) {
    for c in 0..<count {
      for action in 0..<2 {
        let (left, reward) = outcome(Int32(action), c)
        afterstates.rewards[action * count + c] = reward
        afterstates.features[action * count + c] = Float(left)
      }
    }
  }

  var motion: BoxMotion? { nil }

  func writeAfterstates(of values: [Float], into afterstates: inout Afterstates) {}

  mutating func resetAnywhere(where mask: [Bool], into transition: inout VectorTransition) {
    for c in 0..<count where mask[c] {
      let any = RandomSource(seed: seed).integer(
        below: 5, .initialState, copy: UInt32(copies.lowerBound + c), step: clock)
      (dirt[c], steps[c], transition.observations[c]) = (Int32(any), 0, Float(any))
    }
  }

  func encodedState() -> [UInt8] {
    let numbers = dirt + steps + [Int32(bitPattern: clock), Int32(truncatingIfNeeded: seed)]
    return numbers.flatMap { number in
      (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * Int32($0))) }
    }
  }

  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {
    let numbers: [Int32] = stride(from: 0, to: encodedState.count, by: 4).map { first in
      var number: UInt32 = 0
      for k in 0..<4 { number |= UInt32(encodedState[first + k]) << UInt32(8 * k) }
      return Int32(bitPattern: number)
    }
    dirt = Array(numbers[..<count])
    steps = Array(numbers[count..<2 * count])
    clock = UInt32(bitPattern: numbers[2 * count])
    seed = UInt64(numbers[2 * count + 1])
  }
}

@Suite struct PostDecisionValueTests {
  private func configuration(updates: Int = 40) -> PostDecisionValueConfiguration {
    var configuration = PostDecisionValueConfiguration()
    configuration.copies = 64
    configuration.rolloutSteps = 40
    configuration.totalSteps = 2 * 64 * 40 * updates
    configuration.traceDecay = 0.9
    configuration.sampleInterval = 1
    configuration.hiddenSizes = [24]
    configuration.policyHiddenSizes = [24]
    configuration.lessonInterval = 2
    configuration.lessons = 16
    configuration.learningRate = 0.01
    return configuration
  }

  private func agent(
    _ configuration: PostDecisionValueConfiguration, seed: UInt64 = 1
  ) throws -> PostDecisionValue<Dirt> {
    try PostDecisionValue(configuration: configuration, seed: seed) { Dirt($0) }
  }

  @Test func `finds when to sweep, what it costs and what the dirt is worth`() throws {
    var agent = try agent(configuration())
    Training(totalSteps: agent.configuration.totalSteps).run(&agent)
    let actions = (0...4).map { agent.policy.greedyAction([Float($0)]) }
    #expect(actions == [0, 0, 1, 1, 1])
    #expect(abs(agent.averageReward + 2) < 0.05)
    let difference = agent.afterstateValue([1]) - agent.afterstateValue([0])
    #expect(abs(difference + 3) < 0.15)
  }

  @Test func `nothing is worth anything after a horizon that ends`() throws {
    // With one step to go all that counts is its own cost: 6 against 1, 4, 9 and 16.
    var configuration = configuration()
    (configuration.criterion, configuration.discount) = (.discounted, 1)
    configuration.endsAtHorizon = true
    var agent = try PostDecisionValue(configuration: configuration, seed: 1) {
      Dirt($0, horizon: 1)
    }
    for _ in 0..<5 { _ = agent.update(workers: 1) }
    for dirt in 0...4 { #expect(abs(agent.afterstateValue([Float(dirt)])) < 1e-3) }
  }

  @Test func `exploring starts teach what to do where no policy leads`() throws {
    // Nobody sweeps at 4: in 3 steps from 0 there is 3 at most.
    var configuration = configuration(updates: 10)
    configuration.exploringStarts = 0.25
    var seen = Set<Float>()
    for starts in [0, 0.25] {
      configuration.exploringStarts = starts
      var agent = try PostDecisionValue(configuration: configuration, seed: 1) {
        Dirt($0, horizon: 3)
      }
      for _ in 0..<10 { _ = agent.update(workers: 1) }
      seen.insert(agent.afterstateValue([4]))
      guard starts > 0 else { continue }
      #expect((2...4).allSatisfy { agent.policy.greedyAction([Float($0)]) == 1 })
    }
    #expect(seen.count == 2)
  }

  /// What the copies of the first part see when a rollout has ended.
  private func seen(rolloutSteps: Int) throws -> (now: [Float], starts: [Float]) {
    var configuration = configuration()
    configuration.rolloutSteps = rolloutSteps
    configuration.lessonInterval = 4
    configuration.exploringStarts = 0.25
    var agent = try agent(configuration)
    _ = agent.update(workers: 1)
    let starts = (0..<32).map { copy in
      Float(
        RandomSource(seed: 1).integer(
          below: 5, .initialState, copy: UInt32(copy), step: UInt32(rolloutSteps)))
    }
    let now = try #require(
      agent.trainingTensors()["part.0.observations"]?.values(as: Float.self))
    return (now, starts)
  }

  @Test func `a quarter of the copies begin anywhere just before each lesson`() throws {
    // Lessons are after 3, 7, 11 … steps: of what is seen then.
    let before = try seen(rolloutSteps: 15)
    #expect(before.now.count == 32)
    #expect(before.now.prefix(8) == before.starts.prefix(8))
    #expect(before.now.suffix(24) != before.starts.suffix(24))
    for steps in [14, 16] {
      let other = try seen(rolloutSteps: steps)
      #expect(other.now.prefix(8) != other.starts.prefix(8), "after \(steps) steps")
    }
  }

  @Test func `features are put in the measure of where ordinary episodes lead`() throws {
    // Of one step each from no dirt: what is left is none, always.
    var configuration = configuration()
    configuration.exploringStarts = 0.25
    var agent = try PostDecisionValue(configuration: configuration, seed: 1) {
      Dirt($0, horizon: 1)
    }
    _ = agent.update(workers: 1)
    let tensors = agent.trainingTensors()
    #expect(tensors["inputs.means"]?.values(as: Float.self) == [0])
    #expect(tensors["inputs.deviations"]?.values(as: Float.self) == [1])
  }

  @Test func `a time limit that is no end is looked beyond`() throws {
    // Episodes of one step from no dirt: V(0) = γ (V(0) + max(V(1) − 1, V(0) − 6)) / 2 is below 0.
    var configuration = configuration()
    (configuration.criterion, configuration.discount) = (.discounted, 0.9)
    configuration.exploringStarts = 0.25
    var agent = try PostDecisionValue(configuration: configuration, seed: 1) {
      Dirt($0, horizon: 1)
    }
    for _ in 0..<20 { _ = agent.update(workers: 1) }
    #expect(agent.afterstateValue([0]) < -1)
  }

  @Test(arguments: [0, 0.25])
  func `the bits do not depend on the number of workers`(_ starts: Double) throws {
    var configuration = configuration(updates: 3)
    configuration.exploringStarts = starts
    var (one, two) = (try agent(configuration), try agent(configuration))
    for _ in 0..<3 { #expect(one.update(workers: 1) == two.update(workers: 2)) }
    #expect(one.policy == two.policy)
    #expect(one.trainingTensors() == two.trainingTensors())
    var other = try agent(configuration, seed: 2)
    for _ in 0..<3 { _ = other.update(workers: 1) }
    #expect(other.policy != one.policy)
  }

  @Test(arguments: [0, 0.25])
  func `a restored agent continues to the same bits`(_ starts: Double) throws {
    var configuration = configuration(updates: 6)
    configuration.exploringStarts = starts
    var whole = try agent(configuration)
    for _ in 0..<3 { _ = whole.update(workers: 1) }
    var resumed = try agent(configuration)
    try resumed.restore(policy: whole.policy, trainingTensors: whole.trainingTensors())
    for _ in 0..<3 { #expect(whole.update(workers: 1) == resumed.update(workers: 2)) }
    #expect(whole.policy == resumed.policy)
    #expect(whole.trainingTensors() == resumed.trainingTensors())
  }

  @Test func `a state of another seed or shape is refused and changes nothing`() throws {
    let configuration = configuration(updates: 6)
    var donor = try agent(configuration, seed: 2)
    _ = donor.update(workers: 1)
    var agent = try agent(configuration)
    let before = agent.trainingTensors()
    #expect(throws: LearnerStateError.self) {
      try agent.restore(policy: donor.policy, trainingTensors: donor.trainingTensors())
    }
    #expect(agent.trainingTensors() == before)
  }

  @Test func `every action of every state counts as a step`() throws {
    var agent = try agent(configuration())
    #expect(agent.update(workers: 1).stepsDone == 2 * 64 * 40)
  }

  @Test(arguments: [0, 0.7, 1] as [Float])
  func `returns are those of the naive sum`(_ decay: Float) {
    var rollout = AfterstateRollout(copies: 3, steps: 7, features: 1)
    let source = RandomSource(seed: 3)
    func number(_ i: Int, _ draw: Int) -> Float {
      Float(source.uniform(.evaluation, copy: UInt32(i), draw: draw))
    }
    for i in 0..<rollout.count {
      (rollout.values[i], rollout.captured[i]) = (number(i, 0), number(i, 1))
      rollout.bestNext[i] = number(i, 2)
      rollout.isGreedy[i] = number(i, 3) < 0.8
      rollout.continues[i] = number(i, 4) < 0.8
    }
    rollout.estimateReturns(discount: 0.9, traceDecay: decay, averageReward: 0.25)
    // δ of each step, summed forward with γλ until an end or another action than the best.
    for t in 0..<7 {
      for c in 0..<3 {
        var (sum, weight) = (Double(rollout.values[t * 3 + c]), 1.0)
        for k in t..<7 {
          let i = k * 3 + c
          if k > t {
            guard rollout.continues[i - 3], rollout.isGreedy[i] else { break }
            weight *= 0.9 * Double(decay)
          }
          let next = 0.9 * Double(rollout.bestNext[i])
          sum += weight * (Double(rollout.captured[i]) - 0.25 + next - Double(rollout.values[i]))
        }
        #expect(abs(Double(rollout.returns[t * 3 + c]) - sum) < 1e-5)
      }
    }
  }

  @Test(arguments: [
    ("copies", 0), ("lesson_interval", 41), ("sample_interval", 41), ("lessons", 100_000),
  ])
  func `what cannot be meant is said by name`(_ key: String, _ value: Int) throws {
    var configuration = configuration()
    switch key {
    case "copies": configuration.copies = value
    case "lesson_interval": configuration.lessonInterval = value
    case "sample_interval": configuration.sampleInterval = value
    default: configuration.lessons = value
    }
    let error = #expect(throws: LearningConfigurationError.self) { try configuration.validate() }
    #expect(error?.description.hasPrefix("\(key) is \(value)") == true)
  }
}
