/// How a `QLearning` agent learns.
public struct QLearningConfiguration: Sendable, Hashable, Codable {
  /// Environment steps of the whole training, over all copies.
  public var totalSteps = 1_000_000
  /// Copies of the environment.
  public var copies = 16
  /// Steps of each copy in one update.
  public var rolloutSteps = 1024
  /// Bins of each dimension of the observation; a single number counts for all of them.
  public var bins = [64]
  /// Lower bounds of the bins; by default the observation space's, which must then be finite.
  public var low: [Float]?
  /// Upper bounds of the bins; by default the observation space's.
  public var high: [Float]?
  /// What is maximised.
  public var criterion = LearningCriterion.discounted
  /// γ per step; not used under `averageReward`.
  public var discount = 0.99
  /// α of the first visit of a state and action.
  public var stepSize = 0.1
  /// ω: α of the n-th visit is `stepSize` / n^ω; 0 keeps it constant.
  public var stepSizePower = 0.0
  /// The smallest α.
  public var minimumStepSize = 0.0
  /// η: the reward rate's step size as a multiple of α, under `averageReward`.
  public var averageRewardStepSize = 0.01
  /// Probability of a random action at the start.
  public var initialEpsilon = 1.0
  /// Probability of a random action from `epsilonSteps` on.
  public var finalEpsilon = 0.05
  /// Steps over which the probability falls linearly, over all copies.
  public var epsilonSteps = 500_000
  /// Action values at the start.
  public var initialValue = 0.0

  public init() {}

  public enum CodingKeys: String, CodingKey, CaseIterable {
    case totalSteps = "total_steps"
    case copies
    case rolloutSteps = "rollout_steps"
    case bins, low, high, criterion, discount
    case stepSize = "step_size"
    case stepSizePower = "step_size_power"
    case minimumStepSize = "minimum_step_size"
    case averageRewardStepSize = "average_reward_step_size"
    case initialEpsilon = "initial_epsilon"
    case finalEpsilon = "final_epsilon"
    case epsilonSteps = "epsilon_steps"
    case initialValue = "initial_value"
  }

  /// Absent keys have their default.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    totalSteps = try keys.value(.totalSteps, or: totalSteps)
    copies = try keys.value(.copies, or: copies)
    rolloutSteps = try keys.value(.rolloutSteps, or: rolloutSteps)
    bins = try keys.value(.bins, or: bins)
    low = try keys.decodeIfPresent([Float].self, forKey: .low)
    high = try keys.decodeIfPresent([Float].self, forKey: .high)
    criterion = try keys.value(.criterion, or: criterion)
    discount = try keys.value(.discount, or: discount)
    stepSize = try keys.value(.stepSize, or: stepSize)
    stepSizePower = try keys.value(.stepSizePower, or: stepSizePower)
    minimumStepSize = try keys.value(.minimumStepSize, or: minimumStepSize)
    averageRewardStepSize = try keys.value(.averageRewardStepSize, or: averageRewardStepSize)
    initialEpsilon = try keys.value(.initialEpsilon, or: initialEpsilon)
    finalEpsilon = try keys.value(.finalEpsilon, or: finalEpsilon)
    epsilonSteps = try keys.value(.epsilonSteps, or: epsilonSteps)
    initialValue = try keys.value(.initialValue, or: initialValue)
  }

  /// Throws at the first value that cannot be meant.
  public func validate() throws(LearningConfigurationError) {
    for (name, value) in [
      ("total_steps", totalSteps), ("copies", copies), ("rollout_steps", rolloutSteps),
      ("epsilon_steps", epsilonSteps),
    ] {
      try LearningConfigurationError.check(value > 0, "\(name) is \(value), valid is 1 or more")
    }
    try LearningConfigurationError.check(
      !bins.isEmpty && bins.allSatisfy { $0 > 0 }, "bins is \(bins), valid are counts of 1 or more")
    for (name, value) in [
      ("discount", discount), ("step_size", stepSize), ("step_size_power", stepSizePower),
      ("minimum_step_size", minimumStepSize), ("initial_epsilon", initialEpsilon),
      ("average_reward_step_size", averageRewardStepSize), ("final_epsilon", finalEpsilon),
    ] {
      try LearningConfigurationError.check(
        value >= 0 && value <= 1, "\(name) is \(value), valid is 0 to 1")
    }
    try LearningConfigurationError.check(
      initialValue.isFinite, "initial_value is \(initialValue), valid is a finite number")
  }

  /// The bins over an observation space.
  func discretizer(low spaceLow: [Float], high spaceHigh: [Float])
    throws(LearningConfigurationError) -> TabularDiscretizer
  {
    let (low, high) = (low ?? spaceLow, high ?? spaceHigh)
    let bins = bins.count == 1 ? Array(repeating: bins[0], count: spaceLow.count) : bins
    let cells = bins.reduce(1.0) { $0 * Double($1) }
    try LearningConfigurationError.check(
      cells <= 1e7, "bins is \(self.bins), together \(cells) cells, valid are at most 1e7")
    for (name, count) in [("low", low.count), ("high", high.count), ("bins", bins.count)] {
      try LearningConfigurationError.check(
        count == spaceLow.count,
        "\(name) has \(count) numbers, valid is \(spaceLow.count), as the observation has")
    }
    try LearningConfigurationError.check(
      zip(low, high).allSatisfy { $0 < $1 && $0.isFinite && $1.isFinite },
      "low and high are \(low) and \(high), valid are finite numbers with low below high")
    return TabularDiscretizer(low: low, high: high, bins: bins)
  }
}
