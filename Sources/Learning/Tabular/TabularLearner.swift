import Algebra
public import Gym

/// Learning of action values on a table or on tiles: Q-learning, SARSA, Expected SARSA and Double Q,
/// from one step, n steps or λ-returns, discounted or differential.
///
/// All copies act by the same table; their transitions are learned one after another in the order of
/// copies, so an update is a pure function of the state before.
public struct TabularLearner<E: VectorEnvironment>: Learner {
  public let configuration: TabularConfiguration
  public private(set) var stepsDone = 0
  /// R̄, the long-run mean reward per step as learned so far; 0 under `discounted`.
  public var averageReward: Double { table.averageReward }
  private let discretizer: TabularDiscretizer
  private var environment: E
  private var transition: VectorTransition
  private var table: ActionValueTable
  /// Used where returns are of several steps.
  private var segment: ReturnSegment
  private var updates = 0
  private let random: RandomSource
  /// The cells and actions of each copy, then what the step led to.
  private var step: TabularStep
  /// Shape [copies, tilings]: the cells that each copy is in, which after an episode's end are not
  /// where the step led to.
  private var nextCells: [Int32]
  /// Shape [copies]: the action that each copy takes next.
  private var nextActions: [Int32]
  /// Shape [copies], rounded up to sixteen: the random action, −1 for the best one.
  private var choices: [Int32]
  /// Shape as that of `choices`: which of two tables learns from the next step.
  private var nextCoins: [Int32]

  /// A fresh agent.
  ///
  /// - Parameter makeEnvironment: gives the environment of a range of copies; autoreset must be
  ///   `.sameStep`.
  public init(
    configuration: TabularConfiguration, seed: UInt64, makeEnvironment: (Range<Int>) throws -> E
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    random = RandomSource(seed: seed)
    environment = try makeEnvironment(0..<configuration.copies)
    try environment.check(.sameStep, copies: configuration.copies)
    let actionCount = try environment.discreteActionCount()
    guard case .box(let low, let high) = environment.observationSpace else {
      throw LearningConfigurationError(
        "the observation space is \(environment.observationSpace), valid is a box")
    }
    discretizer = try configuration.discretizer(low: low, high: high)
    table = ActionValueTable(
      discretizer: discretizer, actionCount: actionCount, configuration: configuration)
    segment = ReturnSegment(configuration: configuration, table: table)
    transition = VectorTransition(for: environment)
    environment.reset(seed: seed, into: &transition)
    let copies = configuration.copies
    step = TabularStep(copies: copies, tilings: discretizer.tilings)
    nextCells = step.cells
    nextActions = step.actions
    choices = Array(repeating: 0, count: (copies + 15) / 16 * 16)
    nextCoins = choices
    step.coins = choices
    discretizer.findCells(of: transition.observations, into: &nextCells)
    chooseActions(step: 0)
    moveOn()
  }

  public var policy: LearnedPolicy { .table(table.policy(discretizer)) }

  public mutating func update(workers: Int) -> UpdateReport {
    var rewards = 0.0
    table.squaredErrors = 0
    let count = configuration.rolloutSteps
    for number in 0..<count {
      environment.step(step.actions, into: &transition)
      rewards += observe()
      stepsDone += configuration.copies
      if number == count - 1 { updates += 1 }
      let next = (number + 1) % count
      // SARSA learns from the action that is taken next; the others may learn before it is chosen.
      if configuration.method == .sarsa {
        chooseActions(step: next)
        learn(number)
      } else {
        learn(number)
        chooseActions(step: next)
      }
      moveOn()
    }
    let samples = Double(configuration.copies * count)
    return UpdateReport(
      stepsDone: stepsDone, meanReward: rewards / samples,
      figures: [
        "epsilon": table.epsilon, "average_reward": averageReward,
        "squared_error": table.squaredErrors / samples,
      ])
  }

  /// Takes in what the environment's step led to; returns the sum of rewards.
  private mutating func observe() -> Double {
    discretizer.findCells(of: transition.observations, into: &nextCells)
    swap(&step.rewards, &transition.rewards)
    // Copied number by number: shared storage would be allocated anew at every step.
    for i in nextCells.indices { step.futures[i] = nextCells[i] }
    var rewards = 0.0
    for copy in step.rewards.indices {
      rewards += Double(step.rewards[copy])
      step.terminated[copy] = transition.terminated[copy]
      if transition.truncated[copy] {
        discretizer.findCells(of: transition.finalObservations, row: copy, into: &step.futures)
      }
    }
    return rewards
  }

  private mutating func learn(_ number: Int) {
    table.stepSizeFactor = stepSizeFactor
    guard configuration.returnSteps > 1 else { return table.learn(step) }
    let ended = zip(step.terminated, transition.truncated).map { $0 || $1 }
    segment.learn(
      step, number: number, ended: ended, isLast: number == configuration.rolloutSteps - 1,
      table: &table)
  }

  private var stepSizeFactor: Double {
    let sizes = configuration.stepSizes
    return sizes.shape == .constant || sizes.first == 0
      ? 1 : sizes.value(after: stepsDone) / sizes.first
  }

  /// Chooses the next action of every copy: a random one with probability ε, else the best.
  private mutating func chooseActions(step number: Int) {
    table.epsilon = configuration.epsilons.value(after: stepsDone)
    draw(step: number, epsilon: Float(table.epsilon))
    table.act(at: nextCells, choices: choices, into: &nextActions)
    guard configuration.method == .sarsa else { return }
    for copy in nextActions.indices {
      // Where an episode was cut off, no action is taken in the state that the step led to.
      step.nextActions[copy] = transition.truncated[copy] ? -1 : nextActions[copy]
    }
  }

  private mutating func moveOn() {
    swap(&step.cells, &nextCells)
    swap(&step.actions, &nextActions)
    swap(&step.coins, &nextCoins)
  }

  private mutating func draw(step: Int, epsilon: Float) {
    let update = SIMD16(repeating: UInt32(truncatingIfNeeded: updates))
    let count = UInt32(table.actionCount)
    for start in stride(from: 0, to: choices.count, by: 16) {
      let copy = SIMD16<UInt32>.counting &+ UInt32(start)
      let words = random.words(
        .exploration, copy: copy, episode: update, step: SIMD16(repeating: UInt32(step)), draw: 0)
      let any = words.1.widenedProduct(with: count).high
      let isGreedy = Lanes16(unitInterval: words.0) .>= epsilon
      let chosen = SIMD16<Int32>(truncatingIfNeeded: any).replacing(with: -1, where: isGreedy)
      let coin = SIMD16<Int32>(truncatingIfNeeded: words.2 &>> 31)
      for lane in 0..<16 {
        choices[start + lane] = chosen[lane]
        nextCoins[start + lane] = coin[lane]
      }
    }
  }
}

// MARK: - Saving

extension TabularLearner {
  public func trainingTensors() -> [String: Tensor] {
    [
      "values": Tensor(table.values, shape: tensorShape),
      "visits": Tensor(table.visits, shape: tensorShape),
      "average_reward": Tensor([table.averageReward]),
      "counters": Tensor([stepsDone, updates].map(Int64.init)),
      "seed": Tensor([random.seed]),
      "environment": Tensor(environment.encodedState()),
      "observations": Tensor(transition.observations),
      "actions": Tensor(step.actions),
    ]
  }

  /// [tables · cells, actions].
  private var tensorShape: [Int] { [table.tables * table.rows, table.actionCount] }

  public mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError) {
    guard case .table(let saved) = policy, saved.discretizer == discretizer,
      saved.actionCount == table.actionCount
    else { throw LearnerStateError("the policy is not a table of this agent's bins and actions") }
    let reader = TensorReader(tensors: trainingTensors)
    try reader.check(seedOf: random)
    var restored = self
    try reader.read("values", shape: tensorShape, into: &restored.table.values)
    try reader.read("visits", shape: tensorShape, into: &restored.table.visits)
    let averageReward: [Double] = try reader.values("average_reward", shape: [1])
    restored.table.averageReward = averageReward[0]
    let counters = try reader.counters(count: 2)
    (restored.stepsDone, restored.updates) = (counters[0], counters[1])
    try reader.restore(&restored.environment, "environment")
    try reader.read(
      "observations", shape: [transition.observations.count],
      into: &restored.transition.observations)
    let actions: [Int32] = try reader.values("actions", shape: [configuration.copies])
    guard actions.allSatisfy({ (0..<table.actionCount).contains(Int($0)) }) else {
      throw LearnerStateError(
        "tensor actions has numbers that are not 0 to \(table.actionCount - 1)")
    }
    restored.resume(actions)
    self = restored
  }

  /// Stands where the next step is about to be taken with given actions.
  private mutating func resume(_ actions: [Int32]) {
    discretizer.findCells(of: transition.observations, into: &nextCells)
    // Coins are drawn again; actions may come from values that have since been learned.
    chooseActions(step: 0)
    nextActions = actions
    moveOn()
  }
}
