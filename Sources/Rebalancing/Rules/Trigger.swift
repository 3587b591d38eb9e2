/// What a production system asks, and what runs in the back-test: one protocol for rules and learned
/// policies.
public protocol Trigger: Sendable {
  /// The name by which results are reported.
  var name: String { get }
  /// What a decision depends on besides weights and targets; nothing where it is left out.
  var needs: TriggerNeeds { get }
  /// Whether to rebalance, and how far: a pure function of the snapshot.
  func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision
}

extension Trigger {
  public var needs: TriggerNeeds { TriggerNeeds() }
}

/// What the decisions of a trigger depend on besides weights and targets.
public struct TriggerNeeds: Sendable, Hashable {
  /// The facts that a snapshot must bring.
  public var facts: [Fact]
  /// Whether dates matter: the day, the last trade, how long a trade has been put off.
  public var dates: Bool
  /// The assets that it is for, in their order; `nil` for any.
  public var assets: [String]?

  public init(facts: [Fact] = [], dates: Bool = false, assets: [String]? = nil) {
    self.facts = facts
    self.dates = dates
    self.assets = assets
  }

  /// What two triggers need together.
  public func union(_ other: TriggerNeeds) -> TriggerNeeds {
    TriggerNeeds(
      facts: facts + other.facts.filter { !facts.contains($0) }, dates: dates || other.dates,
      assets: assets ?? other.assets)
  }
}
