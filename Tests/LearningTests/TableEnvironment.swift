import Algebra
import Gym

/// A decision process written down as a table: `rules[state][action]` is the next state (nil ends the
/// episode) and the reward. With probability `slip` the action is replaced by the other extreme.
struct Rule: Sendable, Hashable {
  let next: Int?
  let reward: Float
}

struct TableEnvironment: VectorEnvironment {
  let rules: [[Rule]]
  let copies: Range<Int>
  var horizon = Int32.max
  var slip = 0.0
  /// Whether the observation is the state's unit vector or its number.
  var isOneHot = true
  private var seed: UInt64 = 0
  private var states: [Int32]
  private var steps: [Int32]
  private var episodes: [Int32]

  init(
    _ rules: [[Rule]], copies: Range<Int>, horizon: Int32 = .max, slip: Double = 0,
    isOneHot: Bool = true
  ) {
    self.rules = rules
    self.copies = copies
    self.horizon = horizon
    self.slip = slip
    self.isOneHot = isOneHot
    states = Array(repeating: 0, count: copies.count)
    (steps, episodes) = (states, states)
  }

  var count: Int { copies.count }
  var observationSpace: Space {
    isOneHot
      ? .box(low: 0, high: 1, dimensions: rules.count)
      : .box(low: [0], high: [Float(rules.count)])
  }
  var actionSpace: Space { .discrete(count: rules[0].count) }
  var autoreset: Autoreset { .sameStep }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    self.seed = seed
    for c in 0..<count { begin(c, episode: 0) }
    for c in 0..<count { show(states[c], c, &transition.observations) }
  }

  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {}

  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    let random = RandomSource(seed: seed)
    for c in 0..<count {
      let u = random.uniform(
        .market, copy: UInt32(copies.lowerBound + c), episode: UInt32(episodes[c]),
        step: UInt32(steps[c]))
      let choices = rules[Int(states[c])]
      let action = u < slip ? choices.count - 1 - Int(actions[c]) : Int(actions[c])
      steps[c] += 1
      transition.rewards[c] = choices[action].reward
      transition.terminated[c] = choices[action].next == nil
      transition.truncated[c] = choices[action].next != nil && steps[c] >= horizon
      states[c] = Int32(choices[action].next ?? Int(states[c]))
      if transition.terminated[c] || transition.truncated[c] {
        show(states[c], c, &transition.finalObservations)
        begin(c, episode: episodes[c] + 1)
      }
      show(states[c], c, &transition.observations)
    }
  }

  private mutating func begin(_ c: Int, episode: Int32) {
    episodes[c] = episode
    steps[c] = 0
    states[c] = Int32(
      RandomSource(seed: seed).integer(
        below: rules.count, .initialState, copy: UInt32(copies.lowerBound + c),
        episode: UInt32(episode)))
  }

  private func show(_ state: Int32, _ c: Int, _ observations: inout [Float]) {
    guard isOneHot else {
      observations[c] = Float(state) + 0.5
      return
    }
    for s in rules.indices { observations[c * rules.count + s] = s == Int(state) ? 1 : 0 }
  }

  func encodedState() -> [UInt8] {
    let numbers = [Int32(truncatingIfNeeded: seed)] + states + steps + episodes
    return numbers.flatMap { n in (0..<4).map { UInt8(truncatingIfNeeded: n >> (8 * $0)) } }
  }

  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {
    guard encodedState.count == 4 * (3 * count + 1) else {
      throw EnvironmentStateError("\(encodedState.count) bytes")
    }
    let numbers = stride(from: 0, to: encodedState.count, by: 4).map { i in
      (0..<4).reduce(Int32(0)) { $0 | Int32(encodedState[i + $1]) << (8 * $1) }
    }
    seed = UInt64(numbers[0])
    states = Array(numbers[1..<1 + count])
    steps = Array(numbers[1 + count..<1 + 2 * count])
    episodes = Array(numbers[1 + 2 * count..<1 + 3 * count])
  }
}

extension [[Rule]] {
  /// Five cells in a row: left pays 0.1 in the first one, right pays 1 in the last one.
  static let corridor: Self = (0..<5).map { s in
    [
      Rule(next: s > 0 ? s - 1 : 0, reward: s == 0 ? 0.1 : 0),
      Rule(next: s < 4 ? s + 1 : 4, reward: s == 4 ? 1 : 0),
    ]
  }

  /// Action s ends the episode with 1, any other with 0, in each of three states.
  static let bandit: Self = (0..<3).map { s in
    (0..<3).map { Rule(next: nil, reward: $0 == s ? 1 : 0) }
  }

  /// Mahadevan's two loops of five steps from state 0: action 0 pays 1 at once, action 1 pays 2 at the
  /// end. The best mean reward is 2/5.
  static let twoLoops: Self = {
    var rules: Self = [[Rule(next: 1, reward: 1), Rule(next: 5, reward: 0)]]
    for s in 1...8 {
      let rule = Rule(next: s % 4 == 0 ? 0 : s + 1, reward: s == 8 ? 2 : 0)
      rules.append([rule, rule])
    }
    return rules
  }()
}
