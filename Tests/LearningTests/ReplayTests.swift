import Algebra
import Learning
import Testing

@Suite struct ReplayTests {
  private let random = RandomSource(seed: 2)

  private func uniform(_ i: Int, draw: Int = 0) -> Double {
    random.uniform(.evaluation, step: UInt32(i), draw: draw)
  }

  // MARK: - Sum tree

  @Test(arguments: [1, 2, 7, 64, 100])
  func `a sum tree finds what a walk along the numbers finds`(count: Int) {
    var tree = SumTree(count: count)
    var numbers = [Double](repeating: 0, count: count)
    for change in 0..<300 {
      let i = Int(uniform(change) * Double(count))
      numbers[i] = change % 3 == 0 && count > 1 && i > 0 ? 0 : uniform(change, draw: 1) + 0.01
      tree[i] = numbers[i]
      let total = numbers.reduce(0, +)
      #expect(tree[i] == numbers[i] && abs(tree.total - total) < 1e-12)
      guard total > 0 else { continue }
      let mass = uniform(change, draw: 2) * total
      var (sum, expected) = (0.0, 0)
      for (j, number) in numbers.enumerated() {
        expected = j
        sum += number
        if sum > mass { break }
      }
      #expect(tree.index(at: mass) == expected)
    }
  }

  @Test func `a sum tree never finds a zero, even at its very end`() {
    var tree = SumTree(count: 6)
    (tree[1], tree[3]) = (0.1, 0.7)
    #expect(tree.index(at: 0) == 1)
    #expect(tree.index(at: tree.total) == 3)
    #expect(tree.index(at: 10) == 3)
  }

  // MARK: - Draws

  @Test func `priorities are drawn in proportion and weighted against it`() {
    var replay = sampleReplay(transitions: 10, capacity: 16, priorityExponent: 0.5)
    let errors: [Float] = (0..<10).map { Float($0 * $0) + 0.25 }
    replay.setPriorities((0..<10).map { $0 }, errors: errors)
    let priorities = errors.map { Double(abs($0) + 1e-6).squareRoot() }
    let total = priorities.reduce(0, +)
    var counts = [Double](repeating: 0, count: 10)
    var (samples, weights) = ([Int32](repeating: 0, count: 32), [Float](repeating: 0, count: 32))
    for draw in 0..<2_000 {
      replay.draw(draw, random, weightExponent: 0.7, samples: &samples, weights: &weights)
      for sample in samples { counts[Int(sample)] += 1 / 64_000 }
      guard draw < 20 else { continue }
      let raw = samples.map { Double.exp(-0.7 * Double.log(10 * priorities[Int($0)] / total)) }
      let largest = raw.max() ?? 0
      for i in 0..<32 { #expect(abs(Double(weights[i]) - raw[i] / largest) < 1e-5) }
      // Stratified: one sample from each of 32 equal shares of the total.
      #expect(samples == samples.sorted())
    }
    for i in 0..<10 { #expect(abs(counts[i] - priorities[i] / total) < 0.004) }
  }

  @Test func `a new transition has the largest priority that there ever was`() {
    var replay = sampleReplay(transitions: 4, capacity: 8, priorityExponent: 1)
    replay.setPriorities([0, 1, 2, 3], errors: [100, 50, 50, 50])
    replay.setPriorities([0], errors: [50])
    let observations: [Float] = [1, 2]
    replay.add(
      0, of: observations, action: 0, return: 0, discount: 1, length: 1, next: 0, of: observations)
    var (samples, weights) = ([Int32](repeating: 0, count: 64), [Float](repeating: 0, count: 64))
    replay.draw(0, random, weightExponent: 1, samples: &samples, weights: &weights)
    // 100 of 300: a third of the strata, and one more where its share begins.
    let count = samples.reduce(0) { $0 + ($1 == 4 ? 1 : 0) }
    #expect((21...22).contains(count))
    for i in 0..<64 { #expect(abs(weights[i] - (samples[i] == 4 ? 0.5 : 1)) < 1e-5) }
  }

  @Test func `without priorities every transition is drawn alike and weighs one`() {
    var replay = sampleReplay(transitions: 10, capacity: 16, priorityExponent: 0)
    var counts = [Int](repeating: 0, count: 10)
    var (samples, weights) = ([Int32](repeating: 0, count: 70), [Float](repeating: 0, count: 70))
    var seen = Set<[Int32]>()
    for draw in 0..<500 {
      replay.draw(draw, random, weightExponent: 1, samples: &samples, weights: &weights)
      seen.insert(samples)
      for sample in samples { counts[Int(sample)] += 1 }
      #expect(weights.allSatisfy { $0 == 1 })
    }
    #expect(seen.count == 500)
    // 3,500 each with a deviation of 56.
    for count in counts { #expect(abs(count - 3_500) < 280) }
  }

  @Test func `the oldest transition makes room`() {
    var replay = sampleReplay(transitions: 11, capacity: 8, priorityExponent: 0)
    #expect(replay.count == 8)
    #expect(replay.returns == [8, 9, 10, 3, 4, 5, 6, 7])
    var (samples, weights) = ([Int32](repeating: 0, count: 64), [Float](repeating: 0, count: 64))
    replay.draw(0, random, weightExponent: 1, samples: &samples, weights: &weights)
    #expect(Set(samples).count == 8)
  }

  private func sampleReplay(
    transitions: Int, capacity: Int, priorityExponent: Double
  ) -> ReplayBuffer {
    var replay = ReplayBuffer(
      capacity: capacity, features: 2, priorityExponent: priorityExponent)
    let observations = (0..<2 * transitions + 2).map { Float($0) }
    for i in 0..<transitions {
      replay.add(
        i, of: observations, action: Int32(i % 3), return: Float(i), discount: 0.9, length: 1,
        next: i + 1, of: observations)
    }
    return replay
  }

  // MARK: - Returns of several steps

  /// A transition as the definition says it.
  private struct Expected: Hashable {
    var observation, action, total, discount, length, next: Float
  }

  @Test(arguments: [1, 2, 3, 7])
  func `returns of n steps are those of lists that are cut and summed`(n: Int) {
    let copies = 3
    var queue = NStepQueue(copies: copies, length: n, features: 1, discount: 0.9)
    var replay = ReplayBuffer(capacity: 1_000, features: 1)
    var episodes = [[(observation: Float, action: Int32, reward: Float)]](
      repeating: [], count: copies)
    var expected = [Expected]()
    var observations = (0..<copies).map { Float($0) }
    for t in 0..<100 {
      let actions = (0..<copies).map { Int32(uniform(3 * t + $0) * 5) }
      queue.begin(observations, actions)
      let next = (0..<copies).map { Float(copies * (t + 1) + $0) }
      for c in 0..<copies {
        let reward = Float(uniform(3 * t + c, draw: 1))
        let fate = uniform(3 * t + c, draw: 2)
        let (terminated, truncated) = (fate < 0.08, fate > 0.9)
        queue.end(
          c, reward: reward, terminated: terminated, truncated: truncated, next: next, masks: [],
          into: &replay)
        episodes[c].append((observations[c], actions[c], reward))
        let isOver = terminated || truncated
        let last = episodes[c].count - 1
        // Complete are the step n before the newest, and all that are left when the episode ends.
        for start in max(0, last - n + 1)...last where isOver || last - start == n - 1 {
          let steps = episodes[c][start...]
          var total: Float = 0
          for step in steps.reversed() { total = step.reward + 0.9 * total }
          let power = (0..<steps.count).reduce(Float(1)) { power, _ in power * 0.9 }
          expected.append(
            Expected(
              observation: steps[start].observation, action: Float(steps[start].action),
              total: total, discount: terminated ? 0 : power, length: Float(steps.count),
              next: next[c]))
        }
        if isOver { episodes[c] = [] }
      }
      observations = next.map { $0 }
    }
    #expect(replay.count == expected.count && expected.count > 200)
    for (i, transition) in expected.enumerated() {
      let found = Expected(
        observation: replay.observations[i], action: Float(replay.actions[i]),
        total: transition.total, discount: replay.discounts[i], length: replay.lengths[i],
        next: replay.nextObservations[i])
      #expect(found == transition)
      #expect(abs(replay.returns[i] - transition.total) < 1e-5)
    }
  }
}
