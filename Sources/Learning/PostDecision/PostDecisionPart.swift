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
    let (count, features) = (copies.count, environment.afterstateSize)
    rollout = AfterstateRollout(
      copies: count, steps: configuration.rolloutSteps, features: features)
    lessons = AfterstateLessons(
      features: environment.observationSpace.size, actions: actionCount, afterstateSize: features,
      copies: count)
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
    let copies = rollout.copies
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
      record(step: t)
      if finishEpisodes(step: t, value, configuration) {
        evaluate(value)
      } else {
        evaluate(value)
        for c in 0..<copies { rollout.bestNext[t * copies + c] = best(c).score }
      }
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

  private mutating func record(step t: Int) {
    let copies = rollout.copies
    for c in 0..<copies {
      rollout.captured[t * copies + c] += transition.rewards[c]
      rollout.continues[t * copies + c] = !(transition.terminated[c] || transition.truncated[c])
      guard c >= firstGreedy else { continue }
      greedyReward += Double(transition.rewards[c])
      greedySteps += 1
    }
  }

  /// Values what comes after a cut and begins new episodes.
  ///
  /// - Returns: whether an episode has ended; then `bestNext` is set.
  private mutating func finishEpisodes(
    step t: Int, _ value: Network, _ configuration: PostDecisionValueConfiguration
  ) -> Bool {
    let copies = rollout.copies
    let ended = (0..<copies).map { transition.terminated[$0] || transition.truncated[$0] }
    guard ended.contains(true) else { return false }
    evaluate(value)
    for c in 0..<copies {
      let isFinal = transition.terminated[c] || (ended[c] && configuration.endsAtHorizon)
      rollout.bestNext[t * copies + c] = isFinal ? 0 : best(c).score
    }
    environment.reset(where: ended, into: &transition)
    return true
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
    try reader.restore(&environment, "part.\(index).environment")
    try reader.read(
      "part.\(index).observations", shape: [rollout.copies, environment.observationSpace.size],
      into: &transition.observations)
  }
}

/// States that a policy is taught at: what was seen, and what each action would have led to.
struct AfterstateLessons: Sendable {
  let features: Int
  let actions: Int
  let afterstateSize: Int
  /// Lessons that were added at once.
  let copies: Int
  /// Shape [lessons, features].
  private(set) var observations: [Float] = []
  /// Shape [additions, actions, copies].
  private(set) var rewards: [Float] = []
  /// Shape [additions, actions, copies, afterstateSize].
  private(set) var afterstates: [Float] = []
  /// Shape [additions, actions, copies]: q.
  var scores: [Float] = []

  init(features: Int, actions: Int, afterstateSize: Int, copies: Int) {
    self.copies = copies
    self.features = features
    self.actions = actions
    self.afterstateSize = afterstateSize
  }

  var count: Int { rewards.count / actions }

  /// The place of the first action's score of a lesson; the others follow at intervals of `copies`.
  func place(of lesson: Int) -> Int {
    lesson / copies * copies * actions + lesson % copies
  }

  mutating func removeAll() {
    observations.removeAll(keepingCapacity: true)
    rewards.removeAll(keepingCapacity: true)
    afterstates.removeAll(keepingCapacity: true)
  }

  mutating func add(_ seen: [Float], _ now: Afterstates) {
    observations += seen
    rewards += now.rewards
    afterstates += now.features
  }

  /// Sets the scores to c + V(y).
  mutating func evaluate(_ value: Network, _ work: inout NetworkWorkspace) {
    if scores.count != rewards.count { scores = Array(repeating: 0, count: rewards.count) }
    value.values(of: afterstates, into: &scores, &work)
    for i in scores.indices { scores[i] = rewards[i] + scores[i] }
  }
}

/// One part's share of a minibatch, block by block so that everything stays in the cache of one core.
struct RegressionPass: Sendable {
  var gradient: Network
  private(set) var loss = 0.0
  var work: NetworkWorkspace
  private let rows = 256

  init(_ network: Network) {
    gradient = network.zeros
    work = NetworkWorkspace(for: network, rows: rows)
  }

  /// Sets gradient and loss to those of Σ over samples of ½ |f(x) − target|² / minibatchSize, or of the
  /// cross-entropy, as `differentiate` says.
  ///
  /// - Parameter differentiate: turns one row of outputs into ∂loss/∂output; given the sample, the
  ///   outputs, the place of the row and the weight. Returns the loss.
  mutating func run(
    _ network: Network, inputs: [Float], order: [Int32], range: Range<Int>, minibatchSize: Int,
    _ differentiate: (_ sample: Int, _ outputs: inout [Float], _ first: Int) -> Float
  ) {
    gradient.clear()
    loss = 0
    network.prepareBackward(&work)
    let (features, width) = (network.inputCount, network.outputCount)
    let weight = 1 / Float(minibatchSize)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: rows) {
      let block = start..<min(start + rows, range.upperBound)
      for (row, position) in block.enumerated() {
        work.input.elements.copy(
          features, from: inputs, at: Int(order[position]) * features, to: row * features)
      }
      network.forward(&work)
      var delta = work.output.elements
      for (row, position) in block.enumerated() {
        loss += Double(differentiate(Int(order[position]), &delta, row * width) * weight)
      }
      for i in 0..<block.count * width { delta[i] *= weight }
      for i in block.count * width..<delta.count { delta[i] = 0 }
      work.outputDelta.elements = delta
      network.backward(&work, addingTo: &gradient)
    }
  }
}
