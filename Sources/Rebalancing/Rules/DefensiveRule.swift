/// Does what another rule says, but while a volatility index is high only about large deviations.
///
/// Where the index is above `level`, the rule is heard only if some `|w − w*| > distance`: spreads are
/// wide then, and weights swing back and forth.
public struct DefensiveRule: Rule {
  public let name: String
  public let rule: any Rule
  /// In percent per √year, as the index is.
  public let level: Double
  /// In weight.
  public let distance: Double
  public let needs: TriggerNeeds

  init(name: String, rule: any Rule, level: Double, distance: Double) {
    self.name = name
    self.rule = rule
    self.level = level
    self.distance = distance
    needs = rule.needs.union(TriggerNeeds(facts: [.volatilityIndex]))
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let decision = rule.decide(on: portfolio)
    let index = portfolio.number(.volatilityIndex)
    guard index > level, decision.action < .immediate, portfolio.farthest.distance <= distance
    else { return decision }
    return .noAction(
      "volatility_index is \(index), above \(level): only deviations above \(distance) are traded")
  }
}
