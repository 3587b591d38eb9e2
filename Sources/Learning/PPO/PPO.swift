import Algebra
public import Gym

/// Proximal policy optimisation (Schulman et al. 2017) for discrete actions, whose masks it heeds, and
/// for boxes.
///
/// An update plays `rolloutSteps` steps of every copy, estimates advantages and takes
/// `epochs · minibatches` steps of Adam. Copies and minibatches are cut into `parts` that are worked on
/// side by side and summed in order, so the bits do not depend on the number of workers
/// (as long as `BLAS.threads` is 1).
public struct PPO<E: VectorEnvironment>: Learner {
  public let configuration: PPOConfiguration
  public private(set) var stepsDone = 0
  /// The long-run mean reward per step as estimated so far, in the environment's units.
  public private(set) var averageReward = 0.0
  private var agent: ActorCritic
  /// nil where observations are taken as they are.
  private var normalizer: ObservationNormalizer?
  private var optimizer: Adam
  private var parts: [PPOPart<E>]
  private var updates = 0
  /// Of rewards or of discounted sums of them, as the configuration says.
  private var scaleStatistics = RunningStatistics()
  private let random: RandomSource
  private var gradients: [Network]

  /// A fresh agent.
  ///
  /// - Parameters:
  ///   - makeEnvironment: gives the environment of a range of copies; autoreset must be `.sameStep`.
  public init(
    configuration: PPOConfiguration, seed: UInt64, makeEnvironment: (Range<Int>) throws -> E
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    random = RandomSource(seed: seed)
    let environments = try configuration.copyRanges.map(makeEnvironment)
    let features = environments[0].observationSpace.size
    if case .box(let low, let high) = environments[0].actionSpace,
      !(low + high).allSatisfy(\.isFinite)
    {
      throw LearningConfigurationError(
        "the action space is \(environments[0].actionSpace), valid are finite bounds")
    }
    agent = ActorCritic(
      configuration, inputs: features, actions: environments[0].actionSpace, random: random)
    normalizer =
      configuration.normalizeObservations ? ObservationNormalizer(features: features) : nil
    gradients = agent.networks.map(\.zeros)
    optimizer = Adam(for: agent.networks, epsilon: configuration.adamEpsilon)
    parts = []
    for (index, copies) in configuration.copyRanges.enumerated() {
      let environment = environments[index]
      try environment.check(.sameStep, copies: copies.count)
      parts.append(
        PPOPart(
          environment, index: index, copies: copies, configuration: configuration, seed: seed,
          agent: agent))
    }
  }

  public var policy: LearnedPolicy {
    let actor = normalizer?.standardization.folded(into: agent.actor) ?? agent.actor
    switch agent.head {
    case .categorical: return .network(actor)
    case .gaussian: return .actor(actor)
    }
  }

  public mutating func update(workers: Int) -> UpdateReport {
    play(workers: workers)
    let meanReward = estimateAdvantages(workers: workers)
    let learningRate = annealedLearningRate
    var terms = PPOLossTerms()
    var batches = 0
    for epoch in 0..<configuration.epochs {
      var divergence = 0.0
      for minibatch in 0..<configuration.minibatches {
        let batch = differentiate(epoch: epoch, minibatch: minibatch, workers: workers)
        terms.add(batch)
        divergence += batch.divergence / Double(configuration.minibatches)
        batches += 1
        let norm = gradients.reduce(0) { $0 + $1.sumOfSquares }.squareRoot()
        let scale = min(1, configuration.maximumGradientNorm / (norm + 1e-6))
        optimizer.step(
          &agent.networks, gradients: gradients, learningRate: learningRate,
          gradientScale: Float(scale))
      }
      if let limit = configuration.targetKL, divergence > limit { break }
    }
    updates += 1
    stepsDone += configuration.stepsPerUpdate
    return report(terms, batches, meanReward: meanReward, learningRate: learningRate)
  }

  /// α (1 − steps / totalSteps), or α.
  private var annealedLearningRate: Double {
    guard configuration.annealLearningRate else { return configuration.learningRate }
    let left = 1 - Double(stepsDone) / Double(configuration.totalSteps)
    return configuration.learningRate * max(left, 0)
  }

  private mutating func play(workers: Int) {
    let (agent, normalizer) = (agent, normalizer)
    let (random, update, configuration) = (random, updates, configuration)
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.play(
        agent, random, update: update, configuration: configuration, normalizer: normalizer)
    }
    for part in parts { self.normalizer?.merge(part.observationStatistics) }
  }

  /// Scales rewards and estimates advantages; returns the mean reward.
  private mutating func estimateAdvantages(workers: Int) -> Double {
    var (rewards, values) = (0.0, 0.0)
    for part in parts {
      scaleStatistics.merge(part.scaleStatistics)
      rewards += part.rewardSum
      values += part.valueSum
    }
    let samples = Double(configuration.stepsPerUpdate)
    let mean = rewards / samples
    let weight = updates == 0 ? 1 : configuration.averageRewardStepSize
    averageReward += weight * (mean - averageReward)
    let isDifferential = configuration.criterion == .averageReward
    let scale = rewardScale
    let discount = isDifferential ? 1 : Float(configuration.discount)
    let baseline = isDifferential ? Float(averageReward) : 0
    let shift =
      isDifferential ? Float(configuration.averageValueCorrection * values / samples) : 0
    let (random, update, decay) = (random, updates, Float(configuration.traceDecay))
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.rollout.estimateAdvantages(
        discount: discount, traceDecay: decay, rewardScale: scale, averageReward: baseline,
        returnShift: shift)
      part.order.draw(
        random, part: part.index, update: update, advantages: part.rollout.advantages)
    }
    return mean
  }

  private var rewardScale: Float {
    guard configuration.rewardScaling != .none, scaleStatistics.standardDeviation > 0 else {
      return 1
    }
    return Float(1 / scaleStatistics.standardDeviation)
  }

  /// Sets `gradients` to those of one minibatch.
  private mutating func differentiate(epoch: Int, minibatch: Int, workers: Int) -> PPOLossTerms {
    let agent = agent
    let size = parts.reduce(0) { $0 + $1.order.ranges[minibatch].count }
    let sums = parts.reduce(into: SIMD2<Double>.zero) { $0 += $1.order.sums[epoch][minibatch] }
    let scale = advantageScale(sums / Double(size))
    let loss = configuration.loss
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.pass.run(
        part.rollout, order: part.order.orders[epoch], range: part.order.ranges[minibatch],
        minibatchSize: size, agent: agent, loss: loss, scale: scale)
    }
    var terms = PPOLossTerms()
    for i in gradients.indices { gradients[i].clear() }
    for part in parts {
      for i in gradients.indices { gradients[i].add(part.pass.gradients[i]) }
      terms.add(part.pass.terms)
    }
    return terms
  }

  /// - Parameter moments: mean of Â and of Â².
  private func advantageScale(_ moments: SIMD2<Double>) -> AdvantageScale {
    guard configuration.normalizeAdvantages else { return AdvantageScale() }
    let variance = max(moments.y - moments.x * moments.x, 0)
    return AdvantageScale(
      mean: Float(moments.x), factor: Float(1 / (variance.squareRoot() + 1e-8)))
  }

  private func report(
    _ terms: PPOLossTerms, _ batches: Int, meanReward: Double, learningRate: Double
  ) -> UpdateReport {
    let count = Double(batches)
    return UpdateReport(
      stepsDone: stepsDone, meanReward: meanReward,
      figures: [
        "policy_loss": terms.policyLoss / count, "value_loss": terms.valueLoss / count,
        "entropy": terms.entropy / count, "kl": terms.divergence / count,
        "clip_fraction": terms.clipped / count, "learning_rate": learningRate,
        "average_reward": averageReward, "reward_scale": Double(rewardScale),
      ])
  }
}

extension PPOConfiguration {
  var loss: PPOLoss {
    PPOLoss(
      clipRange: Float(clipRange), valueClipRange: valueClipRange.map { Float($0) },
      valueCoefficient: Float(valueCoefficient), entropyCoefficient: Float(entropyCoefficient))
  }
}

// MARK: - Saving

extension PPO {
  public func trainingTensors() -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (i, name) in agent.names.enumerated() {
      let moments = [
        agent.networks[i].tensors(prefix: "\(name)."),
        optimizer.firstMoments[i].tensors(prefix: "adam.first.\(name)."),
        optimizer.secondMoments[i].tensors(prefix: "adam.second.\(name)."),
      ]
      for tensors in moments { result.merge(tensors) { _, new in new } }
    }
    result["counters"] = Tensor(
      [stepsDone, updates, optimizer.steps, scaleStatistics.count].map(Int64.init))
    result["estimates"] = Tensor(
      [averageReward, scaleStatistics.mean, scaleStatistics.sumOfSquares])
    result["seed"] = Tensor([random.seed])
    if let normalizer { result["normalizer"] = normalizer.tensor }
    for part in parts { part.addTensors(to: &result) }
    return result
  }

  public mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError) {
    let reader = TensorReader(tensors: trainingTensors)
    guard policy.hasShape(of: self.policy) else {
      throw LearnerStateError("the policy is not a network of this agent's shape")
    }
    try reader.check(seedOf: random)
    var restored = self
    for (i, name) in agent.names.enumerated() {
      let network = agent.networks[i]
      restored.agent.networks[i] = try network.reading(reader, prefix: "\(name).")
      restored.optimizer.firstMoments[i] = try network.reading(
        reader, prefix: "adam.first.\(name).")
      restored.optimizer.secondMoments[i] = try network.reading(
        reader, prefix: "adam.second.\(name).")
    }
    try restored.normalizer?.restore(reader, "normalizer")
    let counters = try reader.counters(count: 4)
    let estimates: [Double] = try reader.values("estimates", shape: [3])
    restored.stepsDone = counters[0]
    restored.updates = counters[1]
    restored.optimizer.steps = counters[2]
    restored.averageReward = estimates[0]
    restored.scaleStatistics = RunningStatistics(
      count: counters[3], mean: estimates[1], sumOfSquares: estimates[2])
    for i in restored.parts.indices { try restored.parts[i].restore(reader) }
    self = restored
  }
}
