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
  private(set) var trials: ActionTrials
  /// Shape [candidates, copies]: c(s, a) + V(y(s, a)).
  private var scores: [Float]
  /// Shape [candidates, copies]: V(y(s, a)).
  private var values: [Float]
  private var work: NetworkWorkspace

  init(
    _ environment: E, index: Int, copies: Range<Int>, trials: ActionTrials,
    configuration: PostDecisionValueConfiguration, seed: UInt64, value: Network
  ) {
    self.index = index
    self.environment = environment
    firstCopy = copies.lowerBound
    firstGreedy = Int(configuration.exploringShare * Double(copies.count))
    firstOrdinary = Int(configuration.exploringStarts * Double(copies.count))
    self.trials = trials
    let (count, features) = (copies.count, environment.afterstateSize)
    let candidates = trials.search.candidates
    rollout = AfterstateRollout(
      copies: count, steps: configuration.rolloutSteps, features: features)
    lessons = AfterstateLessons(actions: candidates, copies: count)
    transition = VectorTransition(count: count, features: environment.observationSpace.size)
    afterstates = Afterstates(copies: count, actions: candidates, features: features)
    scores = Array(repeating: 0, count: count * candidates)
    values = scores
    work = NetworkWorkspace(for: value, rows: 256)
    self.environment.reset(seed: seed, into: &transition)
  }

  /// Plays one rollout.
  ///
  /// - Parameters:
  ///   - value: V as a function of afterstates.
  ///   - policy: as a function of observations.
  ///   - spread: the size of the inclinations.
  mutating func play(
    _ value: Network, _ policy: LearnedPolicy, spread: Float, _ random: RandomSource,
    update: UInt32, configuration: PostDecisionValueConfiguration
  ) {
    trials.begin(policy, spread: spread, random, firstCopy: firstCopy, update: update)
    lessons.removeAll()
    (greedyReward, greedySteps) = (0, 0)
    evaluate(value)
    for t in 0..<rollout.steps {
      choose(step: t)
      if t % configuration.lessonInterval == configuration.lessonInterval - 1 {
        lessons.add(transition.observations, afterstates)
      }
      trials.step(&environment, into: &transition)
      evaluate(value)
      // Just before a lesson, so that there is one of every start.
      let cut = (t + 2) % configuration.lessonInterval == 0 ? firstOrdinary : 0
      record(step: t, cut: cut, endsAtHorizon: configuration.endsAtHorizon)
      if beginEpisodes(cut: cut) { evaluate(value) }
    }
  }

  /// c + V(y) of all candidates of all copies.
  private mutating func evaluate(_ value: Network) {
    trials.write(&environment, transition.observations, into: &afterstates)
    value.values(of: afterstates.features, into: &values, &work)
    for i in scores.indices { scores[i] = afterstates.rewards[i] + values[i] }
  }

  private mutating func choose(step t: Int) {
    let (copies, features) = (rollout.copies, rollout.features)
    for c in 0..<copies {
      let greedy = trials.greedy(c, scores)
      let action = c < firstGreedy ? trials.inclined(c, scores) : greedy
      trials.choose(action, c)
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
      rollout.bestNext[sample] = isFinal ? 0 : scores[trials.greedy(c, scores) * rollout.copies + c]
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

  // MARK: - Saving

  func addTensors(to tensors: inout [String: Tensor]) {
    tensors["part.\(index).environment"] = Tensor(environment.encodedState())
    tensors["part.\(index).observations"] = Tensor(
      transition.observations, shape: [rollout.copies, environment.observationSpace.size])
  }

  mutating func restore(_ reader: TensorReader) throws(LearnerStateError) {
    try reader.restore(&environment, "part.\(index).environment")
    try reader.read(
      "part.\(index).observations", shape: [rollout.copies, environment.observationSpace.size],
      into: &transition.observations)
  }
}
