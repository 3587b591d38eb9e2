/// How a `PPO` learns.
public struct PPOConfiguration: LearningConfiguration {
  /// How rewards are scaled before learning; the scale is known from all steps so far.
  public enum RewardScaling: String, Sendable, Hashable, CaseIterable, Codable {
    /// Not at all.
    case none
    /// Divided by the standard deviation of the rewards.
    case rewardDeviation = "reward_deviation"
    /// Divided by the standard deviation of the discounted sums of past rewards.
    case returnDeviation = "return_deviation"
  }

  /// Environment steps of the whole training, over all copies.
  public var totalSteps = 1_000_000
  /// Copies of the environment, over all parts.
  public var copies = 64
  /// Shares that copies and minibatches are cut into; part of the result, unlike the worker count.
  public var parts = 2
  /// Steps of each copy between two updates.
  public var rolloutSteps = 128
  /// Passes over a rollout.
  public var epochs = 4
  /// Gradient steps per pass.
  public var minibatches = 4
  /// Adam's α at the start.
  public var learningRate = 3e-4
  /// Whether α falls linearly to zero at `totalSteps`.
  public var annealLearningRate = true
  /// Adam's ε.
  public var adamEpsilon = 1e-5
  /// What is maximised.
  public var criterion = LearningCriterion.discounted
  /// γ per step; under `averageReward` it is 1 and this key only enters `returnDeviation`.
  public var discount = 0.99
  /// λ of generalised advantage estimation.
  public var traceDecay = 0.95
  /// Weight of the newest rollout in the average-reward estimate.
  public var averageRewardStepSize = 0.1
  /// ν, how strongly differential values are pulled to mean zero (Ma, Tang, Xia, Zhao 2021).
  public var averageValueCorrection = 0.1
  /// ε of the clipped probability ratio.
  public var clipRange = 0.2
  /// Largest change of a value prediction that the loss rewards; none by default.
  public var valueClipRange: Double?
  /// Weight of the mean entropy.
  public var entropyCoefficient = 0.01
  /// Weight of the value loss ½(V − R)².
  public var valueCoefficient = 0.5
  /// Length that the gradient of all parameters is cut to.
  public var maximumGradientNorm = 0.5
  /// Whether advantages are shifted and scaled to mean 0 and deviation 1 in each minibatch.
  public var normalizeAdvantages = true
  /// An update stops after the epoch whose mean KL divergence exceeds this; none by default.
  public var targetKL: Double?
  /// Whether and how rewards are scaled.
  public var rewardScaling = RewardScaling.none
  /// Widths of the hidden layers, of the actor and of the critic.
  public var hiddenSizes = [64, 64]
  /// Whether actor and critic share their hidden layers.
  public var sharedTrunk = false
  /// Whether observations are shifted and scaled by what has been seen so far.
  public var normalizeObservations = false
  /// The nonlinearity of the hidden layers.
  public var activation = Activation.tanh

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case totalSteps = "total_steps"
    case copies, parts
    case rolloutSteps = "rollout_steps"
    case epochs, minibatches
    case learningRate = "learning_rate"
    case annealLearningRate = "anneal_learning_rate"
    case adamEpsilon = "adam_epsilon"
    case criterion, discount
    case traceDecay = "trace_decay"
    case averageRewardStepSize = "average_reward_step_size"
    case averageValueCorrection = "average_value_correction"
    case clipRange = "clip_range"
    case valueClipRange = "value_clip_range"
    case entropyCoefficient = "entropy_coefficient"
    case valueCoefficient = "value_coefficient"
    case maximumGradientNorm = "maximum_gradient_norm"
    case normalizeAdvantages = "normalize_advantages"
    case targetKL = "target_kl"
    case rewardScaling = "reward_scaling"
    case hiddenSizes = "hidden_sizes"
    case sharedTrunk = "shared_trunk"
    case normalizeObservations = "normalize_observations"
    case activation
  }

  public static let keys = CodingKeys.allCases.map(\.rawValue)

  public func validate() throws(LearningConfigurationError) {
    try checkCounts([
      "total_steps": totalSteps, "copies": copies, "parts": parts, "rollout_steps": rolloutSteps,
      "epochs": epochs, "minibatches": minibatches,
    ])
    try checkCounts(["copies": copies, "rollout_steps": rolloutSteps], most: 1 << 20)
    try check(parts <= copies, "parts is \(parts), valid is at most copies, \(copies)")
    let samples = copies / parts * rolloutSteps
    try check(
      minibatches <= samples,
      "minibatches is \(minibatches), valid is at most the \(samples) steps of a part's rollout")
    try checkPositive([
      "learning_rate": learningRate, "adam_epsilon": adamEpsilon, "clip_range": clipRange,
      "maximum_gradient_norm": maximumGradientNorm, "value_clip_range": valueClipRange ?? 1,
      "target_kl": targetKL ?? 1,
    ])
    try checkShares([
      "discount": discount, "trace_decay": traceDecay,
      "average_reward_step_size": averageRewardStepSize,
      "average_value_correction": averageValueCorrection,
    ])
    try checkNotNegative([
      "entropy_coefficient": entropyCoefficient, "value_coefficient": valueCoefficient,
    ])
    try check(
      criterion == .discounted || traceDecay < 1,
      "trace_decay is 1, valid under average_reward is less than 1")
    try checkWidths(["hidden_sizes": hiddenSizes])
  }

  /// The copies of each part.
  public var copyRanges: [Range<Int>] { Range<Int>.split(copies, into: parts) }
  /// Environment steps of one update.
  public var stepsPerUpdate: Int { copies * rolloutSteps }
}
