import Algebra
import Foundation
import Gym

/// CartPole-v1: Gymnasium's equations and constants (Barto, Sutton, Anderson 1983), copies side by
/// side.
struct CartPole: VectorEnvironment {
  /// Position, velocity, angle in radians, angular velocity.
  typealias State = SIMD4<Double>

  static let gravity = 9.8
  static let massOfCart = 1.0
  static let massOfPole = 0.1
  static let totalMass = massOfPole + massOfCart
  /// Half of the pole's length.
  static let length = 0.5
  static let momentOfPole = massOfPole * length
  static let force = 10.0
  /// Seconds between two states.
  static let stepLength = 0.02
  static let angleLimit = 12 * 2 * Double.pi / 360
  static let positionLimit = 2.4
  static let horizon: Int32 = 500

  let copies: Range<Int>
  private var seed: UInt64 = 0
  private(set) var states: [State]
  private var steps: [Int32]
  private var episodes: [Int32]

  init(copies: Range<Int>) {
    self.copies = copies
    states = Array(repeating: .zero, count: copies.count)
    steps = Array(repeating: 0, count: copies.count)
    episodes = steps
  }

  var count: Int { copies.count }
  var observationSpace: Space {
    let high = [
      Float(2 * Self.positionLimit), .infinity, Float(2 * Self.angleLimit), .infinity,
    ]
    return .box(low: high.map { -$0 }, high: high)
  }
  /// Push to the left, push to the right.
  var actionSpace: Space { .discrete(count: 2) }
  var autoreset: Autoreset { .sameStep }

  /// One step of Euler's method.
  static func next(_ state: State, _ action: Int32) -> State {
    let (position, velocity, angle, spin) = (state.x, state.y, state.z, state.w)
    let push = action == 1 ? force : -force
    let (sine, cosine) = (sin(angle), cos(angle))
    let thrust = (push + momentOfPole * spin * spin * sine) / totalMass
    let angular =
      (gravity * sine - cosine * thrust)
      / (length * (4.0 / 3.0 - massOfPole * cosine * cosine / totalMass))
    let linear = thrust - momentOfPole * angular * cosine / totalMass
    return State(
      position + stepLength * velocity, velocity + stepLength * linear, angle + stepLength * spin,
      spin + stepLength * angular)
  }

  static func hasFallen(_ state: State) -> Bool {
    abs(state.x) > positionLimit || abs(state.z) > angleLimit
  }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    self.seed = seed
    for copy in 0..<count {
      begin(copy, episode: 0)
      show(copy, &transition.observations)
      transition.rewards[copy] = 0
      (transition.terminated[copy], transition.truncated[copy]) = (false, false)
    }
  }

  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {}

  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    for copy in 0..<count {
      states[copy] = Self.next(states[copy], actions[copy])
      steps[copy] += 1
      transition.rewards[copy] = 1
      transition.terminated[copy] = Self.hasFallen(states[copy])
      transition.truncated[copy] = !transition.terminated[copy] && steps[copy] >= Self.horizon
      if transition.terminated[copy] || transition.truncated[copy] {
        show(copy, &transition.finalObservations)
        begin(copy, episode: episodes[copy] + 1)
      }
      show(copy, &transition.observations)
    }
  }

  /// A start uniform in ±0.05.
  private mutating func begin(_ copy: Int, episode: Int32) {
    (episodes[copy], steps[copy]) = (episode, 0)
    let words: (UInt32, UInt32, UInt32, UInt32) = RandomSource(seed: seed).words(
      .initialState, copy: UInt32(copies.lowerBound + copy), episode: UInt32(episode), step: 0,
      draw: 0)
    states[copy] =
      (State(
        Double(unitInterval: words.0), Double(unitInterval: words.1),
        Double(unitInterval: words.2), Double(unitInterval: words.3)) - 0.5) * 0.1
  }

  private func show(_ copy: Int, _ observations: inout [Float]) {
    for i in 0..<4 { observations[4 * copy + i] = Float(states[copy][i]) }
  }

  func encodedState() -> [UInt8] {
    let states = states.flatMap { s in (0..<4).map { s[$0].bitPattern } }
    let counters = zip(steps, episodes).map { UInt64($0) << 32 | UInt64($1) }
    return ([seed] + states + counters).flatMap { n in
      (0..<8).map { UInt8(truncatingIfNeeded: n >> (8 * $0)) }
    }
  }

  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {
    guard encodedState.count == 8 * (1 + 5 * count) else {
      throw EnvironmentStateError("\(encodedState.count) bytes")
    }
    let numbers = (0..<encodedState.count / 8).map { i in
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(encodedState[8 * i + $1]) << (8 * $1) }
    }
    seed = numbers[0]
    for copy in 0..<count {
      for i in 0..<4 { states[copy][i] = Double(bitPattern: numbers[1 + 4 * copy + i]) }
      steps[copy] = Int32(truncatingIfNeeded: numbers[1 + 4 * count + copy] >> 32)
      episodes[copy] = Int32(truncatingIfNeeded: numbers[1 + 4 * count + copy])
    }
  }
}
