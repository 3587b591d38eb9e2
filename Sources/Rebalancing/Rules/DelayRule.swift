import Markets

/// Puts off what another rule says while momentum is against the trade, for a bounded time.
///
/// Momentum is against trades `u` where `Σ uᵢ mᵢ < 0`, with mᵢ the trend of asset i: the trade would
/// sell what has been rising and buy what has been falling. It waits for at most `days`, counted from
/// the day on which it began to (`PortfolioSnapshot.waitingSince`); beyond them, and where the rule
/// says immediate, it trades. There is one memory of a wait: two delays in one rule share it.
public struct DelayRule: Rule {
  public let name: String
  public let rule: any Rule
  public let days: Int
  public let needs: TriggerNeeds

  init(name: String, rule: any Rule, days: Int) {
    self.name = name
    self.rule = rule
    self.days = days
    needs = rule.needs.union(TriggerNeeds(facts: [.trend], dates: true))
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let decision = rule.decide(on: portfolio)
    guard decision.action != .none, decision.action != .immediate else { return decision }
    let trades = portfolio.trades(of: decision)
    let momentum = zip(trades, portfolio.numbers(.trend)).reduce(0) { $0 + $1.0 * $1.1 }
    guard momentum < 0 else { return decision }
    let today = portfolio.snapshot.date
    let waited = portfolio.snapshot.waitingSince.map { today.days(since: $0) } ?? 0
    guard waited <= days else {
      var late = decision
      late.reasons.append("put off for \(waited) days, more than \(days)")
      return late
    }
    var waiting = TriggerDecision.noAction(
      "put off, for \(waited) of \(days) days: the trend is against the trade")
    waiting.isWaiting = true
    return waiting
  }
}
