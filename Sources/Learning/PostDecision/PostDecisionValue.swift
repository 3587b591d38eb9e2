import Algebra
public import Gym

/// Post-decision value iteration: where the world does not react to actions, the value V of what they
/// leave behind (the afterstate y) depends on no action, and q(s, a) = c(s, a) + V(y(s, a)) with a
/// reward c that is known at the decision (Van Roy et al. 1997; Powell 2011, chapter 4).
///
/// An update plays `rolloutSteps` steps of every copy, taking the best action, or, for copies that
/// explore, the best under inclinations of their own; fits V to λ-returns of the afterstates by least
/// squares; and teaches a policy network softmax(q / temperature) at some of the states by Adam. No
/// action has to be tried to learn of it, and there is no advantage to be estimated. Where actions are
/// a box the policy is a `BandNetwork`, and it is taught the slope of q along random inclinations of
/// its edges, by one antithetic pair of actions at every state (Spall 1992). Copies and
/// minibatches are cut into `parts` that are summed in order, so the bits do not depend on the number
/// of workers (as long as `BLAS.threads` is 1).
///
/// The mean reward of its reports is that of the copies that do not explore.
public struct PostDecisionValue<E: AfterstateEnvironment>: Learner {
  public let configuration: PostDecisionValueConfiguration
  /// Environment steps so far, one for every action of every state.
  public private(set) var stepsDone = 0
  /// The long-run mean reward per step as estimated so far, in the environment's units.
  public private(set) var averageReward = 0.0
  /// V of standardised afterstates.
  private var value: AfterstateValue
  private var sums: [FeatureSums]
  private var teacher: PolicyTeacher
  /// What V sees: as it was last found that afterstates lie.
  private var inputs: Standardization
  /// What the policy sees, and the unit of its edges: as afterstates lay at first.
  private var firstInputs: Standardization
  /// Standard deviation of the returns of the last update.
  private var valueSize = 0.0
  private var parts: [PostDecisionPart<E>]
  private var updates = 0
  private let search: ActionSearch
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
    try environments[0].checkNoMasks()
    search = try ActionSearch(environments[0])
    let size = environments[0].observationSpace.size
    guard environments[0].afterstateSize == size else {
      throw LearningConfigurationError(
        "afterstates are of \(environments[0].afterstateSize) numbers, valid is the "
          + "size of an observation, \(size)")
    }
    value = AfterstateValue(
      inputs: size, hiddenSizes: configuration.hiddenSizes, activation: configuration.activation,
      ridge: configuration.ridge, random: random)
    inputs = Standardization(features: size)
    firstInputs = inputs
    parts = []
    for (index, copies) in configuration.copyRanges.enumerated() {
      let environment = environments[index]
      try environment.check(.disabled, copies: copies.count)
      parts.append(
        PostDecisionPart(
          environment, index: index, copies: copies,
          trials: ActionTrials(search, copies: copies.count), configuration: configuration,
          seed: seed, value: value.network))
    }
    sums = parts.map { [value] _ in FeatureSums(value.network) }
    var scorer = Network(
      sizes: [size] + configuration.policyHiddenSizes + [search.outputs],
      activation: configuration.activation, outputGain: 0.01, random: random, index: 1)
    scorer.spreadBiases(random, index: 1)
    teacher = PolicyTeacher(
      scorer, lessons: parts.map(\.lessons), trials: parts.map(\.trials),
      configuration: configuration)
  }

  /// The scores or edges as a function of the observation as it is.
  public var policy: LearnedPolicy {
    var network = policyInputs.folded(into: teacher.network)
    guard case .bands(let motion) = search else { return .network(network) }
    // Edges are taught in deviations of the positions.
    network.shiftOutputs(
      (0..<2 * motion.positions).map { .log(firstInputs.deviations[$0 / 2]) })
    return .band(BandNetwork(network: network, motion: motion))
  }

  /// What the policy sees: all, or all but the positions, which edges must not depend on (Imaki et al.
  /// 2021), so that every state outside of them teaches where they are.
  private var policyInputs: Standardization {
    guard case .bands(let motion) = search else { return firstInputs }
    return firstInputs.ignoring(first: motion.positions)
  }

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
    stepsDone += configuration.copies * configuration.rolloutSteps * search.candidates
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
    let scale = configuration.explorationScale
    let spread: Float =
      switch search {
      case .each: Float(valueSize * scale)
      case .bands: Float(scale)
      }
    let policy = policy
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.play(
        value, policy, spread: spread, random, update: update, configuration: configuration)
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
    // Where all ends at a horizon, any rate leaves the order of actions; this one leaves little to fit.
    let rate = configuration.endsAtHorizon ? mean : excess
    averageReward += (1 - memory) * (rate - averageReward)
    let isDifferential = configuration.criterion == .averageReward
    let discount = isDifferential ? 1 : Float(configuration.discount)
    let (decay, baseline) = (
      Float(configuration.traceDecay), isDifferential ? Float(averageReward) : 0
    )
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.rollout.estimateReturns(
        discount: discount, traceDecay: decay, averageReward: baseline)
    }
    if isLookingAnew {
      inputs = Standardization(
        columnsOf: parts.map(\.ordinaryAfterstates), count: inputs.means.count)
      if updates == 0 { firstInputs = inputs }
      value.forget()
    }
    return mean
  }

  /// Whether V is begun anew where afterstates lie now: after the first update, and with edges after
  /// updates 2, 4, 8 and 16, too, since good ones lead to fewer places than poor ones, and features that
  /// are spread over all of them hardly tell where an edge should be.
  private var isLookingAnew: Bool {
    guard case .bands = search else { return updates == 0 }
    return updates < 16 && (updates + 1) & updates == 0
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

  /// Teaches the policy; gives the mean cross-entropy, or what the better of each pair promises.
  private mutating func teachPolicy(workers: Int) -> Double {
    let value = inputs.folded(into: value.network)
    forEachConcurrently(in: &parts, workers: workers) { _, part in
      part.evaluateLessons(value)
    }
    // Before the first fit V says nothing of where edges should be.
    if case .bands = search, updates == 0 { return 0 }
    return teacher.teach(
      parts.map(\.lessons), parts.map(\.trials), policyInputs, learningRate: learningRate,
      configuration: configuration, random, update: updates, workers: workers)
  }
}

// MARK: - Saving

extension PostDecisionValue {
  public func trainingTensors() -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    teacher.addTensors(to: &result)
    value.addTensors(to: &result)
    for (name, inputs) in [("inputs", inputs), ("first_inputs", firstInputs)] {
      result["\(name).means"] = Tensor(inputs.means)
      result["\(name).deviations"] = Tensor(inputs.deviations)
    }
    result["counters"] = Tensor(
      [stepsDone, updates].map(Int64.init))
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
    try restored.teacher.restore(reader)
    restored.inputs = try inputs.reading(reader, "inputs")
    restored.firstInputs = try inputs.reading(reader, "first_inputs")
    guard policy == restored.policy else {
      throw LearnerStateError("the policy is not the one of the training state")
    }
    let counters = try reader.counters(count: 2)
    let estimates: [Double] = try reader.values("estimates", shape: [2])
    (restored.stepsDone, restored.updates) = (counters[0], counters[1])
    (restored.averageReward, restored.valueSize) = (estimates[0], estimates[1])
    for i in restored.parts.indices { try restored.parts[i].restore(reader) }
    self = restored
  }
}
