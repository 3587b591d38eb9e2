import Deployment
import Oracles
public import Rebalancing

/// Policies scored by the exact law of the two-asset chain, free of sampling noise.
public struct ExactEvaluation: Sendable, Codable {
  public var environment: String
  public var optimum: Optimum
  public var policies: [Row]

  /// The best possible, basis points per year.
  public struct Optimum: Sendable, Codable {
    public var ownActions: Double
    public var unrestricted: Double
    enum CodingKeys: String, CodingKey {
      case ownActions = "own_actions"
      case unrestricted
    }
  }

  /// What a gap is measured against.
  public enum GapAgainst: String, Sendable, Codable {
    case ownActions = "own_actions"
    case unrestricted
  }

  /// One policy; figures are missing where it has no long-run average, and `reason` says why.
  public struct Row: Sendable, Codable {
    public var name: String
    public var cost: Double?
    public var transaction: Double?
    public var drift: Double?
    public var turnover: Double?
    public var trackingError: Double?
    public var trades: Double?
    public var gap: Double?
    public var gapAgainst: GapAgainst?
    public var reason: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case name, reason
      case cost = "cost_bp_per_year"
      case transaction = "transaction_bp"
      case drift = "drift_bp"
      case turnover = "turnover_per_year"
      case trackingError = "tracking_error_bp"
      case trades = "trades_per_year"
      case gap = "gap_percent"
      case gapAgainst = "gap_against"
    }

    public func encode(to encoder: any Encoder) throws {
      var row = encoder.container(keyedBy: CodingKeys.self)
      try row.encode(name, forKey: .name)
      // A missing figure is written as null: the shape is always the same.
      try row.encode(cost, forKey: .cost)
      try row.encode(transaction, forKey: .transaction)
      try row.encode(drift, forKey: .drift)
      try row.encode(turnover, forKey: .turnover)
      try row.encode(trackingError, forKey: .trackingError)
      try row.encode(trades, forKey: .trades)
      try row.encode(gap, forKey: .gap)
      try row.encode(gapAgainst, forKey: .gapAgainst)
      try row.encodeIfPresent(reason, forKey: .reason)
    }
  }

  enum CodingKeys: String, CodingKey {
    case environment = "env"
    case optimum, policies
  }

  /// Scores policies on a task.
  ///
  /// - Throws: where the task has no exact solution.
  public init(_ task: RebalancingTask, policies: [any Trigger]) throws {
    let chain = try TwoAssetChain(task)
    environment = task.id
    let unrestricted = try chain.solve(.unrestricted).score.costPerYear
    // With two assets any fraction reaches whatever is worth reaching.
    let own =
      task.actions.isEmpty
      ? unrestricted : try chain.solve(.fractions(task.actions)).score.costPerYear
    optimum = Optimum(ownActions: own, unrestricted: unrestricted)
    self.policies = policies.map { policy in
      if let reason = Self.obstacle(policy) { return Row(name: policy.name, reason: reason) }
      do throws(NoStationaryLaw) {
        let result = try chain.score(policy, in: task)
        let yardstick = result.usesOnlyGivenFractions ? own : unrestricted
        return Row(
          name: policy.name, cost: result.score.costPerYear,
          transaction: result.score.transactionCostPerYear, drift: result.score.driftCostPerYear,
          turnover: result.score.turnoverPerYear, trackingError: result.score.trackingError,
          trades: result.score.tradesPerYear,
          gap: yardstick > 0 ? (result.score.costPerYear / yardstick - 1) * 100 : nil,
          gapAgainst: result.usesOnlyGivenFractions ? .ownActions : .unrestricted)
      } catch {
        return Row(name: policy.name, reason: error.description)
      }
    }
  }

  /// What the weights alone decide.
  private static let featuresOfWeights: Set = ["weight_deviation", "scaled_deviation"]

  /// Why a policy has no exact score: the chain knows the weights, and nothing else of the past.
  private static func obstacle(_ policy: any Trigger) -> String? {
    let exact = "the exact law is of policies that look at the weights alone"
    guard let learned = policy as? LearnedTrigger else {
      if let fact = policy.needs.facts.first { return "\(exact); it needs \(fact.rawValue)" }
      return policy.needs.dates && !(policy is CalendarRule) ? "\(exact); it looks at dates" : nil
    }
    if learned.family == .destination {
      return "the exact law is of fractions of the way to target"
    }
    for column in learned.observation.columns {
      let feature = String(column.name.prefix { $0 != "[" })
      if !featuresOfWeights.contains(feature) {
        return "\(exact); it sees \(feature)"
      }
    }
    return nil
  }
}
