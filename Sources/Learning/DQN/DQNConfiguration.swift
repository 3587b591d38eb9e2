/// How a `DQN` learns.
public struct DQNConfiguration: Sendable, Hashable, Codable {
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

  public enum CodingKeys: String, CodingKey, CaseIterable {
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

  /// Absent keys have their default.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    totalSteps = try keys.value(.totalSteps, or: totalSteps)
    copies = try keys.value(.copies, or: copies)
    trainInterval = try keys.value(.trainInterval, or: trainInterval)
    gradientSteps = try keys.value(.gradientSteps, or: gradientSteps)
    boutsPerUpdate = try keys.value(.boutsPerUpdate, or: boutsPerUpdate)
    learningStarts = try keys.value(.learningStarts, or: learningStarts)
    bufferSize = try keys.value(.bufferSize, or: bufferSize)
    batchSize = try keys.value(.batchSize, or: batchSize)
    learningRate = try keys.value(.learningRate, or: learningRate)
    annealLearningRate = try keys.value(.annealLearningRate, or: annealLearningRate)
    adamEpsilon = try keys.value(.adamEpsilon, or: adamEpsilon)
    criterion = try keys.value(.criterion, or: criterion)
    discount = try keys.value(.discount, or: discount)
    averageRewardStepSize = try keys.value(.averageRewardStepSize, or: averageRewardStepSize)
    returnSteps = try keys.value(.returnSteps, or: returnSteps)
    doubleQ = try keys.value(.doubleQ, or: doubleQ)
    dueling = try keys.value(.dueling, or: dueling)
    priorityExponent = try keys.value(.priorityExponent, or: priorityExponent)
    importanceExponent = try keys.value(.importanceExponent, or: importanceExponent)
    targetInterval = try keys.value(.targetInterval, or: targetInterval)
    targetStepSize = try keys.value(.targetStepSize, or: targetStepSize)
    huberThreshold = try keys.value(.huberThreshold, or: huberThreshold)
    maximumGradientNorm = try keys.value(.maximumGradientNorm, or: maximumGradientNorm)
    initialEpsilon = try keys.value(.initialEpsilon, or: initialEpsilon)
    finalEpsilon = try keys.value(.finalEpsilon, or: finalEpsilon)
    epsilonSteps = try keys.value(.epsilonSteps, or: epsilonSteps)
    hiddenSizes = try keys.value(.hiddenSizes, or: hiddenSizes)
    activation = try keys.value(.activation, or: activation)
  }

  /// Throws at the first value that cannot be meant.
  public func validate() throws(LearningConfigurationError) {
    for (name, value) in [
      ("total_steps", totalSteps), ("copies", copies), ("train_interval", trainInterval),
      ("gradient_steps", gradientSteps), ("bouts_per_update", boutsPerUpdate),
      ("learning_starts", learningStarts), ("buffer_size", bufferSize), ("batch_size", batchSize),
      ("return_steps", returnSteps), ("target_interval", targetInterval),
      ("epsilon_steps", epsilonSteps),
    ] {
      try Self.check(value > 0, "\(name) is \(value), valid is 1 or more")
    }
    for (name, value, most) in [
      ("copies", copies, 1 << 20), ("buffer_size", bufferSize, 1 << 28),
      ("batch_size", batchSize, 1 << 20), ("return_steps", returnSteps, 1 << 10),
    ] {
      try Self.check(value <= most, "\(name) is \(value), valid is at most \(most)")
    }
    for (name, value) in [
      ("learning_rate", learningRate), ("adam_epsilon", adamEpsilon),
      ("huber_threshold", huberThreshold), ("maximum_gradient_norm", maximumGradientNorm),
    ] {
      try Self.check(
        value > 0 && value.isFinite, "\(name) is \(value), valid is a positive number")
    }
    for (name, value) in [
      ("discount", discount), ("average_reward_step_size", averageRewardStepSize),
      ("priority_exponent", priorityExponent), ("importance_exponent", importanceExponent),
      ("initial_epsilon", initialEpsilon), ("final_epsilon", finalEpsilon),
    ] {
      try Self.check(value >= 0 && value <= 1, "\(name) is \(value), valid is 0 to 1")
    }
    try Self.check(
      targetStepSize > 0 && targetStepSize <= 1,
      "target_step_size is \(targetStepSize), valid is more than 0 to 1")
    try Self.check(
      hiddenSizes.allSatisfy { $0 > 0 && $0 <= 1 << 14 },
      "hidden_sizes is \(hiddenSizes), valid are widths of 1 to \(1 << 14)")
  }

  private static func check(
    _ condition: Bool, _ message: @autoclosure () -> String
  ) throws(LearningConfigurationError) {
    try LearningConfigurationError.check(condition, message())
  }

  /// α, or α (1 − progress).
  func learningRate(at progress: Double) -> Double {
    annealLearningRate ? learningRate * (1 - progress) : learningRate
  }

  /// ε after so many environment steps.
  func epsilon(after steps: Int) -> Double {
    let progress = min(Double(steps) / Double(epsilonSteps), 1)
    return initialEpsilon + progress * (finalEpsilon - initialEpsilon)
  }

  /// γ of the returns.
  var returnDiscount: Float { criterion == .averageReward ? 1 : Float(discount) }
}
