/// Asks several rules at once; the strongest or the weakest decision stands.
///
/// The strongest: fires where any rule does. The weakest: fires where all do; a rule that trades to the
/// edge of a band and a gate that allows everything make a trade to the edge. The reasons are those of
/// all rules that fire if it fires, else of those that do not.
public struct CompositeRule: Rule {
  public let name: String
  public let rules: [any Rule]
  public let needs: TriggerNeeds
  let choice: Choice

  /// Which of the decisions stands.
  enum Choice: Sendable { case strongest, weakest }

  init(name: String, rules: [any Rule], choice: Choice) {
    self.name = name
    self.rules = rules
    self.choice = choice
    needs = rules.reduce(TriggerNeeds()) { $0.union($1.needs) }
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let decisions = rules.map { $0.decide(on: portfolio) }
    guard var chosen = decisions.first else { return .noAction("no rule is given") }
    for decision in decisions {
      let (stronger, weaker) = choice == .strongest ? (decision, chosen) : (chosen, decision)
      if stronger.isStronger(than: weaker) { chosen = decision }
    }
    chosen.isWaiting = chosen.action == .none && decisions.contains(where: \.isWaiting)
    let alike = decisions.filter { ($0.action != .none) == (chosen.action != .none) }
    chosen.reasons += alike.flatMap(\.reasons).filter { !chosen.reasons.contains($0) }
    return chosen
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
