import Algebra
public import Gym

/// Proximal policy optimisation (Schulman et al. 2017) with separate actor and critic.
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
  /// The actor and the critic.
  private var networks: [Network]
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
    guard case .discrete(let actionCount) = environments[0].actionSpace else {
      throw LearningConfigurationError(
        description: "the action space is \(environments[0].actionSpace), valid is discrete")
    }
    let sizes = [environments[0].observationSpace.size] + configuration.hiddenSizes
    let actor = Network(
      sizes: sizes + [actionCount], activation: configuration.activation, outputGain: 0.01,
      random: random, index: 0)
    let critic = Network(
      sizes: sizes + [1], activation: configuration.activation, outputGain: 1, random: random,
      index: 1)
    networks = [actor, critic]
    gradients = networks.map(\.zeros)
    optimizer = Adam(for: networks, epsilon: configuration.adamEpsilon)
    parts = []
    for (index, copies) in configuration.copyRanges.enumerated() {
      let environment = environments[index]
      try LearningConfigurationError.check(
        environment.autoreset == .sameStep,
        "autoreset is \(environment.autoreset.rawValue), valid is same_step")
      precondition(
        environment.count == copies.count,
        "an environment of \(environment.count) copies was made for \(copies.count)")
      parts.append(
        PPOPart(
          environment, index: index, copies: copies, configuration: configuration, seed: seed,
          actor: actor, critic: critic))
    }
  }

  public var policy: LearnedPolicy { .network(networks[0]) }

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
          &networks, gradients: gradients, learningRate: learningRate, gradientScale: Float(scale))
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
    let (actor, critic) = (networks[0], networks[1])
    let (random, update, configuration) = (random, updates, configuration)
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.play(actor, critic, random, update: update, configuration: configuration)
    }
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
    let (actor, critic) = (networks[0], networks[1])
    let size = parts.reduce(0) { $0 + $1.order.ranges[minibatch].count }
    let sums = parts.reduce(into: SIMD2<Double>.zero) { $0 += $1.order.sums[epoch][minibatch] }
    let scale = advantageScale(sums / Double(size))
    let loss = configuration.loss
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.pass.run(
        part.rollout, order: part.order.orders[epoch], range: part.order.ranges[minibatch],
        minibatchSize: size, actor: actor, critic: critic, loss: loss, scale: scale)
    }
    var terms = PPOLossTerms()
    for i in gradients.indices { gradients[i].clear() }
    for part in parts {
      gradients[0].add(part.pass.actorGradient)
      gradients[1].add(part.pass.criticGradient)
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
    var result = networks[1].tensors(prefix: "critic.")
    for (name, i) in [("actor", 0), ("critic", 1)] {
      let moments = [
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
    for part in parts { part.addTensors(to: &result) }
    return result
  }

  public mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError) {
    let reader = TensorReader(tensors: trainingTensors)
    guard case .network(let actor) = policy, actor.activation == networks[0].activation,
      actor.layers.map(\.weights.rows) == networks[0].layers.map(\.weights.rows),
      actor.outputCount == networks[0].outputCount
    else { throw LearnerStateError("the policy is not a network of this agent's shape") }
    let seed: [UInt64] = try reader.values("seed", shape: [1])
    guard seed[0] == random.seed else {
      throw LearnerStateError("the seed is \(seed[0]), this agent's is \(random.seed)")
    }
    var restored = self
    restored.networks = [actor, try networks[1].reading(reader, prefix: "critic.")]
    for (name, i) in [("actor", 0), ("critic", 1)] {
      restored.optimizer.firstMoments[i] = try networks[i].reading(
        reader, prefix: "adam.first.\(name).")
      restored.optimizer.secondMoments[i] = try networks[i].reading(
        reader, prefix: "adam.second.\(name).")
    }
    let counters: [Int64] = try reader.values("counters", shape: [4])
    let estimates: [Double] = try reader.values("estimates", shape: [3])
    guard counters.allSatisfy({ $0 >= 0 }) else {
      throw LearnerStateError("tensor counters has negative numbers: \(counters)")
    }
    restored.stepsDone = Int(counters[0])
    restored.updates = Int(counters[1])
    restored.optimizer.steps = Int(counters[2])
    restored.averageReward = estimates[0]
    restored.scaleStatistics = RunningStatistics(
      count: Int(counters[3]), mean: estimates[1], sumOfSquares: estimates[2])
    for i in restored.parts.indices { try restored.parts[i].restore(reader) }
    self = restored
  }
}
