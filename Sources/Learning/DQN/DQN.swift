import Algebra
public import Gym

/// Deep Q-learning (Mnih et al. 2015) with the parts of Rainbow that pay (Hessel et al. 2018): double,
/// duelling, n-step returns and prioritised replay; discounted or relative to the mean reward.
///
/// A bout plays `trainInterval` steps of every copy and takes `gradientSteps` steps of Adam on
/// minibatches of the replay. A minibatch is too small to be shared between threads, so workers are not
/// used: seeds are trained side by side instead.
public struct DQN<E: VectorEnvironment>: Learner {
  public let configuration: DQNConfiguration
  public private(set) var stepsDone = 0
  /// The long-run mean reward per step as learned so far; 0 under `discounted`.
  public var averageReward: Double { trainer.averageReward }
  private var environment: E
  private var transition: VectorTransition
  private var queue: NStepQueue
  private var trainer: QNetworkTrainer
  private let random: RandomSource
  /// Shape [copies].
  private var actions: [Int32]
  private var work: NetworkWorkspace
  /// Two uniform numbers for each copy: whether to explore, and what.
  private var draws: [(explore: Float, action: UInt32)]

  /// A fresh agent.
  ///
  /// - Parameter makeEnvironment: gives the environment of a range of copies; autoreset must be
  ///   `.sameStep`.
  public init(
    configuration: DQNConfiguration, seed: UInt64, makeEnvironment: (Range<Int>) throws -> E
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    random = RandomSource(seed: seed)
    let copies = configuration.copies
    environment = try makeEnvironment(0..<copies)
    try environment.check(.sameStep, copies: copies)
    let actionCount = try environment.discreteActionCount()
    let features = environment.observationSpace.size
    trainer = QNetworkTrainer(
      configuration: configuration, features: features, actionCount: actionCount,
      maskedActions: environment.masksActions ? actionCount : 0, random: random)
    queue = NStepQueue(
      copies: copies, length: configuration.returnSteps, features: features,
      discount: configuration.returnDiscount)
    work = NetworkWorkspace(for: trainer.online, rows: copies)
    actions = Array(repeating: 0, count: copies)
    draws = Array(repeating: (0, 0), count: (copies + 15) / 16 * 16)
    transition = VectorTransition(for: environment)
    environment.reset(seed: seed, into: &transition)
  }

  public var policy: LearnedPolicy { .network(trainer.policy) }

  public mutating func update(workers: Int) -> UpdateReport {
    let before = stepsDone
    var rewards = 0.0
    trainer.clearFigures()
    for _ in 0..<configuration.boutsPerUpdate {
      for _ in 0..<configuration.trainInterval { rewards += play() }
      guard stepsDone >= configuration.learningStarts, trainer.replay.count > 0 else { continue }
      for _ in 0..<configuration.gradientSteps { trainer.step(progress: progress) }
    }
    return report(meanReward: rewards / Double(stepsDone - before))
  }

  /// The share of the training that is done.
  private var progress: Double {
    min(Double(stepsDone) / Double(configuration.totalSteps), 1)
  }

  /// Steps every copy once; returns the sum of rewards.
  private mutating func play() -> Double {
    act()
    queue.begin(transition.observations, actions)
    environment.step(actions, into: &transition)
    stepsDone += configuration.copies
    var rewards = 0.0
    for copy in actions.indices {
      let (terminated, truncated) = (transition.terminated[copy], transition.truncated[copy])
      let ended = terminated || truncated
      queue.end(
        copy, reward: transition.rewards[copy], terminated: terminated, truncated: truncated,
        next: ended ? transition.finalObservations : transition.observations,
        masks: ended ? transition.finalActionMasks : transition.actionMasks,
        into: &trainer.replay)
      rewards += Double(transition.rewards[copy])
    }
    return rewards
  }

  /// Chooses actions: with probability ε any that is valid, else the best.
  private mutating func act() {
    draw()
    work.input.elements.copy(
      transition.observations.count, from: transition.observations, at: 0)
    trainer.online.forward(&work)
    let epsilon = Float(configuration.epsilons.value(after: stepsDone))
    let outputs = work.output.elements
    for copy in actions.indices {
      let (explore, word) = draws[copy]
      let action =
        explore < epsilon
        ? randomAction(word, copy: copy)
        : trainer.head.best(outputs, row: copy, masks: transition.actionMasks, maskRow: copy)
      actions[copy] = Int32(action)
    }
  }

  private mutating func draw() {
    // Every step of the copies has draws of its own.
    let step = stepsDone / configuration.copies
    for start in stride(from: 0, to: draws.count, by: 16) {
      let copy = SIMD16<UInt32>.counting &+ UInt32(start)
      let words = random.words(
        .exploration, copy: copy,
        episode: SIMD16(repeating: UInt32(truncatingIfNeeded: step >> 32)),
        step: SIMD16(repeating: UInt32(truncatingIfNeeded: step)), draw: 0)
      let uniform = Lanes16(unitInterval: words.0)
      for lane in 0..<16 { draws[start + lane] = (uniform[lane], words.1[lane]) }
    }
  }

  /// One of the valid actions, all with the same probability.
  private func randomAction(_ word: UInt32, copy: Int) -> Int {
    let count = trainer.head.actionCount
    guard !transition.actionMasks.isEmpty else {
      return Int((UInt64(word) * UInt64(count)) >> 32)
    }
    let mask = transition.actionMasks[copy * count..<(copy + 1) * count]
    let valid = mask.reduce(0) { $0 + ($1 ? 1 : 0) }
    var rest = Int((UInt64(word) * UInt64(valid)) >> 32)
    for (action, isValid) in mask.enumerated() where isValid {
      if rest == 0 { return action }
      rest -= 1
    }
    return 0
  }

  private func report(meanReward: Double) -> UpdateReport {
    let figures = trainer.figures
    let steps = Double(max(figures.steps, 1))
    return UpdateReport(
      stepsDone: stepsDone, meanReward: meanReward,
      figures: [
        "loss": figures.loss / steps, "value": figures.value / steps,
        "gradient_norm": figures.gradientNorm / steps,
        "gradient_steps": Double(trainer.steps),
        "learning_rate": configuration.learningRate(at: progress),
        "epsilon": configuration.epsilons.value(after: stepsDone), "average_reward": averageReward,
      ])
  }
}

// MARK: - Saving

extension DQN {
  public func trainingTensors() -> [String: Tensor] {
    var result = trainer.tensors()
    result.merge(queue.tensors(prefix: "queue.")) { _, new in new }
    result["steps_done"] = Tensor([Int64(stepsDone)])
    result["seed"] = Tensor([random.seed])
    result["environment"] = Tensor(environment.encodedState())
    result["observations"] = Tensor(transition.observations)
    result["action_masks"] = Tensor(transition.actionMasks.map { $0 ? UInt8(1) : 0 })
    return result
  }

  public mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError) {
    let reader = TensorReader(tensors: trainingTensors)
    try reader.check(seedOf: random)
    var restored = self
    restored.trainer = try trainer.reading(reader)
    guard restored.policy == policy else {
      throw LearnerStateError("the policy is not the one that the training tensors are of")
    }
    restored.stepsDone = try reader.counters("steps_done", count: 1)[0]
    restored.queue = try queue.reading(reader, prefix: "queue.")
    try reader.restore(&restored.environment, "environment")
    try reader.read(
      "observations", shape: [transition.observations.count],
      into: &restored.transition.observations)
    let masks: [UInt8] = try reader.values(
      "action_masks", shape: [transition.actionMasks.count])
    restored.transition.actionMasks = masks.map { $0 != 0 }
    self = restored
  }
}
