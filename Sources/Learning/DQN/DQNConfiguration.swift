/// How a `DQN` learns.
public struct DQNConfiguration: LearningConfiguration {
  /// Environment steps of the whole training, over all copies.
  public var totalSteps = 500_000
  /// Copies of the environment.
  public var copies = 8
  /// Steps of each copy between two bouts of gradient steps.
  public var trainInterval = 1
  /// Gradient steps of a bout.
  public var gradientSteps = 1
  /// Bouts in one update, after which progress is told.
  public var boutsPerUpdate = 100
  /// Environment steps, over all copies, before the first gradient step.
  public var learningStarts = 1_000
  /// Transitions that are kept.
  public var bufferSize = 100_000
  /// Transitions of a minibatch.
  public var batchSize = 64
  /// Adam's α at the start.
  public var learningRate = 1e-3
  /// Whether α falls linearly to zero at `totalSteps`.
  public var annealLearningRate = false
  /// Adam's ε.
  public var adamEpsilon = 1e-8
  /// What is maximised.
  public var criterion = LearningCriterion.discounted
  /// γ per step; not used under `averageReward`.
  public var discount = 0.99
  /// η: weight of the newest minibatch in the reward rate, under `averageReward`.
  public var averageRewardStepSize = 0.01
  /// n: rewards that are summed before the value of the state after them.
  public var returnSteps = 1
  /// Whether one network chooses the best next action and the other values it.
  public var doubleQ = true
  /// Whether a state's value and the actions' advantages have outputs of their own.
  public var dueling = true
  /// α of prioritised replay: transitions are drawn in proportion to |δ|ᵅ; 0 draws uniformly.
  public var priorityExponent = 0.0
  /// β of the importance weights at the start; it rises linearly to 1 at `totalSteps`.
  public var importanceExponent = 0.4
  /// Gradient steps between two moves of the target network.
  public var targetInterval = 500
  /// How far the target network moves: 1 copies, less is Polyak averaging.
  public var targetStepSize = 1.0
  /// Error beyond which the loss grows linearly.
  public var huberThreshold = 1.0
  /// Length that the gradient of all parameters is cut to.
  public var maximumGradientNorm = 10.0
  /// Probability of a random action at the start.
  public var initialEpsilon = 1.0
  /// Probability of a random action from `epsilonSteps` on.
  public var finalEpsilon = 0.05
  /// Steps over which the probability falls linearly, over all copies.
  public var epsilonSteps = 50_000
  /// Widths of the hidden layers.
  public var hiddenSizes = [64, 64]
  /// The nonlinearity of the hidden layers.
  public var activation = Activation.relu

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case totalSteps = "total_steps"
    case copies
    case trainInterval = "train_interval"
    case gradientSteps = "gradient_steps"
    case boutsPerUpdate = "bouts_per_update"
    case learningStarts = "learning_starts"
    case bufferSize = "buffer_size"
    case batchSize = "batch_size"
    case learningRate = "learning_rate"
    case annealLearningRate = "anneal_learning_rate"
    case adamEpsilon = "adam_epsilon"
    case criterion, discount
    case averageRewardStepSize = "average_reward_step_size"
    case returnSteps = "return_steps"
    case doubleQ = "double_q"
    case dueling
    case priorityExponent = "priority_exponent"
    case importanceExponent = "importance_exponent"
    case targetInterval = "target_interval"
    case targetStepSize = "target_step_size"
    case huberThreshold = "huber_threshold"
    case maximumGradientNorm = "maximum_gradient_norm"
    case initialEpsilon = "initial_epsilon"
    case finalEpsilon = "final_epsilon"
    case epsilonSteps = "epsilon_steps"
    case hiddenSizes = "hidden_sizes"
    case activation
  }

  public static let keys = CodingKeys.allCases.map(\.rawValue)

  public func validate() throws(LearningConfigurationError) {
    try checkCounts([
      "total_steps": totalSteps, "copies": copies, "train_interval": trainInterval,
      "gradient_steps": gradientSteps, "bouts_per_update": boutsPerUpdate,
      "learning_starts": learningStarts, "buffer_size": bufferSize, "batch_size": batchSize,
      "return_steps": returnSteps, "target_interval": targetInterval, "epsilon_steps": epsilonSteps,
    ])
    try checkCounts(["copies": copies], most: 1 << 20)
    try checkCounts(["buffer_size": bufferSize], most: 1 << 28)
    try checkCounts(["batch_size": batchSize], most: 1 << 20)
    try checkCounts(["return_steps": returnSteps], most: 1 << 10)
    try checkPositive([
      "learning_rate": learningRate, "adam_epsilon": adamEpsilon, "huber_threshold": huberThreshold,
      "maximum_gradient_norm": maximumGradientNorm,
    ])
    try checkShares([
      "discount": discount, "average_reward_step_size": averageRewardStepSize,
      "priority_exponent": priorityExponent, "importance_exponent": importanceExponent,
      "initial_epsilon": initialEpsilon, "final_epsilon": finalEpsilon,
    ])
    try check(
      targetStepSize > 0 && targetStepSize <= 1,
      "target_step_size is \(targetStepSize), valid is more than 0 to 1")
    try checkWidths(["hidden_sizes": hiddenSizes])
  }

  /// α, or α (1 − progress).
  func learningRate(at progress: Double) -> Double {
    annealLearningRate ? learningRate * (1 - progress) : learningRate
  }

  /// ε.
  var epsilons: Schedule {
    Schedule(shape: .linear, first: initialEpsilon, last: finalEpsilon, steps: epsilonSteps)
  }

  /// γ of the returns.
  var returnDiscount: Float { criterion == .averageReward ? 1 : Float(discount) }
}
