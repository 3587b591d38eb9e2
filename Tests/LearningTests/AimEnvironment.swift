import Algebra
import Gym

/// A number is to be hit: the observation says which, the reward is minus the squared distance.
struct AimEnvironment: VectorEnvironment {
  let copies: Range<Int>
  private var source = RandomSource(seed: 0)
  private var step: UInt32 = 0

  init(copies: Range<Int>) { self.copies = copies }

  var count: Int { copies.count }
  var observationSpace: Space { .box(low: [0], high: [1]) }
  var actionSpace: Space { .box(low: [0], high: [1]) }
  var autoreset: Autoreset { .sameStep }

  private func aim(_ c: Int) -> Float {
    Float(source.uniform(.market, copy: UInt32(copies.lowerBound + c), step: step))
  }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    (source, step) = (RandomSource(seed: seed), 0)
    for c in 0..<count { transition.observations[c] = aim(c) }
  }

  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {}

  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    preconditionFailure("the actions are numbers")
  }

  mutating func step(values: [Float], into transition: inout VectorTransition) {
    for c in 0..<count {
      precondition(values[c] >= 0 && values[c] <= 1, "\(values[c]) is out of bounds")
      transition.rewards[c] = -(values[c] - aim(c)) * (values[c] - aim(c))
    }
    step += 1
    for c in 0..<count { transition.observations[c] = aim(c) }
  }

  func encodedState() -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: step >> (8 * UInt32($0))) }
      + (0..<8).map { UInt8(truncatingIfNeeded: source.seed >> (8 * UInt64($0))) }
  }

  mutating func restore(encodedState state: [UInt8]) throws(EnvironmentStateError) {
    guard state.count == 12 else { throw EnvironmentStateError("\(state.count) bytes") }
    step = (0..<4).reduce(0) { $0 | UInt32(state[$1]) << (8 * UInt32($1)) }
    source = RandomSource(
      seed: (0..<8).reduce(0) { $0 | UInt64(state[4 + $1]) << (8 * UInt64($1)) })
  }
}

/// Three actions of one state, which pay 0, 1 and 5; the last is never valid.
struct MaskedBandit: VectorEnvironment {
  let copies: Range<Int>

  init(copies: Range<Int>) { self.copies = copies }

  var count: Int { copies.count }
  var observationSpace: Space { .box(low: [0], high: [1]) }
  var actionSpace: Space { .discrete(count: 3) }
  var autoreset: Autoreset { .sameStep }
  var masksActions: Bool { true }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    for c in 0..<count {
      transition.observations[c] = 1
      for k in 0..<3 { transition.actionMasks[3 * c + k] = k < 2 }
    }
  }

  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {}

  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    for c in 0..<count {
      precondition(actions[c] < 2, "an invalid action was taken")
      transition.rewards[c] = Float(actions[c])
    }
  }

  func encodedState() -> [UInt8] { [] }
  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {}
}
