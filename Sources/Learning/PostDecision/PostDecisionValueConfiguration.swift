/// How a `PostDecisionValue` learns.
public struct PostDecisionValueConfiguration: LearningConfiguration {
  /// Environment steps of the whole training, over all copies; every action that is tried counts.
  public var totalSteps = 100_000_000
  /// Copies of the environment, over all parts.
  public var copies = 512
  /// Shares that copies and minibatches are cut into; part of the result, unlike the worker count.
  public var parts = 2
  /// Steps of each copy between two updates.
  public var rolloutSteps = 512
  /// What is maximised.
  public var criterion = LearningCriterion.averageReward
  /// γ per step; under `averageReward` it is 1.
  public var discount = 0.999
  /// λ of the returns.
  public var traceDecay = 0.99
  /// Whether nothing comes after the time limit, as where the steps left are observed.
  public var endsAtHorizon = false
  /// The share of copies that are inclined to some actions by chance.
  public var exploringShare = 0.5
  /// Size of the inclinations, in standard deviations of the values; of edges, of their logarithms.
  public var explorationScale = 0.3
  /// The share of copies, among those that explore, whose episodes begin anywhere, a new one for every
  /// lesson: what no policy leads to is learned of, too.
  public var exploringStarts = 0.0
  /// One of so many steps of each copy is fitted; neighbours in time say nearly the same.
  public var sampleInterval = 4
  /// The fit weighs the samples of update n by n to the power of this less 1.
  public var recency = 3.0
  /// Ridge of the fit, as a part of the features' mean square.
  public var ridge = 1e-6
  /// Adam's α at the start, of the policy; it falls to zero at `totalSteps`.
  public var learningRate = 1e-3
  /// Adam's ε.
  public var adamEpsilon = 1e-8
  /// Widths of the hidden layers of the value, which are drawn once; the last is fitted to.
  public var hiddenSizes = [64]
  /// Widths of the hidden layers of the policy.
  public var policyHiddenSizes = [64, 64]
  /// The nonlinearity of the hidden layers.
  public var activation = Activation.tanh
  /// Every so many steps the policy is taught at the states of all copies.
  public var lessonInterval = 16
  /// Gradient steps per update that teach the policy.
  public var lessons = 32
  /// Temperature of the scores that the policy is taught, in root mean squares of the advantage of
  /// the best action over the next.
  public var temperature = 0.1

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case totalSteps = "total_steps"
    case copies, parts
    case rolloutSteps = "rollout_steps"
    case criterion, discount
    case traceDecay = "trace_decay"
    case endsAtHorizon = "ends_at_horizon"
    case exploringShare = "exploring_share"
    case explorationScale = "exploration_scale"
    case exploringStarts = "exploring_starts"
    case sampleInterval = "sample_interval"
    case recency, ridge
    case learningRate = "learning_rate"
    case adamEpsilon = "adam_epsilon"
    case hiddenSizes = "hidden_sizes"
    case policyHiddenSizes = "policy_hidden_sizes"
    case activation
    case lessonInterval = "lesson_interval"
    case lessons, temperature
  }

  public static let keys = CodingKeys.allCases.map(\.rawValue)

  public func validate() throws(LearningConfigurationError) {
    try checkCounts([
      "total_steps": totalSteps, "copies": copies, "parts": parts, "rollout_steps": rolloutSteps,
      "sample_interval": sampleInterval, "lesson_interval": lessonInterval, "lessons": lessons,
    ])
    try checkCounts(["copies": copies, "rollout_steps": rolloutSteps], most: 1 << 20)
    try check(parts <= copies, "parts is \(parts), valid is at most copies, \(copies)")
    try check(
      lessonInterval <= rolloutSteps,
      "lesson_interval is \(lessonInterval), valid is at most rollout_steps, \(rolloutSteps)")
    try check(
      sampleInterval <= rolloutSteps,
      "sample_interval is \(sampleInterval), valid is at most rollout_steps, \(rolloutSteps)")
    try check(
      !hiddenSizes.isEmpty, "hidden_sizes is empty, valid is one hidden layer or more")
    let taught = copies / parts * (rolloutSteps / lessonInterval)
    try check(
      lessons <= taught, "lessons is \(lessons), valid is at most the \(taught) states of a part")
    try checkPositive([
      "learning_rate": learningRate, "adam_epsilon": adamEpsilon, "temperature": temperature,
      "recency": recency, "ridge": ridge,
    ])
    try checkShares([
      "discount": discount, "trace_decay": traceDecay,
    ])
    try check(
      exploringShare >= 0 && exploringShare < 1,
      "exploring_share is \(exploringShare), valid is 0 to below 1")
    try check(
      exploringStarts >= 0 && exploringStarts <= exploringShare,
      "exploring_starts is \(exploringStarts), valid is 0 to exploring_share, \(exploringShare)")
    try checkNotNegative(["exploration_scale": explorationScale])
    try checkWidths([
      "hidden_sizes": hiddenSizes, "policy_hidden_sizes": policyHiddenSizes,
    ])
  }

  /// The copies of each part.
  public var copyRanges: [Range<Int>] { Range<Int>.split(copies, into: parts) }
}
