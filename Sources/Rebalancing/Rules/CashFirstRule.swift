/// New cash buys what is underweight before anything is sold; then another rule is asked about what
/// that leaves.
///
/// Cash in excess of its target is spread over the assets below theirs in proportion to what they
/// lack, `uᵢ = min(1, excess / Σ lack) · lackᵢ`. Excess of at most `minimum` buys nothing.
public struct CashFirstRule: Rule {
  public let name: String
  public let rule: any Rule
  /// The cash asset.
  public let cash: Int
  /// A share of value.
  public let minimum: Double
  public let needs: TriggerNeeds

  init(name: String, rule: any Rule, cash: Int, minimum: Double, assets: [String]) {
    self.name = name
    self.rule = rule
    self.cash = cash
    self.minimum = minimum
    needs = rule.needs.union(TriggerNeeds(assets: assets))
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    guard let bought = purchases(portfolio) else { return rule.decide(on: portfolio) }
    let after = portfolio.holding(bought)
    let decision = rule.decide(on: after)
    let spent = portfolio.weights[cash] - bought[cash]
    let reason = "cash of \(spent) of value buys what is underweight"
    guard decision.fraction < 1 || decision.destination != nil else { return decision }
    let destination =
      decision.destination
      ?? zip(bought, after.deviations).map { $0 - decision.fraction * $1 }
    var combined = TriggerDecision(
      destination: destination, from: portfolio.weights, targets: portfolio.snapshot.targets,
      reasons: [reason] + (decision.action == .none ? [] : decision.reasons))
    combined.isWaiting = decision.isWaiting
    return combined
  }

  /// The weights after the purchases; `nil` where there are none.
  private func purchases(_ portfolio: RuledPortfolio) -> [Double]? {
    let excess = portfolio.deviations[cash]
    guard excess > minimum else { return nil }
    var lacking = portfolio.deviations.map { max(-$0, 0) }
    lacking[cash] = 0
    let lack = lacking.reduce(0, +)
    guard lack > 0 else { return nil }
    let share = min(1, excess / lack)
    var weights = portfolio.weights
    for i in weights.indices { weights[i] += share * lacking[i] }
    weights[cash] -= share * lack
    return weights
  }
}
