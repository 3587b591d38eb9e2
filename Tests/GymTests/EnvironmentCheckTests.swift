import Gym
import Synchronization
import Testing

/// What is broken in a stub.
enum Fault: Sendable {
  case none, outside, badReset, hiddenState, hiddenReset, badReward, endless, bothFlags
  case boxActions, discreteObservations, crossedBounds, sharedState
}

/// Counts calls over all copies: what an environment must not have.
private final class HiddenState: Sendable {
  let calls = Atomic(0)
  func next() -> Float {
    Float(calls.add(1, ordering: .relaxed).newValue % 1_000) / 1_000
  }
}

/// Walks from 0 to 1 in ten steps.
private struct Stub: Environment {
  var fault = Fault.none
  private let hidden = HiddenState()
  private var steps = 0

  init(_ fault: Fault) { self.fault = fault }

  var observationSpace: Space {
    switch fault {
    case .discreteObservations: .discrete(count: 2)
    case .crossedBounds: .box(low: [1], high: [0])
    default: .box(low: [0], high: [1])
    }
  }

  var actionSpace: Space {
    fault == .boxActions ? .box(low: [1], high: [0]) : .discrete(count: 2)
  }

  mutating func reset(seed: UInt64?) -> [Float] {
    steps = 0
    switch fault {
    case .badReset: return [.nan]
    case .hiddenReset: return [hidden.next()]
    default: return [0]
    }
  }

  mutating func step(_ action: Int) -> Transition {
    steps += 1
    let last = steps == 10 && fault != .endless
    var transition = Transition(
      observation: [min(Float(steps) / 10, 1)], reward: Double(action), terminated: false,
      truncated: last)
    switch fault {
    case .outside where steps == 3: transition.observation = [1.5]
    case .hiddenState: transition.observation = [hidden.next()]
    case .badReward where steps == 4: transition.reward = .nan
    case .bothFlags: transition.terminated = last
    default: break
    }
    return transition
  }
}

/// Two copies that count to five, under any autoreset mode.
private struct VectorStub: VectorEnvironment {
  var fault = Fault.none
  var autoreset: Autoreset
  private let hidden = HiddenState()
  private var steps = [0, 3]

  init(_ fault: Fault, _ autoreset: Autoreset = .sameStep) {
    self.fault = fault
    self.autoreset = autoreset
  }

  let count = 2
  var observationSpace: Space {
    fault == .discreteObservations ? .discrete(count: 1) : .box(low: [0], high: [1])
  }
  let actionSpace = Space.discrete(count: 3)

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    steps = [0, 3]
    reset(where: [false, false], into: &transition)
    if fault == .hiddenReset { transition.observations[0] = hidden.next() }
  }

  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {
    for copy in 0..<count {
      if mask[copy] { steps[copy] = 0 }
      transition.observations[copy] = Float(steps[copy]) / 5
      transition.rewards[copy] = 0
      (transition.terminated[copy], transition.truncated[copy]) = (false, false)
    }
  }

  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    for copy in 0..<count {
      let isReset = autoreset == .nextStep && steps[copy] == 5
      steps[copy] = isReset ? 0 : steps[copy] + 1
      let ended = steps[copy] == 5
      transition.rewards[copy] = isReset && fault != .badReset ? 0 : 1
      transition.truncated[copy] = ended
      transition.terminated[copy] = fault == .bothFlags && ended
      if ended, autoreset == .sameStep {
        transition.finalObservations[copy] = fault == .outside ? 2 : 1
        steps[copy] = 0
      }
      transition.observations[copy] = Float(steps[copy]) / 5
    }
    if fault == .hiddenState { transition.observations[1] = hidden.next() }
    if fault == .badReward, steps[1] == 4 { transition.rewards[1] = .nan }
    if fault == .badReset, autoreset != .nextStep { transition.observations[0] = -1 }
  }

  func encodedState() -> [UInt8] {
    // A state that forgets a copy.
    fault == .sharedState ? [UInt8(steps[0])] : steps.map { UInt8($0) }
  }

  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {
    guard fault != .endless else { throw EnvironmentStateError("no room") }
    steps = encodedState.map { Int($0) }
    if steps.count == 1 { steps.append(0) }
  }
}

@Suite struct EnvironmentCheckTests {
  @Test func `a sound environment passes`() throws {
    try checkEnvironment(Stub(.none), episodes: 3)
  }

  @Test(
    arguments: [
      (.outside, "the observation at step 2 is outside its space: [1.5]"),
      (.badReset, "the observation at reset is outside its space: [nan]"),
      (.hiddenReset, "two resets with seed 1 give different observations"),
      (.hiddenState, "step 0 of episode 0 differs between two runs with seed 1"),
      (.badReward, "the reward at step 3 is nan"),
      (.endless, "no end of the episode within 50 steps"),
      (.bothFlags, "step 9 is both terminated and truncated"),
      (.boxActions, "the bounds of the action space do not fit: [1.0] to [0.0]"),
      (.discreteObservations, "the observation space is not a box"),
      (.crossedBounds, "the bounds of the observation space do not fit: [1.0] to [0.0]"),
    ] as [(Fault, String)])
  func `a broken environment is found`(_ fault: Fault, _ message: String) {
    do {
      try checkEnvironment(Stub(fault), stepLimit: 50)
      Issue.record("no error")
    } catch { #expect(error.description == message) }
  }

  @Test(arguments: Autoreset.allCases)
  func `a sound vector environment passes`(_ autoreset: Autoreset) throws {
    try checkVectorEnvironment(VectorStub(.none, autoreset), steps: 31)
  }

  @Test(
    arguments: [
      (
        .outside, .sameStep,
        "the observation at the end of copy 1 at step 1 is outside its space: [2.0]"
      ),
      (.badReset, .sameStep, "the observation at step 0 of copy 0 is outside its space: [-1.0]"),
      (.badReset, .nextStep, "copy 1 must only reset at step 2, after its episode's end"),
      (.hiddenReset, .sameStep, "two resets with seed 1 give different observations"),
      (.hiddenState, .sameStep, "step 0 differs between two runs with seed 1"),
      (.badReward, .sameStep, "the reward at step 0 of copy 1 is nan"),
      (.bothFlags, .sameStep, "step 1 of copy 1 is both terminated and truncated"),
      (.sharedState, .sameStep, "step 10 differs between two runs with seed 1"),
      (.endless, .sameStep, "its own state is refused: no room"),
      (.discreteObservations, .sameStep, "the observation space is not a box"),
    ] as [(Fault, Autoreset, String)])
  func `a broken vector environment is found`(
    _ fault: Fault, _ autoreset: Autoreset, _ message: String
  ) {
    do {
      try checkVectorEnvironment(VectorStub(fault, autoreset), steps: 20)
      Issue.record("no error")
    } catch { #expect(error.description == message) }
  }
}
