import Algebra
import Gym

/// A share of the copies with everything that is done to them between two synchronisations.
struct PPOPart<E: VectorEnvironment>: Sendable {
  let index: Int
  var rollout: Rollout
  var order: SampleOrder
  var pass: PPOGradientPass
  /// Of what the configuration scales rewards by, in the last rollout.
  private(set) var scaleStatistics = RunningStatistics()
  /// Sums over the last rollout.
  private(set) var rewardSum = 0.0
  private(set) var valueSum = 0.0
  private var environment: E
  private var transition: VectorTransition
  private let firstCopy: Int
  private var actions: [Int32]
  private var values: [Float]
  /// Of which the head needs one.
  private var sampler: ActionSampler?
  private var gaussian: GaussianSampler?
  /// Bounds of an action's numbers.
  private let bounds: (low: [Float], high: [Float])
  private var actorWork: NetworkWorkspace
  /// The normaliser of this rollout, nil for none, and what it has seen of raw observations.
  private var normalizer: ObservationNormalizer?
  private(set) var observationStatistics: [RunningStatistics] = []
  /// Per copy: Σ γᵏ r of the episode so far.
  private var discountedSums: [Double]

  init(
    _ environment: E, index: Int, copies: Range<Int>, configuration: PPOConfiguration,
    seed: UInt64, agent: ActorCritic
  ) {
    let features = agent.networks[0].inputCount
    self.index = index
    self.environment = environment
    firstCopy = copies.lowerBound
    let count = copies.count
    let actionCount = environment.actionSpace.count
    let maskedActions = environment.masksActions ? actionCount : 0
    switch environment.actionSpace {
    case .discrete: bounds = ([], [])
    case .box(let low, let high): bounds = (low, high)
    }
    let dimensions = bounds.low.count
    rollout = Rollout(
      copies: count, steps: configuration.rolloutSteps, features: features,
      dimensions: dimensions, maskedActions: maskedActions)
    order = SampleOrder(
      samples: rollout.count, epochs: configuration.epochs, minibatches: configuration.minibatches)
    pass = PPOGradientPass(for: agent)
    actions = Array(repeating: 0, count: count)
    values = Array(repeating: 0, count: count * dimensions)
    // Whole bundles of sixteen: the rows beyond the copies are computed and ignored.
    let rows = (count + 15) / 16 * 16
    sampler = actionCount > 0 ? ActionSampler(rows: rows, actionCount: actionCount) : nil
    gaussian = dimensions > 0 ? GaussianSampler(rows: rows, dimensions: dimensions) : nil
    actorWork = NetworkWorkspace(for: agent.networks[0], rows: rows)
    discountedSums = Array(repeating: 0, count: count)
    transition = VectorTransition(
      count: count, features: features, maskedActions: maskedActions)
    self.environment.reset(seed: seed, into: &transition)
  }

  /// Plays one rollout and values what was seen.
  mutating func play(
    _ agent: ActorCritic, _ random: RandomSource, update: Int, configuration: PPOConfiguration,
    normalizer: ObservationNormalizer?
  ) {
    self.normalizer = normalizer
    observationStatistics = normalizer.map { $0.statistics.map { _ in RunningStatistics() } } ?? []
    rollout.cutoffSamples.removeAll(keepingCapacity: true)
    rollout.cutoffObservations.removeAll(keepingCapacity: true)
    scaleStatistics = RunningStatistics()
    rewardSum = 0
    for t in 0..<rollout.steps {
      act(agent.networks[0], random, update: UInt32(truncatingIfNeeded: update), step: t)
      if gaussian == nil {
        environment.step(actions, into: &transition)
      } else {
        environment.step(values: values, into: &transition)
      }
      record(step: t)
      addToScale(configuration)
    }
    value(agent.critic)
  }

  private mutating func act(_ actor: Network, _ random: RandomSource, update: UInt32, step t: Int) {
    let (copies, features) = (rollout.copies, rollout.features)
    let count = copies * features
    learnScale()
    let observations = normalized(transition.observations)
    actorWork.input.elements.copy(count, from: observations, at: 0)
    rollout.observations.copy(count, from: observations, at: 0, to: t * count)
    actor.forward(&actorWork)
    drawActions(random, update: update, step: t)
    drawValues(random, update: update, step: t)
  }

  /// Draws one of several actions.
  private mutating func drawActions(_ random: RandomSource, update: UInt32, step t: Int) {
    let (copies, first, scores) = (rollout.copies, firstCopy, actorWork.output)
    let masks = transition.actionMasks
    sampler?.draw(
      from: scores, masks: masks, random: random, firstCopy: first, update: update,
      step: UInt32(t))
    guard let sampler else { return }
    for c in 0..<copies {
      actions[c] = sampler.actions[c]
      rollout.actions[t * copies + c] = sampler.actions[c]
    }
    for (i, isValid) in transition.actionMasks.enumerated() {
      rollout.masks[t * transition.actionMasks.count + i] = isValid
    }
    rollout.logProbabilities.copy(copies, from: sampler.logProbabilities, at: 0, to: t * copies)
  }

  /// Draws normal numbers; what lies outside of the bounds is done as the nearest that does not.
  private mutating func drawValues(_ random: RandomSource, update: UInt32, step t: Int) {
    let (copies, first, outputs) = (rollout.copies, firstCopy, actorWork.output)
    gaussian?.draw(
      from: outputs, random: random, firstCopy: first, update: update, step: UInt32(t))
    guard let gaussian else { return }
    let dimensions = bounds.low.count
    for i in values.indices {
      let (low, high) = (bounds.low[i % dimensions], bounds.high[i % dimensions])
      values[i] = min(max(gaussian.actions[i], low), high)
    }
    rollout.actionValues.copy(
      values.count, from: gaussian.actions, at: 0, to: t * values.count)
    rollout.logProbabilities.copy(copies, from: gaussian.logProbabilities, at: 0, to: t * copies)
  }

  /// Adds the observations to what the next rollout's normaliser knows.
  private mutating func learnScale() {
    let features = observationStatistics.count
    guard features > 0 else { return }
    for (i, x) in transition.observations.enumerated() {
      observationStatistics[i % features].add(Double(x))
    }
  }

  private func normalized(_ observations: [Float]) -> [Float] {
    normalizer?.standardization.applied(to: observations) ?? observations
  }

  private mutating func record(step t: Int) {
    let (copies, features) = (rollout.copies, rollout.features)
    rollout.rewards.copy(copies, from: transition.rewards, at: 0, to: t * copies)
    for c in 0..<copies {
      let sample = t * copies + c
      rewardSum += Double(transition.rewards[c])
      rollout.terminated[sample] = transition.terminated[c]
      rollout.truncated[sample] = transition.truncated[c]
      if transition.truncated[c] && !transition.terminated[c] {
        rollout.cutoffSamples.append(sample)
        rollout.cutoffObservations.append(
          contentsOf: transition.finalObservations[c * features..<(c + 1) * features])
      }
    }
  }

  private mutating func addToScale(_ configuration: PPOConfiguration) {
    guard configuration.rewardScaling != .none else { return }
    let discount =
      configuration.rewardScaling == .returnDeviation ? configuration.discount : 0
    for c in 0..<rollout.copies {
      discountedSums[c] = discountedSums[c] * discount + Double(transition.rewards[c])
      scaleStatistics.add(discountedSums[c])
      if transition.terminated[c] || transition.truncated[c] { discountedSums[c] = 0 }
    }
  }

  private mutating func value(_ critic: Network) {
    let work = pass.works.count - 1
    critic.values(of: rollout.observations, into: &rollout.values, &pass.works[work])
    critic.values(
      of: normalized(transition.observations), into: &rollout.lastValues, &pass.works[work])
    let cutoffs = rollout.cutoffSamples.count
    if rollout.cutoffValues.count < cutoffs {
      rollout.cutoffValues = Array(repeating: 0, count: cutoffs)
    }
    rollout.cutoffValues.removeLast(rollout.cutoffValues.count - cutoffs)
    critic.values(
      of: normalized(rollout.cutoffObservations), into: &rollout.cutoffValues, &pass.works[work])
    valueSum = rollout.values.reduce(0) { $0 + Double($1) }
  }

  func addTensors(to tensors: inout [String: Tensor]) {
    tensors["part.\(index).environment"] = Tensor(environment.encodedState())
    tensors["part.\(index).observations"] = Tensor(
      transition.observations, shape: [rollout.copies, rollout.features])
    tensors["part.\(index).discounted_sums"] = Tensor(discountedSums)
  }

  mutating func restore(_ reader: TensorReader) throws(LearnerStateError) {
    try reader.restore(&environment, "part.\(index).environment")
    try reader.read(
      "part.\(index).observations", shape: [rollout.copies, rollout.features],
      into: &transition.observations)
    try reader.read(
      "part.\(index).discounted_sums", shape: [rollout.copies], into: &discountedSums)
  }
}
