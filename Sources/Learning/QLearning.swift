import Algebra
public import Gym

/// One-step Q-learning (Watkins 1989) on a table, discounted or differential (Wan, Naik, Sutton 2021).
///
/// All copies act by the same table; their transitions are learned one after another in the order of
/// copies, so an update is a pure function of the state before.
public struct QLearning<E: VectorEnvironment>: Learner {
  public let configuration: QLearningConfiguration
  public private(set) var stepsDone = 0
  /// R̄, the long-run mean reward per step as learned so far; 0 under `discounted`.
  public var averageReward: Double { table.averageReward }
  private var environment: E
  private var transition: VectorTransition
  private var table: ActionValueTable
  private var updates = 0
  private let random: RandomSource
  /// The cell and action of each copy.
  private var cells: [Int]
  private var actions: [Int32]
  /// Two uniform numbers for each copy: whether to explore, and what.
  private var draws: [(explore: Float, action: UInt32)]

  /// A fresh agent.
  ///
  /// - Parameter makeEnvironment: gives the environment of a range of copies; autoreset must be
  ///   `.sameStep`.
  public init(
    configuration: QLearningConfiguration, seed: UInt64, makeEnvironment: (Range<Int>) throws -> E
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    random = RandomSource(seed: seed)
    environment = try makeEnvironment(0..<configuration.copies)
    precondition(
      environment.count == configuration.copies,
      "an environment of \(environment.count) copies was made for \(configuration.copies)")
    guard case .discrete(let actionCount) = environment.actionSpace,
      case .box(let low, let high) = environment.observationSpace
    else {
      throw LearningConfigurationError(
        description: "the action space is \(environment.actionSpace), valid is discrete")
    }
    try LearningConfigurationError.check(
      environment.autoreset == .sameStep,
      "autoreset is \(environment.autoreset.rawValue), valid is same_step")
    table = ActionValueTable(
      discretizer: try configuration.discretizer(low: low, high: high), actionCount: actionCount,
      configuration: configuration)
    transition = VectorTransition(for: environment)
    environment.reset(seed: seed, into: &transition)
    let copies = configuration.copies
    cells = Array(repeating: 0, count: copies)
    actions = Array(repeating: 0, count: copies)
    draws = Array(repeating: (0, 0), count: (copies + 15) / 16 * 16)
    observe()
  }

  public var policy: LearnedPolicy { .table(table.policy) }

  public mutating func update(workers: Int) -> UpdateReport {
    var rewards = 0.0
    table.squaredErrors = 0
    for step in 0..<configuration.rolloutSteps {
      draw(step: step)
      act()
      environment.step(actions, into: &transition)
      rewards += learn()
      stepsDone += configuration.copies
    }
    updates += 1
    let samples = Double(configuration.copies * configuration.rolloutSteps)
    return UpdateReport(
      stepsDone: stepsDone, meanReward: rewards / samples,
      figures: [
        "epsilon": epsilon, "average_reward": averageReward,
        "squared_error": table.squaredErrors / samples,
      ])
  }

  /// ε, which falls linearly from the first to the last value.
  private var epsilon: Double {
    let progress = min(Double(stepsDone) / Double(configuration.epsilonSteps), 1)
    return configuration.initialEpsilon
      + progress * (configuration.finalEpsilon - configuration.initialEpsilon)
  }

  private mutating func draw(step: Int) {
    let update = SIMD16(repeating: UInt32(truncatingIfNeeded: updates))
    for start in stride(from: 0, to: draws.count, by: 16) {
      var copy = SIMD16<UInt32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
      copy &+= UInt32(start)
      let words = random.words(
        .exploration, copy: copy, episode: update, step: SIMD16(repeating: UInt32(step)), draw: 0)
      let uniform = Lanes16(unitInterval: words.0)
      for lane in 0..<16 { draws[start + lane] = (uniform[lane], words.1[lane]) }
    }
  }

  private mutating func act() {
    let epsilon = Float(epsilon)
    for copy in cells.indices {
      let (explore, word) = draws[copy]
      let count = UInt64(table.actionCount)
      actions[copy] =
        explore < epsilon
        ? Int32((UInt64(word) * count) >> 32) : Int32(table.best(cells[copy]).action)
    }
  }

  /// Learns from every copy's transition and moves on; returns the sum of rewards.
  private mutating func learn() -> Double {
    var rewards = 0.0
    let features = table.discretizer.dimensions
    for copy in cells.indices {
      let reward = Double(transition.rewards[copy])
      rewards += reward
      let next = table.discretizer.cell(of: transition.observations, at: copy * features)
      var future: Int? = next
      if transition.terminated[copy] {
        future = nil
      } else if transition.truncated[copy] {
        future = table.discretizer.cell(of: transition.finalObservations, at: copy * features)
      }
      table.learn(cell: cells[copy], action: Int(actions[copy]), reward: reward, next: future)
      cells[copy] = next
    }
    return rewards
  }

  private mutating func observe() {
    let features = table.discretizer.dimensions
    for copy in cells.indices {
      cells[copy] = table.discretizer.cell(of: transition.observations, at: copy * features)
    }
  }
}

/// The table and its learning rule.
struct ActionValueTable: Sendable {
  let discretizer: TabularDiscretizer
  let actionCount: Int
  /// Shape [cells, actions], and so the visits.
  fileprivate(set) var values: [Double]
  fileprivate(set) var visits: [UInt32]
  fileprivate(set) var averageReward = 0.0
  /// Σ δ² since it was last set to zero.
  var squaredErrors = 0.0
  private let discount: Double
  private let isDifferential: Bool
  private let rewardRate: Double
  private let stepSizePower: Double
  private let minimumStepSize: Double
  /// α of the n-th visit; beyond the list it is computed anew.
  private let stepSizes: [Double]

  init(
    discretizer: TabularDiscretizer, actionCount: Int, configuration: QLearningConfiguration
  ) {
    self.discretizer = discretizer
    self.actionCount = actionCount
    let count = discretizer.cells * actionCount
    values = Array(repeating: configuration.initialValue, count: count)
    visits = Array(repeating: 0, count: count)
    isDifferential = configuration.criterion == .averageReward
    discount = isDifferential ? 1 : configuration.discount
    rewardRate = isDifferential ? configuration.averageRewardStepSize : 0
    stepSizePower = configuration.stepSizePower
    minimumStepSize = configuration.minimumStepSize
    stepSizes = (0..<4096).map {
      Self.stepSize(Double(max($0, 1)), configuration.stepSize, configuration.stepSizePower)
    }
  }

  var policy: QTable {
    QTable(discretizer: discretizer, actionCount: actionCount, values: values.map { Float($0) })
  }

  /// The largest value of a cell and its action, the lowest of equals.
  func best(_ cell: Int) -> (value: Double, action: Int) {
    let start = cell * actionCount
    var best = (value: values[start], action: 0)
    for action in 1..<max(actionCount, 1) where values[start + action] > best.value {
      best = (values[start + action], action)
    }
    return best
  }

  /// δ = R − R̄ + γ maxₐ Q(S′, a) − Q(S, A);  Q(S, A) ← Q(S, A) + αδ;  R̄ ← R̄ + ηαδ.
  ///
  /// - Parameter next: S′, or nil after a termination.
  mutating func learn(cell: Int, action: Int, reward: Double, next: Int?) {
    let index = cell * actionCount + action
    let future = next.map { discount * best($0).value } ?? 0
    let error = reward - averageReward + future - values[index]
    let change = stepSize(index) * error
    values[index] += change
    averageReward += rewardRate * change
    squaredErrors += error * error
  }

  private mutating func stepSize(_ index: Int) -> Double {
    guard stepSizePower > 0 else { return max(stepSizes[1], minimumStepSize) }
    visits[index] &+= visits[index] == .max ? 0 : 1
    let n = Int(visits[index])
    let size =
      n < stepSizes.count ? stepSizes[n] : Self.stepSize(Double(n), stepSizes[1], stepSizePower)
    return max(size, minimumStepSize)
  }

  /// α₁ n^−ω.
  private static func stepSize(_ n: Double, _ first: Double, _ power: Double) -> Double {
    first * Double.exp(-power * Double.log(n))
  }
}

// MARK: - Saving

extension QLearning {
  public func trainingTensors() -> [String: Tensor] {
    [
      "values": Tensor(table.values, shape: [table.discretizer.cells, table.actionCount]),
      "visits": Tensor(table.visits, shape: [table.discretizer.cells, table.actionCount]),
      "average_reward": Tensor([table.averageReward]),
      "counters": Tensor([stepsDone, updates].map(Int64.init)),
      "seed": Tensor([random.seed]),
      "environment": Tensor(environment.encodedState()),
      "observations": Tensor(transition.observations),
    ]
  }

  public mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError) {
    guard case .table(let saved) = policy, saved.discretizer == table.discretizer,
      saved.actionCount == table.actionCount
    else { throw LearnerStateError("the policy is not a table of this agent's bins and actions") }
    let reader = TensorReader(tensors: trainingTensors)
    let seed: [UInt64] = try reader.values("seed", shape: [1])
    guard seed[0] == random.seed else {
      throw LearnerStateError("the seed is \(seed[0]), this agent's is \(random.seed)")
    }
    var restored = self
    let shape = [table.discretizer.cells, table.actionCount]
    try reader.read("values", shape: shape, into: &restored.table.values)
    try reader.read("visits", shape: shape, into: &restored.table.visits)
    let averageReward: [Double] = try reader.values("average_reward", shape: [1])
    restored.table.averageReward = averageReward[0]
    let counters: [Int64] = try reader.values("counters", shape: [2])
    guard counters.allSatisfy({ $0 >= 0 }) else {
      throw LearnerStateError("tensor counters has negative numbers: \(counters)")
    }
    (restored.stepsDone, restored.updates) = (Int(counters[0]), Int(counters[1]))
    let state: [UInt8] = try reader.values("environment", shape: nil)
    do throws(EnvironmentStateError) { try restored.environment.restore(encodedState: state) } catch
    {
      throw LearnerStateError("the environment refused its state: \(error)")
    }
    try reader.read(
      "observations", shape: [transition.observations.count],
      into: &restored.transition.observations)
    restored.observe()
    self = restored
  }
}
