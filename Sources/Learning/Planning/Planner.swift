/// Value or policy iteration over a given law, as a learner that takes no environment steps.
///
/// One update solves the model; a solved model counts as all of its steps.
public struct Planner: Learner {
  public let configuration: PlannerConfiguration
  private let discretizer: TabularDiscretizer
  private let solution: FiniteModel.Solution
  public private(set) var stepsDone = 0

  /// Solves a model.
  ///
  /// - Parameters:
  ///   - discretizer: its cells are the model's states.
  public init(
    configuration: PlannerConfiguration, model: FiniteModel, discretizer: TabularDiscretizer
  ) throws {
    try configuration.validate()
    precondition(
      discretizer.cells == model.stateCount,
      "\(discretizer.cells) cells are not \(model.stateCount) states")
    self.configuration = configuration
    self.discretizer = discretizer
    actionCount = model.actionCount
    solution =
      switch configuration.method {
      case .valueIteration:
        try model.valueIteration(
          configuration.criterion, discount: configuration.discount,
          tolerance: configuration.tolerance, limit: configuration.totalSteps)
      case .policyIteration:
        try model.policyIteration(
          configuration.criterion, discount: configuration.discount,
          limit: configuration.totalSteps)
      }
  }

  private let actionCount: Int

  public var policy: LearnedPolicy {
    .table(
      QTable(
        discretizer: discretizer, actionCount: actionCount,
        values: solution.values.map { Float($0) }))
  }

  public mutating func update(workers: Int) -> UpdateReport {
    stepsDone = configuration.totalSteps
    return UpdateReport(
      stepsDone: stepsDone, meanReward: solution.averageReward,
      figures: ["rounds": Double(solution.rounds), "error": solution.error])
  }

  public func trainingTensors() -> [String: Tensor] {
    ["counters": Tensor([Int64(stepsDone)])]
  }

  public mutating func restore(
    policy: LearnedPolicy, trainingTensors: [String: Tensor]
  ) throws(LearnerStateError) {
    let counters: [Int64] = try TensorReader(tensors: trainingTensors).values(
      "counters", shape: [1])
    guard policy == self.policy, counters[0] >= 0 else {
      throw LearnerStateError("the policy is not the solution of this model")
    }
    stepsDone = Int(counters[0])
  }
}

/// How a `Planner` solves a model.
public struct PlannerConfiguration: Sendable, Hashable, Codable {
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

  public enum CodingKeys: String, CodingKey, CaseIterable {
    case method = "algorithm"
    case totalSteps = "total_steps"
    case bins, low, high, criterion, discount, tolerance
  }

  /// Absent keys have their default.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    method = try keys.value(.method, or: method)
    totalSteps = try keys.value(.totalSteps, or: totalSteps)
    bins = try keys.value(.bins, or: bins)
    low = try keys.value(.low, or: low)
    high = try keys.value(.high, or: high)
    criterion = try keys.value(.criterion, or: criterion)
    discount = try keys.value(.discount, or: discount)
    tolerance = try keys.value(.tolerance, or: tolerance)
  }

  /// Throws at the first value that cannot be meant.
  public func validate() throws(LearningConfigurationError) {
    try LearningConfigurationError.check(
      totalSteps > 0, "total_steps is \(totalSteps), valid is 1 or more")
    try LearningConfigurationError.check(
      (2...5000).contains(bins), "bins is \(bins), valid is 2 to 5000")
    try LearningConfigurationError.check(
      low < high && low.isFinite && high.isFinite,
      "low and high are \(low) and \(high), valid are finite numbers with low below high")
    try LearningConfigurationError.check(
      discount >= 0 && discount < 1, "discount is \(discount), valid is 0 to less than 1")
    try LearningConfigurationError.check(
      tolerance > 0 && tolerance.isFinite, "tolerance is \(tolerance), valid is a positive number")
  }

  /// The states of the model.
  public var discretizer: TabularDiscretizer {
    TabularDiscretizer(low: [low], high: [high], bins: [bins])
  }
}
