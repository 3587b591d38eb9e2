/// What the value of the next state is learned from.
public enum TabularMethod: String, Sendable, Hashable, CaseIterable, Codable {
  /// maxₐ Q(S′, a) (Watkins 1989).
  case qLearning = "q_learning"
  /// Q(S′, A′) of the action that is taken there (Rummery and Niranjan 1994).
  case sarsa
  /// Σₐ π(a | S′) Q(S′, a) under the policy that acts (van Seijen et al. 2009).
  case expectedSarsa = "expected_sarsa"
  /// Q₂(S′, argmaxₐ Q₁(S′, a)) for Q₁ and the reverse for Q₂, a coin chooses (van Hasselt 2010).
  case doubleQ = "double_q"
}

/// How a `TabularLearner` learns.
public struct TabularConfiguration: LearningConfiguration {
  /// What is learned from; the key is `algorithm`.
  public var method = TabularMethod.qLearning
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
  /// Tilings of as many bins each, offset against each other.
  public var tilings = 1
  /// n: rewards in a return before the value of a state takes their place.
  public var returnSteps = 1
  /// λ: 1 is the n-step return; below, the λ-return truncated after n steps.
  public var traceDecay = 1.0
  /// Whether returns of `q_learning` and `double_q` end before an action that is not greedy
  /// (Watkins); else they go on as if it were (Peng).
  public var cutTraces = true
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
  /// How α falls with the steps of training, besides with visits: from `stepSize` to
  /// `finalStepSize`, each over n^ω.
  public var stepSizeSchedule = ScheduleShape.constant
  /// α of the first visit from `stepSizeSteps` on, where the schedule is not constant.
  public var finalStepSize = 0.01
  /// Steps over which α falls, over all copies.
  public var stepSizeSteps = 1_000_000
  /// η: the reward rate's step size as a multiple of α, under `averageReward`.
  public var averageRewardStepSize = 0.01
  /// Probability of a random action at the start.
  public var initialEpsilon = 1.0
  /// Probability of a random action from `epsilonSteps` on.
  public var finalEpsilon = 0.05
  /// How the probability falls between the two.
  public var epsilonSchedule = ScheduleShape.linear
  /// Steps over which the probability falls, over all copies.
  public var epsilonSteps = 500_000
  /// Action values at the start.
  public var initialValue = 0.0

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case method = "algorithm"
    case totalSteps = "total_steps"
    case copies
    case rolloutSteps = "rollout_steps"
    case bins, low, high, tilings, criterion, discount
    case returnSteps = "return_steps"
    case traceDecay = "trace_decay"
    case cutTraces = "cut_traces"
    case stepSize = "step_size"
    case stepSizePower = "step_size_power"
    case minimumStepSize = "minimum_step_size"
    case stepSizeSchedule = "step_size_schedule"
    case finalStepSize = "final_step_size"
    case stepSizeSteps = "step_size_steps"
    case averageRewardStepSize = "average_reward_step_size"
    case initialEpsilon = "initial_epsilon"
    case finalEpsilon = "final_epsilon"
    case epsilonSchedule = "epsilon_schedule"
    case epsilonSteps = "epsilon_steps"
    case initialValue = "initial_value"
  }

  public static let keys = CodingKeys.allCases.map(\.rawValue)

  public func validate() throws(LearningConfigurationError) {
    try checkCounts([
      "total_steps": totalSteps, "copies": copies, "rollout_steps": rolloutSteps,
      "epsilon_steps": epsilonSteps, "step_size_steps": stepSizeSteps, "tilings": tilings,
    ])
    try check(
      !bins.isEmpty && bins.allSatisfy { $0 > 0 }, "bins is \(bins), valid are counts of 1 or more")
    try checkShares([
      "discount": discount, "step_size": stepSize, "step_size_power": stepSizePower,
      "minimum_step_size": minimumStepSize, "initial_epsilon": initialEpsilon,
      "average_reward_step_size": averageRewardStepSize, "final_epsilon": finalEpsilon,
      "final_step_size": finalStepSize, "trace_decay": traceDecay,
    ])
    try check(
      initialValue.isFinite, "initial_value is \(initialValue), valid is a finite number")
    try check(
      returnSteps > 0 && returnSteps <= rolloutSteps,
      "return_steps is \(returnSteps), valid is 1 to rollout_steps, \(rolloutSteps)")
    try stepSizes.validate("step_size")
    try epsilons.validate("epsilon")
  }

  /// α of the first visit.
  var stepSizes: Schedule {
    Schedule(
      shape: stepSizeSchedule, first: stepSize, last: finalStepSize, steps: stepSizeSteps)
  }

  /// Probability of a random action.
  var epsilons: Schedule {
    Schedule(
      shape: epsilonSchedule, first: initialEpsilon, last: finalEpsilon, steps: epsilonSteps)
  }

  /// The bins over an observation space.
  func discretizer(low spaceLow: [Float], high spaceHigh: [Float])
    throws(LearningConfigurationError) -> TabularDiscretizer
  {
    let (low, high) = (low ?? spaceLow, high ?? spaceHigh)
    let bins = bins.count == 1 ? Array(repeating: bins[0], count: spaceLow.count) : bins
    let shift = tilings > 1 ? 1 : 0
    let cells = bins.reduce(Double(tilings)) { $0 * Double($1 + shift) }
    try check(
      cells <= 1e7, "bins is \(self.bins), together \(cells) cells, valid are at most 1e7")
    for (name, count) in [("low", low.count), ("high", high.count), ("bins", bins.count)] {
      try check(
        count == spaceLow.count,
        "\(name) has \(count) numbers, valid is \(spaceLow.count), as the observation has")
    }
    try check(
      zip(low, high).allSatisfy { $0 < $1 && $0.isFinite && $1.isFinite },
      "low and high are \(low) and \(high), valid are finite numbers with low below high")
    return TabularDiscretizer(low: low, high: high, bins: bins, tilings: tilings)
  }
}
