package import Algebra

/// The learning half of a DQN: networks, optimiser and replay, without an environment.
package struct QNetworkTrainer: Sendable {
  /// Where transitions are put and minibatches come from.
  package var replay: ReplayBuffer
  /// Gradient steps so far.
  package private(set) var steps = 0
  /// R̄, relative to which values are learned under the average-reward criterion; else 0.
  package private(set) var averageReward = 0.0
  let head: ActionValueHead
  /// Sums since the last call of `clearFigures`.
  private(set) var figures = Figures()
  private let configuration: DQNConfiguration
  private let random: RandomSource
  /// One, as Adam wants them.
  private var networks: [Network]
  private var target: Network
  private var optimizer: Adam
  private var pass: DQNGradientPass

  /// What happened over some gradient steps.
  struct Figures: Sendable {
    var steps = 0
    var loss = 0.0
    var value = 0.0
    var gradientNorm = 0.0
  }

  package init(
    configuration: DQNConfiguration, features: Int, actionCount: Int, maskedActions: Int = 0,
    random: RandomSource
  ) {
    self.configuration = configuration
    self.random = random
    head = ActionValueHead(actionCount: actionCount, isDueling: configuration.dueling)
    replay = ReplayBuffer(
      capacity: configuration.bufferSize, features: features, maskedActions: maskedActions,
      priorityExponent: configuration.priorityExponent)
    let network = Network(
      sizes: [features] + configuration.hiddenSizes + [head.outputCount],
      activation: configuration.activation, outputGain: 0.01, random: random, index: 0)
    networks = [network]
    target = network
    optimizer = Adam(for: networks, epsilon: configuration.adamEpsilon)
    pass = DQNGradientPass(head, network: network, batchSize: configuration.batchSize)
  }

  /// The network that learns, with the outputs of `head`.
  package var online: Network { networks[0] }
  /// The network whose outputs are the action values.
  package var policy: Network { head.folded(networks[0]) }

  /// One gradient step on a minibatch of the replay.
  ///
  /// - Parameter progress: share of the training that is done, 0 to 1, for what is annealed.
  package mutating func step(progress: Double) {
    let beta = configuration.importanceExponent
    replay.draw(
      steps, random, weightExponent: beta + (1 - beta) * progress, samples: &pass.samples,
      weights: &pass.weights)
    let loss = DQNLoss(
      huberThreshold: Float(configuration.huberThreshold), isDouble: configuration.doubleQ,
      averageReward: Float(averageReward))
    pass.run(replay, online: networks[0], target: target, loss: loss)
    let norm = pass.gradients[0].sumOfSquares.squareRoot()
    let scale = min(1, configuration.maximumGradientNorm / (norm + 1e-6))
    optimizer.step(
      &networks, gradients: pass.gradients, learningRate: configuration.learningRate(at: progress),
      gradientScale: Float(scale))
    replay.setPriorities(pass.samples, errors: pass.errors)
    trackAverageReward()
    steps += 1
    if steps.isMultiple(of: configuration.targetInterval) {
      target.move(towards: networks[0], by: Float(configuration.targetStepSize))
    }
    figures.steps += 1
    figures.loss += pass.loss
    figures.value += pass.meanValue
    figures.gradientNorm += norm
  }

  /// R̄ ← R̄ + η (f − R̄) with f = mean Q̄(S′, A′) / n: relative value iteration (Abounadi, Bertsekas,
  /// Borkar 2001).
  ///
  /// Only where the values' level agrees with f do they stay, and then R̄ is the best mean reward. One
  /// over n, because a target of n steps answers n-fold to a change of R̄.
  private mutating func trackAverageReward() {
    guard configuration.criterion == .averageReward, let value = pass.meanNextValue else { return }
    averageReward +=
      configuration.averageRewardStepSize
      * (value / Double(configuration.returnSteps)
        - averageReward)
  }

  mutating func clearFigures() { figures = Figures() }
}

extension Network {
  /// Every parameter goes a share of the way to another network's, in place; 1 is a copy.
  package mutating func move(towards other: Network, by share: Float) {
    for l in layers.indices {
      layers[l].weights.elements.move(towards: other.layers[l].weights.elements, by: share)
      layers[l].bias.move(towards: other.layers[l].bias, by: share)
    }
  }
}

extension [Float] {
  fileprivate mutating func move(towards other: [Float], by share: Float) {
    // x + 1·(y − x) need not be y.
    guard share < 1 else { return copy(count, from: other, at: 0) }
    precondition(count == other.count, "unequal shapes")
    let count = count
    unsafe withMemory(&self) { x in
      unsafe withMemory(other) { y in
        for i in 0..<count { unsafe x[i] += share * (y[i] - x[i]) }
      }
    }
  }
}

// MARK: - Saving

extension QNetworkTrainer {
  func tensors() -> [String: Tensor] {
    var result = replay.tensors(prefix: "replay.")
    for tensors in [
      networks[0].tensors(prefix: "online."), target.tensors(prefix: "target."),
      optimizer.firstMoments[0].tensors(prefix: "adam.first."),
      optimizer.secondMoments[0].tensors(prefix: "adam.second."),
    ] { result.merge(tensors) { _, new in new } }
    result["gradient_steps"] = Tensor([Int64(steps)])
    result["average_reward"] = Tensor([averageReward])
    return result
  }

  /// A trainer of this make with the state of `tensors()`.
  func reading(_ reader: TensorReader) throws(LearnerStateError) -> QNetworkTrainer {
    var result = self
    result.networks = [try networks[0].reading(reader, prefix: "online.")]
    result.target = try target.reading(reader, prefix: "target.")
    result.optimizer.firstMoments = [try networks[0].reading(reader, prefix: "adam.first.")]
    result.optimizer.secondMoments = [try networks[0].reading(reader, prefix: "adam.second.")]
    result.steps = try reader.counters("gradient_steps", count: 1)[0]
    // A gradient step is one of Adam's.
    result.optimizer.steps = result.steps
    let averageReward: [Double] = try reader.values("average_reward", shape: [1])
    result.averageReward = averageReward[0]
    result.replay = try replay.reading(reader, prefix: "replay.")
    return result
  }
}
