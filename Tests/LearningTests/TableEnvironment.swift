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
  /// The state that every episode begins in; any at random where there is none.
  var start: Int?
  /// Whether the state's rewards have noise of deviation 1 added.
  var noisy: Set<Int> = []
  private var seed: UInt64 = 0
  private var states: [Int32]
  private var steps: [Int32]
  private var episodes: [Int32]

  init(
    _ rules: [[Rule]], copies: Range<Int>, horizon: Int32 = .max, slip: Double = 0,
    isOneHot: Bool = true, start: Int? = nil, noisy: Set<Int> = []
  ) {
    self.rules = rules
    self.start = start
    self.noisy = noisy
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
      transition.rewards[c] = choices[action].reward + noise(c)
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

  /// Of the step just counted, in the state before it.
  private func noise(_ c: Int) -> Float {
    guard noisy.contains(Int(states[c])) else { return 0 }
    let normals: (Double, Double, Double, Double) = RandomSource(seed: seed).normals(
      .market, copy: UInt32(copies.lowerBound + c), episode: UInt32(episodes[c]),
      step: UInt32(steps[c]), draw: 1)
    return Float(normals.0)
  }

  private mutating func begin(_ c: Int, episode: Int32) {
    episodes[c] = episode
    steps[c] = 0
    states[c] = Int32(
      start
        ?? RandomSource(seed: seed).integer(
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

  /// Five states in a row, left or right by a coin whatever is done; 1 at the right end (Sutton and
  /// Barto 2018, example 6.2). The value of state s, counted from 0, is (s + 1)/6.
  static let randomWalk: Self = (0..<5).map { s in
    [
      Rule(next: s > 0 ? s - 1 : nil, reward: 0),
      Rule(next: s < 4 ? s + 1 : nil, reward: s == 4 ? 1 : 0),
    ]
  }

  /// Four rows of twelve cells from the top left; −1 a step, −100 and back to the start (cell 36)
  /// from the cliff between it and the goal (cell 47) (Sutton and Barto 2018, example 6.6). Actions:
  /// up, right, down, left.
  static let cliff: Self = (0..<48).map { cell in
    [(-1, 0), (0, 1), (1, 0), (0, -1)].map { down, right in
      let row = Swift.min(Swift.max(cell / 12 + down, 0), 3)
      let column = Swift.min(Swift.max(cell % 12 + right, 0), 11)
      if row == 3, column == 11 { return Rule(next: nil, reward: -1) }
      if row == 3, column > 0 { return Rule(next: 36, reward: -100) }
      return Rule(next: row * 12 + column, reward: -1)
    }
  }

  /// From state 0 actions 0 to 4 end the episode, 5 to 9 lead to state 1, where each of ten ends it
  /// with −0.1 and, where it is noisy, noise (Sutton and Barto 2018, example 6.7, with as many actions
  /// in both states).
  static let maximizationBias: Self = [
    (0..<10).map { Rule(next: $0 < 5 ? nil : 1, reward: 0) },
    (0..<10).map { _ in Rule(next: nil, reward: -0.1) },
  ]

  /// Staying in state 0 pays 1, in state 1 it pays 2; moving pays 0 from state 0 and −1 from state 1.
  static let twoStates: Self = [
    [Rule(next: 0, reward: 1), Rule(next: 1, reward: 0)],
    [Rule(next: 1, reward: 2), Rule(next: 0, reward: -1)],
  ]
}
