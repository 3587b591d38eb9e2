import Algebra
public import Gym

/// Post-decision value iteration: where the world does not react to actions, the value V of what they
/// leave behind (the afterstate y) depends on no action, and q(s, a) = c(s, a) + V(y(s, a)) with a
/// reward c that is known at the decision (Van Roy et al. 1997; Powell 2011, chapter 4).
///
/// An update plays `rolloutSteps` steps of every copy, taking the best action, or, for copies that
/// explore, the best under inclinations of their own; fits V to λ-returns of the afterstates by least
/// squares; and teaches a policy network softmax(q / temperature) at some of the states by Adam. No
/// action has to be tried to learn of it, and there is no advantage to be estimated. Copies and
/// minibatches are cut into `parts` that are summed in order, so the bits do not depend on the number
/// of workers (as long as `BLAS.threads` is 1).
public struct PostDecisionValue<E: AfterstateEnvironment>: Learner {
  public let configuration: PostDecisionValueConfiguration
  /// Environment steps so far, one for every action of every state.
  public private(set) var stepsDone = 0
  /// The long-run mean reward per step as estimated so far, in the environment's units.
  public private(set) var averageReward = 0.0
  /// V of standardised afterstates.
  private var value: AfterstateValue
  private var sums: [FeatureSums]
  /// The scores of the policy at standardised states.
  private var scorer: [Network]
  private var optimizer: Adam
  private var inputs: Standardization
  /// Standard deviation of the returns of the last update.
  private var valueSize = 0.0
  private var parts: [PostDecisionPart<E>]
  private var scorerPasses: [RegressionPass]
  private var updates = 0
  private let actionCount: Int
  private let random: RandomSource

  /// A fresh agent.
  ///
  /// - Parameters:
  ///   - makeEnvironment: gives the environment of a range of copies; autoreset must be `.disabled`.
  public init(
    configuration: PostDecisionValueConfiguration, seed: UInt64,
    makeEnvironment: (Range<Int>) throws -> E
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    random = RandomSource(seed: seed)
    let environments = try configuration.copyRanges.map(makeEnvironment)
    actionCount = try environments[0].discreteActionCount()
    let size = environments[0].observationSpace.size
    guard environments[0].afterstateSize == size else {
      throw LearningConfigurationError(
        "afterstates are of \(environments[0].afterstateSize) numbers, valid is the "
          + "size of an observation, \(size)")
    }
    value = AfterstateValue(
      inputs: size, hiddenSizes: configuration.hiddenSizes, activation: configuration.activation,
      ridge: configuration.ridge, random: random)
    scorer = [
      Network(
        sizes: [size] + configuration.policyHiddenSizes + [actionCount],
        activation: configuration.activation, outputGain: 0.01, random: random, index: 1)
    ]
    scorer[0].spreadBiases(random, index: 1)
    optimizer = Adam(for: scorer, epsilon: configuration.adamEpsilon)
    inputs = Standardization(features: size)
    parts = []
    for (index, copies) in configuration.copyRanges.enumerated() {
      let environment = environments[index]
      try environment.check(.disabled, copies: copies.count)
      parts.append(
        PostDecisionPart(
          environment, index: index, copies: copies, actionCount: actionCount,
          configuration: configuration, seed: seed, value: value.network))
    }
    sums = parts.map { [value] _ in FeatureSums(value.network) }
    scorerPasses = parts.map { [scorer] _ in RegressionPass(scorer[0]) }
  }

  /// The scores as a function of the observation as it is.
  public var policy: LearnedPolicy { .network(inputs.folded(into: scorer[0])) }

  /// V as a function of the afterstate as it is, in units of the reward.
  public func afterstateValue(_ features: [Float]) -> Float {
    inputs.folded(into: value.network).scores(features)[0]
  }

  public mutating func update(workers: Int) -> UpdateReport {
    play(workers: workers)
    let mean = estimateReturns(workers: workers)
    fitValue(workers: workers)
    let divergence = teachPolicy(workers: workers)
    updates += 1
    stepsDone += configuration.copies * configuration.rolloutSteps * actionCount
    return UpdateReport(
      stepsDone: stepsDone, meanReward: mean,
      figures: [
        "policy_loss": divergence, "average_reward": averageReward, "value_size": valueSize,
        "learning_rate": learningRate,
      ])
  }

  /// α (1 − steps / totalSteps), after the update in progress.
  private var learningRate: Double {
    let left = 1 - Double(stepsDone) / Double(configuration.totalSteps)
    return configuration.learningRate * max(left, 0.01)
  }

  private mutating func play(workers: Int) {
    let value = inputs.folded(into: value.network)
    let (random, update, configuration) = (random, UInt32(updates), configuration)
    let spread = Float(valueSize * configuration.explorationScale)
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.play(
        value, spread: spread, random, update: update, configuration: configuration)
    }
  }

  /// Estimates the average reward and the λ-returns; returns the mean reward of greedy copies.
  private mutating func estimateReturns(workers: Int) -> Double {
    let (sum, steps) = parts.reduce(into: (0.0, 0)) {
      $0 = ($0.0 + $1.greedyReward, $0.1 + $1.greedySteps)
    }
    let mean = sum / Double(max(steps, 1))
    let excess =
      parts.reduce(0) { $0 + $1.rollout.excessSum(from: $1.firstGreedy) } / Double(max(steps, 1))
    averageReward += (1 - memory) * (excess - averageReward)
    let isDifferential = configuration.criterion == .averageReward
    let discount = isDifferential ? 1 : Float(configuration.discount)
    let (decay, baseline) = (
      Float(configuration.traceDecay), isDifferential ? Float(averageReward) : 0
    )
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.rollout.estimateReturns(
        discount: discount, traceDecay: decay, averageReward: baseline)
    }
    if updates == 0 {
      inputs = Standardization(
        columnsOf: parts.map(\.rollout.afterstates), count: inputs.means.count)
    }
    return mean
  }

  /// The factor on earlier updates: weights that rise like n^(r−1), so that what was learned of a poor
  /// policy is forgotten.
  private var memory: Double { Double(updates) / (Double(updates) + configuration.recency) }

  /// Fits V to the returns; differential values are kept at mean 0.
  private mutating func fitValue(workers: Int) {
    let (inputs, network, interval) = (inputs, value.network, configuration.sampleInterval)
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      inputs.apply(to: &part.rollout.afterstates)
    }
    let rollouts = parts.map(\.rollout)
    forEachConcurrently(in: &sums, workers: workers) { index, sums in
      sums.sum(rollouts[index], network, interval: interval)
    }
    var statistics = RunningStatistics()
    for part in parts {
      for i in part.rollout.returns.indices where i % part.rollout.copies >= part.firstGreedy {
        statistics.add(Double(part.rollout.returns[i]))
      }
    }
    valueSize = statistics.standardDeviation
    let isCentred = configuration.criterion == .averageReward && !configuration.endsAtHorizon
    value.fit(sums, memory: memory, shift: isCentred ? statistics.mean : 0)
  }

  /// Teaches the policy; gives the mean cross-entropy.
  private mutating func teachPolicy(workers: Int) -> Double {
    let value = inputs.folded(into: value.network)
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.evaluateLessons(value)
    }
    let unit = 1 / (Float(configuration.temperature) * advantageSize)
    let inputs = inputs
    var orders = parts.map { part in
      Orders(part: part.index, samples: part.lessons.count, minibatches: configuration.lessons)
    }
    let (random, number, actionCount) = (random, updates, actionCount)
    forEachConcurrently(in: &orders, workers: workers) { _, order in
      order.draw(random, number, stream: 1)
    }
    var work = parts.indices.map {
      Teaching(
        pass: scorerPasses[$0], observations: inputs.applied(to: parts[$0].lessons.observations),
        lessons: parts[$0].lessons)
    }
    var losses = 0.0
    for minibatch in 0..<configuration.lessons {
      let size = orders.reduce(0) { $0 + $1.ranges[minibatch].count }
      let (network, drawn) = (scorer[0], orders)
      forEachConcurrently(in: &work, workers: workers) { index, work in
        let lessons = work.lessons
        work.pass.run(
          network, inputs: work.observations, order: drawn[index].order,
          range: drawn[index].ranges[minibatch], minibatchSize: size
        ) { sample, outputs, first in
          crossEntropy(
            &outputs, first, actionCount, lessons.scores, lessons.place(of: sample),
            lessons.copies, unit: unit)
        }
      }
      var gradient = scorer[0].zeros
      for part in work {
        gradient.add(part.pass.gradient)
        losses += part.pass.loss
      }
      optimizer.step(&scorer, gradients: [gradient], learningRate: learningRate)
    }
    return losses / Double(configuration.lessons)
  }

  /// Root mean square of the best score's lead over the next.
  private var advantageSize: Float {
    var sum = 0.0
    var count = 0
    for part in parts {
      let lessons = part.lessons
      for lesson in 0..<lessons.count {
        var (best, second) = (-Float.infinity, -Float.infinity)
        for a in 0..<actionCount {
          let score = lessons.scores[lessons.place(of: lesson) + a * lessons.copies]
          if score > best { (best, second) = (score, best) } else { second = max(second, score) }
        }
        sum += Double((best - second) * (best - second))
        count += 1
      }
    }
    return max(Float((sum / Double(max(count, 1))).squareRoot()), .leastNormalMagnitude)
  }
}

/// What one part does while the policy is taught.
private struct Teaching: Sendable {
  var pass: RegressionPass
  let observations: [Float]
  let lessons: AfterstateLessons
}

/// A random order of a part's samples, cut into minibatches.
private struct Orders: Sendable {
  let part: Int
  var order: [Int32]
  let ranges: [Range<Int>]

  init(part: Int, samples: Int, minibatches: Int) {
    self.part = part
    order = (0..<Int32(samples)).map { $0 }
    ranges = Range<Int>.split(samples, into: minibatches)
  }

  mutating func draw(_ random: RandomSource, _ number: Int, stream: UInt32 = 0) {
    SampleOrder.shuffle(
      &order, random, part: UInt32(part) + stream << 16,
      episode: UInt32(truncatingIfNeeded: number))
  }
}

/// −Σ p log softmax(z) with p = softmax(unit · q); replaces z by its gradient softmax(z) − p.
private func crossEntropy(
  _ z: inout [Float], _ first: Int, _ count: Int, _ q: [Float], _ start: Int, _ stride: Int,
  unit: Float
) -> Float {
  var (largest, best) = (-Float.infinity, -Float.infinity)
  for a in 0..<count {
    largest = max(largest, z[first + a])
    best = max(best, q[start + a * stride])
  }
  var (sum, total): (Float, Float) = (0, 0)
  for a in 0..<count {
    sum += Float.exp(z[first + a] - largest)
    total += Float.exp(max((q[start + a * stride] - best) * unit, -80))
  }
  var loss: Float = 0
  for a in 0..<count {
    let log = z[first + a] - largest - Float.log(sum)
    let wanted = Float.exp(max((q[start + a * stride] - best) * unit, -80)) / total
    loss -= wanted * log
    z[first + a] = Float.exp(log) - wanted
  }
  return loss
}

// MARK: - Saving

extension PostDecisionValue {
  public func trainingTensors() -> [String: Tensor] {
    var result = scorer[0].tensors(prefix: "scorer.")
    for tensors in [
      optimizer.firstMoments[0].tensors(prefix: "adam.first."),
      optimizer.secondMoments[0].tensors(prefix: "adam.second."),
    ] { result.merge(tensors) { _, new in new } }
    value.addTensors(to: &result)
    result["inputs.means"] = Tensor(inputs.means)
    result["inputs.deviations"] = Tensor(inputs.deviations)
    result["counters"] = Tensor(
      [stepsDone, updates, optimizer.steps].map(Int64.init))
    result["estimates"] = Tensor([averageReward, valueSize])
    result["seed"] = Tensor([random.seed])
    for part in parts { part.addTensors(to: &result) }
    return result
  }

  public mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError) {
    let reader = TensorReader(tensors: trainingTensors)
    try reader.check(seedOf: random)
    var restored = self
    try restored.value.restore(reader)
    restored.scorer[0] = try scorer[0].reading(reader, prefix: "scorer.")
    restored.optimizer.firstMoments[0] = try scorer[0].reading(reader, prefix: "adam.first.")
    restored.optimizer.secondMoments[0] = try scorer[0].reading(reader, prefix: "adam.second.")
    let size = inputs.means.count
    restored.inputs = Standardization(
      means: try reader.values("inputs.means", shape: [size]),
      deviations: try reader.values("inputs.deviations", shape: [size]))
    guard policy == restored.policy else {
      throw LearnerStateError("the policy is not the one of the training state")
    }
    let counters = try reader.counters(count: 3)
    let estimates: [Double] = try reader.values("estimates", shape: [2])
    restored.stepsDone = counters[0]
    restored.updates = counters[1]
    restored.optimizer.steps = counters[2]
    (restored.averageReward, restored.valueSize) = (estimates[0], estimates[1])
    for i in restored.parts.indices { try restored.parts[i].restore(reader) }
    self = restored
  }
}
