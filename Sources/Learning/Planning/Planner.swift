/// Value or policy iteration over a given law, as a learner that takes no environment steps.
///
/// One update solves the model; a solved model counts as all of its steps.
public struct Planner: Learner {
  public let configuration: PlannerConfiguration
  private let discretizer: TabularDiscretizer
  private let actionCount: Int
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
    let counters = try TensorReader(tensors: trainingTensors).counters(count: 1)
    guard policy == self.policy else {
      throw LearnerStateError("the policy is not the solution of this model")
    }
    stepsDone = counters[0]
  }
}
