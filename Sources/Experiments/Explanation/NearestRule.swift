import Markets
import Rebalancing

/// How far a rule decides as a policy does, on the states that the policy visits.
public struct RuleAgreement: Sendable, Encodable {
  public var rule: String
  /// Share of states at which both do nothing, both go a part or both go all of the way, in percent.
  public var agreement: Double
  /// The same of the states at which either trades; `nil` where neither ever does.
  public var agreementOfTrades: Double?
  /// Mean one-way difference of what is held after the decisions, ½Σ|v − v′|, a fraction of value.
  public var distance: Double
  /// Where they differ, the most frequent first.
  public var differences: [Difference]

  /// States on one side of the target at which the policy does one thing and the rule another.
  public struct Difference: Sendable, Encodable {
    public var policy: String
    public var rule: String
    public var states: Int
    /// The range of the deviation w − w* of the asset that is farthest from its target.
    public var deviations: [Double]
  }

  /// Whether it agrees on more states, or on as many and holds what is closer.
  func isNearer(than other: RuleAgreement) -> Bool {
    agreement == other.agreement ? distance < other.distance : agreement > other.agreement
  }

  enum CodingKeys: String, CodingKey {
    case rule, distance, differences
    case agreement = "agreement_percent"
    case agreementOfTrades = "agreement_of_trades_percent"
  }
}

/// The states that a policy visits, and what it decides there.
struct VisitedStates {
  private(set) var snapshots: [PortfolioSnapshot] = []
  private(set) var decisions: [TriggerDecision] = []

  /// Episodes are played until there are this many states.
  private static let enough = 2_000
  private static let mostEpisodes: UInt32 = 20

  /// - Parameter task: its snapshots bring what the policy and all rules need.
  init(_ task: RebalancingTask, _ policy: any Trigger, seed: UInt64) {
    for episode in 0..<(task.hasOneEpisode ? 1 : Self.mostEpisodes)
    where snapshots.count < Self.enough {
      var game = RebalancingEnvironment<Double>(task, copy: episode)
      _ = game.reset(seed: seed)
      while !game.hasEnded, snapshots.count < 4 * Self.enough {
        let snapshot = game.snapshot
        let decision = policy.decide(snapshot)
        snapshots.append(snapshot)
        decisions.append(decision)
        _ = game.advance(decision)
      }
    }
  }

  /// How far a rule agrees with the policy.
  func agreement(of rule: any Trigger) -> RuleAgreement {
    var (same, trades, sameTrades, distance) = (0, 0, 0, 0.0)
    var groups: [Pairing: (count: Int, low: Double, high: Double)] = [:]
    for (snapshot, decision) in zip(snapshots, decisions) {
      let other = rule.decide(snapshot)
      let deviation = snapshot.farthestDeviation
      let pairing = Pairing(
        policy: decision.action.code, rule: other.action.code, isAbove: deviation > 0)
      let isSame = pairing.policy == pairing.rule
      same += isSame ? 1 : 0
      if pairing.policy + pairing.rule > 0 {
        trades += 1
        sameTrades += isSame ? 1 : 0
        distance += snapshot.difference(decision, other)
      }
      guard !isSame else { continue }
      let group = groups[pairing] ?? (0, deviation, deviation)
      groups[pairing] = (
        group.count + 1, min(group.low, deviation), max(group.high, deviation)
      )
    }
    let count = Double(max(snapshots.count, 1))
    return RuleAgreement(
      rule: rule.name, agreement: Double(same) / count * 100,
      agreementOfTrades: trades > 0 ? Double(sameTrades) / Double(trades) * 100 : nil,
      distance: distance / count,
      differences: groups.sorted {
        $0.value.count == $1.value.count
          ? $0.key.order < $1.key.order : $0.value.count > $1.value.count
      }
      .map { pairing, group in
        RuleAgreement.Difference(
          policy: Pairing.names[pairing.policy], rule: Pairing.names[pairing.rule],
          states: group.count, deviations: [group.low, group.high])
      })
  }

  /// What the two do, and on which side of the target.
  private struct Pairing: Hashable {
    var policy: Int
    var rule: Int
    var isAbove: Bool
    var order: Int { policy * 6 + rule * 2 + (isAbove ? 1 : 0) }
    static let names = ["none", "partial", "full"]
  }
}

extension RebalancingTask {
  /// Whether data is replayed from a fixed day.
  fileprivate var hasOneEpisode: Bool {
    guard case .historical(let data) = market else { return false }
    return data.start == .fixed
  }
}

extension PortfolioSnapshot {
  /// ½Σ|v − v′| of what two decisions lead to.
  fileprivate func difference(_ first: TriggerDecision, _ second: TriggerDecision) -> Double {
    let weights = weights
    return zip(after(first, weights), after(second, weights))
      .reduce(0) { $0 + abs($1.0 - $1.1) } / 2
  }

  private func after(_ decision: TriggerDecision, _ weights: [Double]) -> [Double] {
    decision.destination
      ?? zip(weights, targets).map { $0 + decision.fraction * ($1 - $0) }
  }

  /// w − w* of the asset where it is largest in size.
  var farthestDeviation: Double { deviations.max { abs($0) < abs($1) } ?? 0 }
}

/// Rules that a policy is compared with.
enum RuleCandidates {
  /// All that a task allows, by name.
  static func rules(for task: RebalancingTask) -> [any Trigger] {
    names.compactMap { try? RuleCatalog.rule($0, for: task) }
  }

  private static let halfWidths = [
    0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045, 0.05, 0.06, 0.07, 0.08, 0.1, 0.12,
    0.15,
  ]

  private static let names: [String] = {
    let simple = ["never", "always", "partial(0.5)"]
    let calendars = ["monthly", "quarterly", "annual"].map { "calendar(\($0))" }
    let closed = [0.5, 0.75, 1, 1.25, 1.5].map { "closed_form(\($0))" }
    let bands = halfWidths.flatMap { width in
      ["", ",to=half", ",to=edge"].map { "band(\(width)\($0))" }
    }
    let relative = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5].flatMap { width in
      ["", ",to=half", ",to=edge"].map { "relative_band(\(width)\($0))" }
    }
    return (simple + calendars + closed + bands + relative).map { "rule:" + $0 }
  }()
}
