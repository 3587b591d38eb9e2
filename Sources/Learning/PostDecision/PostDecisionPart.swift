import Algebra
import Gym

/// A share of the copies with everything that is done to them between two synchronisations.
struct PostDecisionPart<E: AfterstateEnvironment>: Sendable {
  let index: Int
  var rollout: AfterstateRollout
  /// States of the rollout that the policy is taught at.
  var lessons: AfterstateLessons
  /// Sum and number of the rewards of copies that only did what is best.
  private(set) var greedyReward = 0.0
  /// The first copy that only does what is best.
  let firstGreedy: Int
  /// The first copy whose episodes begin where the environment has them begin.
  let firstOrdinary: Int
  private(set) var greedySteps = 0
  private var environment: E
  private var transition: VectorTransition
  private var afterstates: Afterstates
  private let firstCopy: Int
  /// Shape [actions, copies]: c(s, a) + V(y(s, a)).
  private var scores: [Float]
  /// Shape [actions, copies]: V(y(s, a)).
  private var values: [Float]
  /// Shape [actions, copies]: added to the scores of copies that explore.
  private var inclinations: [Float]
  private var actions: [Int32]
  private var work: NetworkWorkspace

  init(
    _ environment: E, index: Int, copies: Range<Int>, actionCount: Int,
    configuration: PostDecisionValueConfiguration, seed: UInt64, value: Network
  ) {
    self.index = index
    self.environment = environment
    firstCopy = copies.lowerBound
    firstGreedy = Int(configuration.exploringShare * Double(copies.count))
    firstOrdinary = Int(configuration.exploringStarts * Double(copies.count))
    let (count, features) = (copies.count, environment.afterstateSize)
    rollout = AfterstateRollout(
      copies: count, steps: configuration.rolloutSteps, features: features)
    lessons = AfterstateLessons(
      features: environment.observationSpace.size, actions: actionCount, copies: count)
    transition = VectorTransition(count: count, features: environment.observationSpace.size)
    afterstates = Afterstates(copies: count, actions: actionCount, features: features)
    scores = Array(repeating: 0, count: count * actionCount)
    values = scores
    inclinations = scores
    actions = Array(repeating: 0, count: count)
    work = NetworkWorkspace(for: value, rows: 256)
    self.environment.reset(seed: seed, into: &transition)
  }

  /// Plays one rollout.
  ///
  /// - Parameters:
  ///   - value: V as a function of afterstates.
  ///   - spread: the size of the inclinations of copies that explore.
  mutating func play(
    _ value: Network, spread: Float, _ random: RandomSource, update: UInt32,
    configuration: PostDecisionValueConfiguration
  ) {
    drawInclinations(spread, random, update)
    lessons.removeAll()
    (greedyReward, greedySteps) = (0, 0)
    evaluate(value)
    for t in 0..<rollout.steps {
      choose(step: t)
      if t % configuration.lessonInterval == configuration.lessonInterval - 1 {
        lessons.add(transition.observations, afterstates)
      }
      environment.step(actions, into: &transition)
      evaluate(value)
      // Just before a lesson, so that there is one of every start.
      let cut = (t + 2) % configuration.lessonInterval == 0 ? firstOrdinary : 0
      record(step: t, cut: cut, endsAtHorizon: configuration.endsAtHorizon)
      if beginEpisodes(cut: cut) { evaluate(value) }
    }
  }

  /// c + V(y) of all actions of all copies.
  private mutating func evaluate(_ value: Network) {
    environment.writeAfterstates(into: &afterstates)
    value.values(of: afterstates.features, into: &values, &work)
    for i in scores.indices { scores[i] = afterstates.rewards[i] + values[i] }
  }

  /// The best action of a copy, the lowest of equals, and its score.
  private func best(_ copy: Int, inclined: Bool = false) -> (action: Int, score: Float) {
    let copies = afterstates.copies
    var best = (action: 0, score: -Float.infinity)
    for a in 0..<afterstates.actions {
      let i = a * copies + copy
      let score = inclined ? scores[i] + inclinations[i] : scores[i]
      if score > best.score { best = (a, score) }
    }
    return best
  }

  private mutating func choose(step t: Int) {
    let (copies, features) = (rollout.copies, rollout.features)
    for c in 0..<copies {
      let greedy = best(c).action
      let action = best(c, inclined: true).action
      actions[c] = Int32(action)
      let (sample, row) = (t * copies + c, action * copies + c)
      rollout.isGreedy[sample] = action == greedy
      rollout.values[sample] = scores[row] - afterstates.rewards[row]
      rollout.captured[sample] = -afterstates.rewards[row]
      rollout.afterstates.copy(
        features, from: afterstates.features, at: row * features, to: sample * features)
    }
  }

  /// Notes what a step led to: the reward, whether the episode goes on, and what is to come.
  ///
  /// - Parameter cut: the first copies, whose episodes are left.
  private mutating func record(step t: Int, cut: Int, endsAtHorizon: Bool) {
    for c in 0..<rollout.copies {
      let sample = t * rollout.copies + c
      rollout.captured[sample] += transition.rewards[c]
      rollout.continues[sample] = !(transition.terminated[c] || transition.truncated[c] || c < cut)
      let isFinal = transition.terminated[c] || (transition.truncated[c] && endsAtHorizon)
      rollout.bestNext[sample] = isFinal ? 0 : best(c).score
      guard c >= firstGreedy else { continue }
      greedyReward += Double(transition.rewards[c])
      greedySteps += 1
    }
  }

  /// Begins new episodes where they have ended or are left; returns whether there are any.
  private mutating func beginEpisodes(cut: Int) -> Bool {
    var ended = zip(transition.terminated, transition.truncated).map { $0 || $1 }
    for c in 0..<cut { ended[c] = true }
    guard ended.contains(true) else { return false }
    let anywhere = ended.indices.map { ended[$0] && $0 < firstOrdinary }
    for c in 0..<firstOrdinary { ended[c] = false }
    environment.resetAnywhere(where: anywhere, into: &transition)
    environment.reset(where: ended, into: &transition)
    return true
  }

  /// Shape [steps, copies, features]: the afterstates of copies that begin where the environment has
  /// them begin.
  var ordinaryAfterstates: [Float] {
    let (row, first) = (rollout.copies * rollout.features, firstOrdinary * rollout.features)
    return (0..<rollout.steps).flatMap { rollout.afterstates[$0 * row + first..<($0 + 1) * row] }
  }

  /// Sets q at the lessons.
  mutating func evaluateLessons(_ value: Network) { lessons.evaluate(value, &work) }

  // MARK: - Exploration

  /// Copies that explore are inclined to some actions for a whole rollout.
  private mutating func drawInclinations(
    _ spread: Float, _ random: RandomSource, _ update: UInt32
  ) {
    let copies = afterstates.copies
    for c in 0..<copies {
      for a in 0..<afterstates.actions {
        let normal: (Double, Double, Double, Double) = random.normals(
          .exploration, copy: UInt32(firstCopy + c), episode: update, step: UInt32(a), draw: 0)
        inclinations[a * copies + c] = c < firstGreedy ? spread * Float(normal.0) : 0
      }
    }
  }

  // MARK: - Saving

  func addTensors(to tensors: inout [String: Tensor]) {
    tensors["part.\(index).environment"] = Tensor(environment.encodedState())
    tensors["part.\(index).observations"] = Tensor(
      transition.observations, shape: [rollout.copies, environment.observationSpace.size])
  }

  mutating func restore(_ reader: TensorReader) throws(LearnerStateError) {
    let state: [UInt8] = try reader.values("part.\(index).environment", shape: nil)
    do throws(EnvironmentStateError) { try environment.restore(encodedState: state) } catch {
      throw LearnerStateError("the environment of part \(index) refused its state: \(error)")
    }
    try reader.read(
      "part.\(index).observations", shape: [rollout.copies, environment.observationSpace.size],
      into: &transition.observations)
  }
}
