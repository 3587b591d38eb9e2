/// Never trades.
public struct NeverRule: Rule {
  public let name: String
  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision { .noAction("never") }
}

/// Trades to the target at every decision.
public struct AlwaysRule: Rule {
  public let name: String
  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    TriggerDecision(fraction: 1, reasons: ["always"])
  }
}
