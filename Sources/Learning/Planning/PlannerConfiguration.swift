/// How a `Planner` solves a model.
public struct PlannerConfiguration: LearningConfiguration {
  /// What is iterated.
  public enum Method: String, Sendable, Hashable, CaseIterable, Codable {
    case valueIteration = "value_iteration"
    case policyIteration = "policy_iteration"
  }

  /// What is iterated; the key is `algorithm`.
  public var method = Method.valueIteration
  /// The most sweeps or improvements.
  public var totalSteps = 100_000
  /// Bins of the observation: the states.
  public var bins = 400
  /// Lower bound of the bins.
  public var low: Float = -4
  /// Upper bound of the bins.
  public var high: Float = 4
  /// What is maximised.
  public var criterion = LearningCriterion.averageReward
  /// γ per step; not used under `averageReward`.
  public var discount = 0.99
  /// Distance of the bounds on the optimum at which value iteration ends, in units of reward.
  public var tolerance = 1e-8

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case method = "algorithm"
    case totalSteps = "total_steps"
    case bins, low, high, criterion, discount, tolerance
  }

  public static let keys = CodingKeys.allCases.map(\.rawValue)

  public func validate() throws(LearningConfigurationError) {
    try checkCounts(["total_steps": totalSteps])
    try check(
      (2...5000).contains(bins), "bins is \(bins), valid is 2 to 5000")
    try check(
      low < high && low.isFinite && high.isFinite,
      "low and high are \(low) and \(high), valid are finite numbers with low below high")
    try check(
      discount >= 0 && discount < 1, "discount is \(discount), valid is 0 to less than 1")
    try checkPositive(["tolerance": tolerance])
  }

  /// The states of the model.
  public var discretizer: TabularDiscretizer {
    TabularDiscretizer(low: [low], high: [high], bins: [bins])
  }
}
