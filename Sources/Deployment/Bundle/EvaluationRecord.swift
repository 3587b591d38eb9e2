public import Foundation

/// How a policy compares with rules on the same paths: `evaluation.json`, beside a checkpoint and in a
/// bundle.
///
/// It is of one policy, by the SHA-256 of its weights, and of one environment, by that of its resolved
/// specification. It holds no times: equal evaluations have equal bytes.
public struct EvaluationRecord: Codable, Sendable, Hashable {
  public static let fileName = "evaluation.json"

  /// Always `rebalancing-evaluation`.
  public var format: String
  public var formatVersion: Int
  /// SHA-256 of the policy's weights, `policy.safetensors`.
  public var policyDigest: String
  /// Where it was scored, and where it was trained.
  public var environment: PolicyBundle.Manifest.Environment
  public var trainedOn: PolicyBundle.Manifest.Environment
  /// The task that it was scored on, in words.
  public var task: [Line]
  public var paths: Paths
  public var policy: Score
  /// Against each rule on the same paths.
  public var rules: [Comparison]
  /// Against the rule with the lowest cost on these paths; choosing it there favours it.
  public var bestRule: Comparison
  /// Rules that cannot be played here.
  public var leftOut: [LeftOut]
  /// Scores without sampling, where the task has them.
  public var exact: Exact?
  public var failures: Failures
  /// Commit, compiler and version of the program.
  public var provenance: [String: String]

  /// A word and a sentence about it.
  public struct Line: Codable, Sendable, Hashable {
    public var about: String
    public var text: String
    public init(about: String, text: String) { (self.about, self.text) = (about, text) }
  }

  /// What was played.
  public struct Paths: Codable, Sendable, Hashable {
    public var seed: UInt64
    /// What a sample is: `episode` or `calendar_year`.
    public var sample: String
    /// Number of samples, which intervals are over.
    public var count: Int
    public var firstDate: String
    public var lastDate: String

    public init(seed: UInt64, sample: String, count: Int, firstDate: String, lastDate: String) {
      (self.seed, self.sample, self.count) = (seed, sample, count)
      (self.firstDate, self.lastDate) = (firstDate, lastDate)
    }

    enum CodingKeys: String, CodingKey {
      case seed, sample, count
      case firstDate = "first_date"
      case lastDate = "last_date"
    }
  }

  /// Means of a policy per year.
  public struct Score: Codable, Sendable, Hashable {
    /// Basis points of value: transaction, tax and drift together, and each.
    public var cost: Double
    public var transaction: Double
    public var tax: Double
    public var drift: Double
    /// One-way.
    public var turnover: Double
    public var trades: Double
    public var trackingError: Double

    public init(
      cost: Double, transaction: Double, tax: Double, drift: Double, turnover: Double,
      trades: Double, trackingError: Double
    ) {
      (self.cost, self.transaction, self.tax, self.drift) = (cost, transaction, tax, drift)
      (self.turnover, self.trades, self.trackingError) = (turnover, trades, trackingError)
    }

    enum CodingKeys: String, CodingKey {
      case cost = "cost_bp_per_year"
      case transaction = "transaction_bp"
      case tax = "tax_bp"
      case drift = "drift_bp"
      case turnover = "turnover_per_year"
      case trades = "trades_per_year"
      case trackingError = "tracking_error_bp"
    }
  }

  /// A mean with its 95 % interval.
  public struct Estimate: Codable, Sendable, Hashable {
    public var mean: Double
    public var low: Double
    public var high: Double
    public init(mean: Double, low: Double, high: Double) {
      (self.mean, self.low, self.high) = (mean, low, high)
    }
  }

  /// The policy against a rule.
  public struct Comparison: Codable, Sendable, Hashable {
    public var name: String
    /// Of the rule.
    public var cost: Double
    /// Cost of the rule minus cost of the policy on the same paths: positive where the policy is cheaper.
    public var saving: Estimate
    /// The share of samples on which the policy is cheaper.
    public var cheaperShare: Double

    public init(name: String, cost: Double, saving: Estimate, cheaperShare: Double) {
      (self.name, self.cost, self.saving, self.cheaperShare) = (name, cost, saving, cheaperShare)
    }

    enum CodingKeys: String, CodingKey {
      case name
      case cost = "cost_bp_per_year"
      case saving = "saving_bp_per_year"
      case cheaperShare = "cheaper_share"
    }
  }

  /// A rule that was not played, and why.
  public struct LeftOut: Codable, Sendable, Hashable {
    public var name: String
    public var reason: String
    public init(name: String, reason: String) { (self.name, self.reason) = (name, reason) }
  }

  /// Gaps to the exact optimum.
  public struct Exact: Codable, Sendable, Hashable {
    /// The lowest possible cost over the policy's own actions, and over all; bp per year.
    public var ownActions: Double
    public var unrestricted: Double
    /// The policy first, then the rules that have an exact score.
    public var gaps: [Gap]

    public init(ownActions: Double, unrestricted: Double, gaps: [Gap]) {
      (self.ownActions, self.unrestricted, self.gaps) = (ownActions, unrestricted, gaps)
    }

    enum CodingKeys: String, CodingKey {
      case gaps
      case ownActions = "optimum_own_actions_bp"
      case unrestricted = "optimum_unrestricted_bp"
    }
  }

  /// How far above the optimum a policy's long-run cost is; `reason` where it has none.
  public struct Gap: Codable, Sendable, Hashable {
    public var name: String
    public var percent: Double?
    /// `own_actions` or `unrestricted`.
    public var against: String?
    public var reason: String?

    public init(name: String, percent: Double?, against: String?, reason: String?) {
      (self.name, self.percent, self.against, self.reason) = (name, percent, against, reason)
    }

    enum CodingKeys: String, CodingKey {
      case name, reason
      case percent = "gap_percent"
      case against = "gap_against"
    }
  }

  /// Where the policy does worst against the best rule.
  public struct Failures: Codable, Sendable, Hashable {
    /// The share of samples on which the best rule is cheaper.
    public var worseShare: Double
    /// The worst samples, by their numbers from 0, and what the policy lost there.
    public var worst: [Sample]

    public init(worseShare: Double, worst: [Sample]) {
      (self.worseShare, self.worst) = (worseShare, worst)
    }

    /// One sample.
    public struct Sample: Codable, Sendable, Hashable {
      public var sample: Int
      public var saving: Double
      public init(sample: Int, saving: Double) { (self.sample, self.saving) = (sample, saving) }

      enum CodingKeys: String, CodingKey {
        case sample
        case saving = "saving_bp_per_year"
      }
    }

    enum CodingKeys: String, CodingKey {
      case worst
      case worseShare = "worse_share"
    }
  }

  public init(
    policyDigest: String, environment: PolicyBundle.Manifest.Environment,
    trainedOn: PolicyBundle.Manifest.Environment, task: [Line], paths: Paths, policy: Score,
    rules: [Comparison], bestRule: Comparison, leftOut: [LeftOut], exact: Exact?,
    failures: Failures, provenance: [String: String]
  ) {
    (format, formatVersion) = ("rebalancing-evaluation", 1)
    (self.policyDigest, self.environment, self.trainedOn) = (policyDigest, environment, trainedOn)
    (self.task, self.paths, self.policy) = (task, paths, policy)
    (self.rules, self.bestRule, self.leftOut) = (rules, bestRule, leftOut)
    (self.exact, self.failures, self.provenance) = (exact, failures, provenance)
  }

  enum CodingKeys: String, CodingKey {
    case format, environment, task, paths, policy, rules, exact, failures, provenance
    case formatVersion = "format_version"
    case policyDigest = "policy_sha256"
    case trainedOn = "trained_on"
    case bestRule = "best_rule"
    case leftOut = "left_out"
  }
}

/// An evaluation that cannot be made, or is of another policy or environment.
public struct EvaluationError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension EvaluationRecord {
  /// Refuses a record that is not of these weights and where they were trained.
  public func check(
    policyDigest: String, trainedOn environment: PolicyBundle.Manifest.Environment
  ) throws(EvaluationError) {
    guard format == "rebalancing-evaluation", formatVersion == 1 else {
      throw EvaluationError(
        "format \(format) \(formatVersion), rebalancing-evaluation 1 is known")
    }
    guard self.policyDigest == policyDigest else {
      throw EvaluationError(
        "it is of the policy \(self.policyDigest), not of \(policyDigest)")
    }
    guard trainedOn == environment else {
      throw EvaluationError(
        "its policy was trained on \(trainedOn.id) \(trainedOn.sha256), not on "
          + "\(environment.id) \(environment.sha256)")
    }
  }

  /// The bytes of the file.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}
