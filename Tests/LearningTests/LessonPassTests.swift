import Algebra
import Gym
import Learning
import Testing

/// The gradients of what a policy is taught, against finite differences in `Double`.
@Suite struct LessonPassTests {
  private static let copies = 4
  private static let features = 3
  private let random = RandomSource(seed: 4)
  private let network = sampleNetwork([3, 7, 4], .tanh)
  private static let band = ActionSearch.bands(.fraction(positions: 2))

  /// Twelve lessons: what is seen, and q of every candidate.
  private func lessons(_ candidates: Int) -> (AfterstateLessons, seen: [[Float]]) {
    var lessons = AfterstateLessons(actions: candidates, copies: Self.copies)
    var seen: [[Float]] = []
    for addition in 0..<3 {
      var now = Afterstates(copies: Self.copies, actions: candidates, features: 1)
      for i in now.rewards.indices {
        now.rewards[i] = Float(
          random.uniform(.evaluation, copy: UInt32(addition), step: UInt32(i)) * 3)
      }
      let rows = (0..<Self.copies).map { sampleInput(Self.features, row: 10 * addition + $0) }
      lessons.add(rows.flatMap { $0 }, now)
      seen += rows
    }
    // What comes after is worth nothing: q is the reward.
    let nothing = sampleNetwork([1, 1], .tanh).zeros
    var work = NetworkWorkspace(for: nothing, rows: 16)
    lessons.evaluate(nothing, &work)
    return (lessons, seen)
  }

  private func trials(_ search: ActionSearch, firstCopy: Int = 0, copies: Int = copies)
    -> ActionTrials
  {
    var trials = ActionTrials(search, copies: copies)
    trials.begin(
      .network(network), spread: 0.3, random, firstCopy: firstCopy, update: 1)
    return trials
  }

  /// The sum of the shares of two minibatches, each of two blocks of which one is not full.
  private func taught(
    _ search: ActionSearch, _ lessons: AfterstateLessons, unit: Float, size: Int
  ) -> (gradient: ReferenceNetwork, loss: Double) {
    let trials = trials(search)
    var pass = LessonPass(network, lessons, trials, rows: 4)
    pass.begin(
      lessons, trials, Standardization(features: Self.features), minibatches: 2, random, part: 0,
      update: 1)
    #expect((0..<2).map { pass.size(ofMinibatch: $0) } == [6, 6])
    var (gradient, loss) = (ReferenceNetwork(network.zeros), 0.0)
    for minibatch in 0..<2 {
      pass.run(network, minibatch: minibatch, size: size, unit: unit)
      let share = ReferenceNetwork(pass.gradient)
      for l in share.layers.indices {
        for j in share.layers[l].indices {
          for i in share.layers[l][j].indices { gradient.layers[l][j][i] += share.layers[l][j][i] }
        }
      }
      loss += pass.loss
    }
    return (gradient, loss)
  }

  private func expectDifferences(
    _ found: ReferenceNetwork, _ loss: (ReferenceNetwork) -> Double
  ) {
    LearningTests.expectDifferences(found, of: ReferenceNetwork(network), loss)
  }

  // Of a minibatch of 9 in all, of which this part has 6.
  @Test func `logits are taught the cross-entropy of the scores' softmax`() {
    let (lessons, seen) = lessons(4)
    let (gradient, loss) = taught(.each(count: 4), lessons, unit: 2, size: 9)
    func total(_ network: ReferenceNetwork) -> Double {
      seen.enumerated().reduce(0) { sum, row in
        let z = network.scores(row.element.map { Double($0) })
        let normaliser = Double.log(z.reduce(0) { $0 + Double.exp($1) })
        let wanted = (0..<4).map { Double.exp(2 * Double(lessons.score(row.offset, $0))) }
        let all = wanted.reduce(0, +)
        return (0..<4).reduce(sum) { $0 - wanted[$1] / all * (z[$1] - normaliser) / 9 }
      }
    }
    #expect(abs(loss - total(ReferenceNetwork(network))) < 1e-5)
    expectDifferences(gradient, total)
  }

  @Test func `edges climb by what the pair of a copy says of its own inclination`() {
    let (lessons, seen) = lessons(3)
    let (gradient, loss) = taught(Self.band, lessons, unit: 0.7, size: 9)
    let trials = trials(Self.band)
    func total(_ network: ReferenceNetwork) -> Double {
      seen.enumerated().reduce(0) { sum, row in
        let z = network.scores(row.element.map { Double($0) })
        let slope = Double(lessons.score(row.offset, 1) - lessons.score(row.offset, 2)) * 0.7 / 2
        return (0..<4).reduce(sum) {
          let direction = trials.direction($1, copy: row.offset % Self.copies)
          return $0 - slope * Double(direction) * z[$1] / 9
        }
      }
    }
    expectDifferences(gradient, total)
    // What the better of the two has over the edges themselves.
    let gains = seen.indices.map { lesson in
      let q = (0..<3).map { Double(lessons.score(lesson, $0)) }
      return max(max(q[1], q[2]) - q[0], 0) / 9
    }
    #expect(abs(loss - gains.reduce(0, +)) < 1e-5)
  }

  @Test func `a copy's inclination does not depend on the part that it is in`() {
    let (whole, part) = (trials(Self.band), trials(Self.band, firstCopy: 2, copies: 2))
    for output in 0..<4 {
      for copy in 0..<2 {
        #expect(part.direction(output, copy: copy) == whole.direction(output, copy: copy + 2))
      }
      #expect(Set((0..<4).map { whole.direction(output, copy: $0) }).count == 4)
    }
  }
}

/// One position per copy, always 10 above its best; remembers which actions were tried and done.
private struct Still: AfterstateEnvironment {
  let count: Int
  private var tried: [Float] = []
  /// What was tried at the decision of the last step, shape [candidates, copies], and what was done.
  private var decided: [Float] = []
  private var done: [Float] = []

  init(_ copies: Range<Int>) { count = copies.count }

  var observationSpace: Space { .box(low: [-20], high: [20]) }
  var actionSpace: Space { .box(low: [0], high: [1]) }
  var autoreset: Autoreset { .disabled }
  var afterstateSize: Int { 1 }
  var motion: BoxMotion? { .fraction(positions: 1) }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    transition.observations = Array(repeating: 10, count: count)
  }

  mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {}
  mutating func resetAnywhere(where mask: [Bool], into transition: inout VectorTransition) {}
  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {}

  mutating func step(values: [Float], into transition: inout VectorTransition) {
    (decided, done) = (tried, values)
  }

  mutating func writeAfterstates(into afterstates: inout Afterstates) {}

  mutating func writeAfterstates(of values: [Float], into afterstates: inout Afterstates) {
    tried = values
    // Features that never vary leave the unit of edges at 1.
    for i in values.indices { afterstates.rewards[i] = -values[i] }
  }

  func encodedState() -> [UInt8] {
    (decided + done).flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
    }
  }

  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {}
}

@Suite struct ActionTrialsTests {
  /// What each of 8 copies tried and did at the last step of an update, of the only part.
  private func decisions(after updates: Int) throws -> (tried: [[Float]], done: [Float]) {
    var configuration = PostDecisionValueConfiguration()
    (configuration.copies, configuration.parts) = (8, 1)
    configuration.rolloutSteps = 4
    configuration.totalSteps = 1_000
    (configuration.hiddenSizes, configuration.policyHiddenSizes) = ([4], [4])
    (configuration.lessonInterval, configuration.lessons) = (2, 2)
    configuration.sampleInterval = 1
    var agent = try PostDecisionValue(configuration: configuration, seed: 1) { Still($0) }
    for _ in 0..<updates { _ = agent.update(workers: 1) }
    let bytes = try #require(
      agent.trainingTensors()["part.0.environment"]?.values(as: UInt8.self))
    let numbers = stride(from: 0, to: bytes.count, by: 4).map { first in
      Float(
        bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[first + $1]) << UInt32(8 * $1) })
    }
    try #require(numbers.count == 32)
    let tried = (0..<3).map { Array(numbers[$0 * 8..<($0 + 1) * 8]) }
    return (tried, Array(numbers[24...]))
  }

  @Test func `the edges of the pair are moved as far one way as the other`() throws {
    let (tried, done) = try decisions(after: 2)
    for copy in 0..<8 {
      // What is left of 10 is an edge, exp z: z ± s n have z as their mean.
      let left = tried.map { 1 - $0[copy] }
      #expect(left[0] > 0 && left[0] < 1)
      #expect(abs(left[1] * left[2] / (left[0] * left[0]) - 1) < 1e-3, "copy \(copy)")
      #expect(abs(left[1] / left[0] - 1) > 1e-3)
    }
    // The first half explores, by the first of the pair; the others do what the policy does.
    #expect(done == Array(tried[1].prefix(4) + tried[0].suffix(4)))
    #expect(tried[0] != tried[1])
  }

  @Test func `before anything is known, who explores leaves everything as it is`() throws {
    let (tried, done) = try decisions(after: 1)
    #expect(done.prefix(4).allSatisfy { $0 == 0 })
    #expect(tried[2].allSatisfy { $0 > 0.999 })
    #expect(Array(done.suffix(4)) == Array(tried[0].suffix(4)))
    #expect(done.suffix(4).allSatisfy { $0 > 0 && $0 < 1 })
  }
}
