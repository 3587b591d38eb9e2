/// Fires where any of its rules does; the strongest decision stands, with the reasons of all that
/// fire.
public struct AnyRule: Rule {
  public let name: String
  public let rules: [any Rule]
  public let needs: TriggerNeeds

  init(name: String, rules: [any Rule]) {
    self.name = name
    self.rules = rules
    needs = rules.reduce(TriggerNeeds()) { $0.union($1.needs) }
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let decisions = rules.map { $0.decide(on: portfolio) }
    guard var strongest = decisions.first else { return .noAction("no rule is given") }
    for decision in decisions where decision.isStronger(than: strongest) { strongest = decision }
    strongest.isWaiting = strongest.action == .none && decisions.contains(where: \.isWaiting)
    let others = decisions.filter { ($0.action != .none) == (strongest.action != .none) }
    strongest.reasons += others.flatMap(\.reasons).filter { !strongest.reasons.contains($0) }
    return strongest
  }
}

/// Fires where all of its rules do; the weakest decision stands.
///
/// A rule that trades to the edge of a band and a gate that allows everything make a trade to the
/// edge. Where some do not fire, their reasons stand.
public struct AllRule: Rule {
  public let name: String
  public let rules: [any Rule]
  public let needs: TriggerNeeds

  init(name: String, rules: [any Rule]) {
    self.name = name
    self.rules = rules
    needs = rules.reduce(TriggerNeeds()) { $0.union($1.needs) }
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let decisions = rules.map { $0.decide(on: portfolio) }
    guard var weakest = decisions.first else { return .noAction("no rule is given") }
    for decision in decisions where weakest.isStronger(than: decision) { weakest = decision }
    weakest.isWaiting = weakest.action == .none && decisions.contains(where: \.isWaiting)
    let others = decisions.filter { weakest.action != .none || $0.action == .none }
    weakest.reasons += others.flatMap(\.reasons).filter { !weakest.reasons.contains($0) }
    return weakest
  }
}

/// Does what another rule says where the trade is large enough: `Σ|v − w| > minimum`.
///
/// An immediate trade is never too small.
public struct MinimumTradeRule: Rule {
  public let name: String
  public let rule: any Rule
  /// A share of value.
  public let minimum: Double

  public var needs: TriggerNeeds { rule.needs }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let decision = rule.decide(on: portfolio)
    guard decision.action != .none, decision.action != .immediate else { return decision }
    let size = portfolio.trades(of: decision).reduce(0) { $0 + abs($1) }
    return size > minimum
      ? decision : .noAction("the trades of \(size) are not more than \(minimum)")
  }
}
