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
  private var sampler: ActionSampler
  private var actorWork: NetworkWorkspace
  /// Per copy: Σ γᵏ r of the episode so far.
  private var discountedSums: [Double]

  init(
    _ environment: E, index: Int, copies: Range<Int>, configuration: PPOConfiguration,
    seed: UInt64, actor: Network, critic: Network
  ) {
    self.index = index
    self.environment = environment
    firstCopy = copies.lowerBound
    let count = copies.count
    rollout = Rollout(
      copies: count, steps: configuration.rolloutSteps, features: actor.inputCount)
    order = SampleOrder(
      samples: rollout.count, epochs: configuration.epochs, minibatches: configuration.minibatches)
    pass = PPOGradientPass(actor: actor, critic: critic)
    actions = Array(repeating: 0, count: count)
    // Whole bundles of sixteen: the rows beyond the copies are computed and ignored.
    let rows = (count + 15) / 16 * 16
    sampler = ActionSampler(rows: rows, actionCount: actor.outputCount)
    actorWork = NetworkWorkspace(for: actor, rows: rows)
    discountedSums = Array(repeating: 0, count: count)
    transition = VectorTransition(count: count, features: actor.inputCount)
    self.environment.reset(seed: seed, into: &transition)
  }

  /// Plays one rollout and values what was seen.
  mutating func play(
    _ actor: Network, _ critic: Network, _ random: RandomSource, update: Int,
    configuration: PPOConfiguration
  ) {
    rollout.cutoffSamples.removeAll(keepingCapacity: true)
    rollout.cutoffObservations.removeAll(keepingCapacity: true)
    scaleStatistics = RunningStatistics()
    rewardSum = 0
    for t in 0..<rollout.steps {
      act(actor, random, update: UInt32(truncatingIfNeeded: update), step: t)
      environment.step(actions, into: &transition)
      record(step: t)
      addToScale(configuration)
    }
    value(critic)
  }

  private mutating func act(_ actor: Network, _ random: RandomSource, update: UInt32, step t: Int) {
    let (copies, features) = (rollout.copies, rollout.features)
    let count = copies * features
    actorWork.input.elements.copy(count, from: transition.observations, at: 0)
    rollout.observations.copy(count, from: transition.observations, at: 0, to: t * count)
    actor.forward(&actorWork)
    sampler.draw(
      from: actorWork.output, random: random, firstCopy: firstCopy, update: update,
      step: UInt32(t))
    for c in 0..<copies {
      actions[c] = sampler.actions[c]
      rollout.actions[t * copies + c] = sampler.actions[c]
    }
    rollout.logProbabilities.copy(copies, from: sampler.logProbabilities, at: 0, to: t * copies)
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
    critic.values(of: rollout.observations, into: &rollout.values, &pass.criticWork)
    critic.values(of: transition.observations, into: &rollout.lastValues, &pass.criticWork)
    let cutoffs = rollout.cutoffSamples.count
    if rollout.cutoffValues.count < cutoffs {
      rollout.cutoffValues = Array(repeating: 0, count: cutoffs)
    }
    rollout.cutoffValues.removeLast(rollout.cutoffValues.count - cutoffs)
    critic.values(of: rollout.cutoffObservations, into: &rollout.cutoffValues, &pass.criticWork)
    valueSum = rollout.values.reduce(0) { $0 + Double($1) }
  }

  func addTensors(to tensors: inout [String: Tensor]) {
    tensors["part.\(index).environment"] = Tensor(environment.encodedState())
    tensors["part.\(index).observations"] = Tensor(
      transition.observations, shape: [rollout.copies, rollout.features])
    tensors["part.\(index).discounted_sums"] = Tensor(discountedSums)
  }

  mutating func restore(_ reader: TensorReader) throws(LearnerStateError) {
    let state: [UInt8] = try reader.values("part.\(index).environment", shape: nil)
    do throws(EnvironmentStateError) { try environment.restore(encodedState: state) } catch {
      throw LearnerStateError("the environment of part \(index) refused its state: \(error)")
    }
    try reader.read(
      "part.\(index).observations", shape: [rollout.copies, rollout.features],
      into: &transition.observations)
    try reader.read(
      "part.\(index).discounted_sums", shape: [rollout.copies], into: &discountedSums)
  }
}
