/// Answers the worst of three breaches, each with its own action.
///
/// In rising precedence: some `|w − w*| > band`, PARTIAL; some `w > concentration · w*`, FULL;
/// `Σ|w − w*| > total`, and in a crisis only where one is named, a volatility index above a level,
/// IMMEDIATE.
public struct SeverityRule: Rule {
  public let name: String
  /// In weight.
  public let band: Double
  /// How far of the way to the target a partial trade goes.
  public let partial: Double
  /// In target weights.
  public let concentration: Double
  /// In weight; `nil`: never immediate.
  public let total: Double?
  /// The level of the volatility index above which it is a crisis; `nil`: always.
  public let crisis: Double?

  public var needs: TriggerNeeds {
    TriggerNeeds(facts: crisis == nil ? [] : [.volatilityIndex])
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let isCrisis = crisis.map { portfolio.number(.volatilityIndex) > $0 } ?? true
    if let total, isCrisis, portfolio.totalDistance > total {
      return .immediate(
        "the deviations sum to \(portfolio.totalDistance), beyond \(total)"
          + (crisis.map { ", and the volatility index is above \($0)" } ?? ""))
    }
    let snapshot = portfolio.snapshot
    let concentrated = portfolio.weights.indices.first {
      portfolio.weights[$0] > concentration * snapshot.targets[$0]
    }
    if let concentrated {
      return TriggerDecision(
        fraction: 1,
        reasons: ["\(snapshot.assets[concentrated]) is beyond \(concentration) of its target"])
    }
    let (asset, distance) = portfolio.farthest
    guard distance > band else { return .noAction("all assets within \(band)") }
    return TriggerDecision(
      fraction: partial,
      reasons: ["\(snapshot.assets[asset]) is \(distance) from its target, beyond \(band)"])
  }
}
