import Markets

extension RuleCatalog {
  /// Rules that look at weights, targets and dates only, whatever they are made for.
  private static let plainNames: Set<String> = [
    "never", "always", "partial", "calendar", "band", "relative_band", "combined_band", "hybrid",
    "severity", "any", "all", "minimum",
  ]

  /// Makes a rule that needs no task: one that looks at weights, targets and dates only.
  ///
  /// - Parameters:
  ///   - text: as `rule(_:for:)` takes it.
  ///   - assets: their names, in order.
  /// - Throws: where the text names no such rule.
  public static func plainRule(
    _ text: String, assets: [String]
  ) throws(RuleError) -> any Trigger {
    let words = text.split { !($0.isLetter || $0 == "_") }.map(String.init)
    let other = entries.map(\.name).first { words.contains($0) && !plainNames.contains($0) }
    if let other {
      throw RuleError(
        "\(text): “\(other)” needs more than weights, targets and dates; valid are "
          + plainNames.sorted().joined(separator: ", "))
    }
    let rule = try made(text, for: .blank(assets))
    guard rule.needs.facts.isEmpty else {
      throw RuleError(
        "\(text): it needs \(rule.needs.facts.map(\.rawValue).joined(separator: ", ")), which not "
          + "every request brings")
    }
    return rule
  }
}

extension RebalancingTask {
  /// A task of which nothing but the assets means anything.
  fileprivate static func blank(_ assets: [String]) -> RebalancingTask {
    let zeros = assets.map { _ in 0.0 }
    return RebalancingTask(
      id: "blank", assets: assets, targets: assets.map { _ in 1 / Double(assets.count) },
      market: .logRatio(LogRatioMarket(volatility: 0, drift: 0, stepsPerYear: 1)), stepsPerYear: 1,
      horizon: 1, startDate: CalendarDate(daysSinceEpoch: 0), actions: [0],
      costs: TradingCosts(perUnit: zeros), driftCost: .quadratic(riskAversion: 0),
      observation: ObservationBuilder(features: [], assetCount: assets.count))
  }
}
