import Markets
public import Rebalancing

extension RebalancingTask {
  /// RB-1: a risky asset and its numeraire around 0.6, a log ratio of volatility .1628 and drift .0285
  /// per year, decisions 0, ½ and 1 of the way.
  ///
  /// - Parameters:
  ///   - stepsPerYear: 252 for days, 12 for months.
  ///   - costPerUnit: κ, both legs.
  ///   - riskAversion: γ of the quadratic drift cost.
  public static func twoAsset(
    stepsPerYear: Double, costPerUnit: Double, riskAversion: Double
  ) -> RebalancingTask {
    RebalancingTask(
      id: "rb-1", assets: ["RISKY", "NUMERAIRE"], targets: [0.6, 0.4],
      market: .logRatio(
        LogRatioMarket(volatility: 0.1628, drift: 0.0285, stepsPerYear: stepsPerYear)),
      stepsPerYear: stepsPerYear, horizon: Int(10 * stepsPerYear),
      startDate: CalendarDate(daysSinceEpoch: 10_971),
      actions: [0, 0.5, 1], costs: TradingCosts(perUnit: [costPerUnit / 2, costPerUnit / 2]),
      driftCost: .quadratic(riskAversion: riskAversion),
      observation: ObservationBuilder(features: [.weightDeviation], assetCount: 2))
  }
}
