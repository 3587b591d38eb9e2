/// Trades to the target when being away from it costs more, over some time, than getting there.
///
/// Fires where `drift_cost_per_year · years > trade_cost_to_target + tax_to_target`: the gain of
/// expected utility against spread, commission, fees, impact and tax, all by the task's own models.
/// Drift is held for as long as it is: `years` is how long the trade's good lasts.
public struct CostBenefitRule: Rule {
  public let name: String
  /// How long a trade's good lasts.
  public let years: Double

  public var needs: TriggerNeeds {
    TriggerNeeds(facts: [.driftCostPerYear, .tradeCostToTarget, .taxToTarget])
  }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let benefit = portfolio.number(.driftCostPerYear) * years
    let cost = portfolio.number(.tradeCostToTarget) + portfolio.number(.taxToTarget)
    let comparison = "of value: the benefit is \(benefit), the cost \(cost)"
    // Where nothing would be traded there is no benefit, and a tax credit is none of the trade.
    return benefit > cost && portfolio.totalDistance > 0
      ? TriggerDecision(fraction: 1, reasons: [comparison]) : .noAction(comparison)
  }
}
