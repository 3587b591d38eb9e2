import Learning
import Testing

@Suite struct PlanningTests {
  /// A decision process of the tests as a law, with its slip.
  static func model(_ rules: [[Rule]], slip: Double = 0) throws -> FiniteModel {
    var (rewards, rows) = ([Double](), [FiniteModel.Row]())
    for choices in rules {
      for action in choices.indices {
        let outcomes = [
          (choices[action], 1 - slip), (choices[choices.count - 1 - action], slip),
        ]
        var probabilities = [Double](repeating: 0, count: rules.count)
        for (rule, probability) in outcomes {
          if let next = rule.next { probabilities[next] += probability }
        }
        rewards.append(outcomes.reduce(0) { $0 + $1.1 * Double($1.0.reward) })
        rows.append(FiniteModel.Row(first: 0, probabilities: probabilities))
      }
    }
    return try FiniteModel(
      stateCount: rules.count, actionCount: rules[0].count, rewards: rewards, transitions: rows)
  }

  @Test func `both iterations find the same discounted values, which no sweep changes`() throws {
    let model = try Self.model(.corridor, slip: 0.2)
    let swept = try model.valueIteration(.discounted, discount: 0.9, tolerance: 1e-10, limit: 1000)
    let solved = try model.policyIteration(.discounted, discount: 0.9, limit: 20)
    for (a, b) in zip(swept.values, solved.values) { #expect(abs(a - b) < 1e-9) }
    var values = [Double](repeating: 0, count: 5)
    func value(_ s: Int, _ a: Int) -> Double {
      let row = model.transitions[s * 2 + a].probabilities
      var sum = 0.0
      for i in 0..<5 { sum += row[i] * values[i] }
      return model.rewards[s * 2 + a] + 0.9 * sum
    }
    for _ in 0..<1000 { values = (0..<5).map { max(value($0, 0), value($0, 1)) } }
    for s in 0..<5 {
      let best = max(solved.values[2 * s], solved.values[2 * s + 1])
      #expect(abs(best - values[s]) < 1e-9)
    }
  }

  @Test(arguments: [10, 1, 0.1])
  func `values are as near the optimum as they say`(_ tolerance: Double) throws {
    let model = try Self.model(.corridor, slip: 0.2)
    let swept = try model.valueIteration(
      .discounted, discount: 0.9, tolerance: tolerance, limit: 1000)
    let solved = try model.policyIteration(.discounted, discount: 0.9, limit: 20)
    #expect(swept.error <= tolerance / 2)
    let distance = zip(swept.values, solved.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(distance <= swept.error + 1e-12)
    #expect(swept.rounds < 60)
  }

  /// A periodic chain, on which value iteration would swing for ever without staying.
  @Test func `the best mean reward of two loops is two fifths`() throws {
    let model = try Self.model(.twoLoops)
    let swept = try model.valueIteration(.averageReward, tolerance: 1e-9, limit: 100_000)
    #expect(abs(swept.averageReward - 0.4) < 1e-9)
    #expect(swept.values[1] > swept.values[0])
    let solved = try model.policyIteration(.averageReward, limit: 20)
    #expect(abs(solved.averageReward - 0.4) < 1e-12)
    for (a, b) in zip(swept.values, solved.values) { #expect(abs(a - b) < 1e-6) }
  }

  @Test func `an episode's end is worth nothing more`() throws {
    let model = try Self.model(.randomWalk, slip: 0.5)
    let solved = try model.policyIteration(.discounted, discount: 1, limit: 5)
    for s in 0..<5 { #expect(abs(solved.values[2 * s] - Double(s + 1) / 6) < 1e-12) }
  }

  @Test func `too few sweeps and a law that is none are refused with the reason`() throws {
    let model = try Self.model(.twoLoops)
    let error = #expect(throws: FiniteModelError.self) {
      try model.valueIteration(.averageReward, tolerance: 1e-9, limit: 3)
    }
    #expect(error?.description.hasPrefix("after 3 sweeps the bounds are") == true)
    let wrong = #expect(throws: FiniteModelError.self) {
      try FiniteModel(
        stateCount: 2, actionCount: 1, rewards: [0, 0],
        transitions: [
          .init(first: 0, probabilities: [0.5, 0.6]), .init(first: 1, probabilities: [1]),
        ])
    }
    #expect(wrong?.description.contains("row of state 0, action 0") == true)
  }
}
