/// What the market and the account say at a decision, as a request brings it.
public struct MarketIndicators: Codable, Sendable, Hashable {
  /// Per asset and √year.
  public var volatilities: [Double]?
  /// Covariance of the returns per year, one row per asset.
  public var covariance: [[Double]]?
  /// In percent per √year.
  public var volatilityIndex: Double?
  /// The index as many decisions ago as the environment says; 0 where it was not known.
  public var volatilityIndexBefore: Double?
  /// Mean log return per step and asset, exponentially weighted.
  public var trend: [Double]?
  /// Probability of each regime for the coming step.
  public var regimeProbability: [Double]?
  /// By what each half spread is multiplied now.
  public var spreadFactors: [Double]?
  /// Whether each asset can be traded now.
  public var tradable: [Bool]?
  /// What lands in cash by schedule before the next decision, in currency; negative for a withdrawal.
  public var pendingFlow: Double?
  /// What has landed in cash since the last decision, in currency.
  public var inflow: Double?
  /// The portfolio's value at its start, in currency.
  public var initialValue: Double?
  /// Decisions until the end of the horizon.
  public var stepsLeft: Double?
  /// Part of the last wanted trade that was beyond the cap on volume.
  public var cappedShare: Double?

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case volatilities, covariance, trend, tradable, inflow
    case volatilityIndex = "volatility_index"
    case volatilityIndexBefore = "volatility_index_before"
    case regimeProbability = "regime_probability"
    case spreadFactors = "spread_factors"
    case pendingFlow = "pending_flow"
    case initialValue = "initial_value"
    case stepsLeft = "steps_left"
    case cappedShare = "capped_share"
  }
}

extension MarketIndicators {
  /// What is wrong with them for so many assets, naming the field.
  func defect(assets count: Int) -> String? {
    let lists: [(String, [Double]?, low: Double, high: Double, isPerAsset: Bool)] = [
      ("volatilities", volatilities, 0, .infinity, true),
      ("trend", trend, -.infinity, .infinity, true),
      ("spread_factors", spreadFactors, 0, .infinity, true),
      ("regime_probability", regimeProbability, 0, 1, false),
      ("volatility_index", volatilityIndex.map { [$0] }, 0, .infinity, false),
      ("volatility_index_before", volatilityIndexBefore.map { [$0] }, 0, .infinity, false),
      ("pending_flow", pendingFlow.map { [$0] }, -.infinity, .infinity, false),
      ("inflow", inflow.map { [$0] }, -.infinity, .infinity, false),
      ("initial_value", initialValue.map { [$0] }, 0, .infinity, false),
      ("steps_left", stepsLeft.map { [$0] }, 0, .infinity, false),
      ("capped_share", cappedShare.map { [$0] }, 0, 1, false),
    ]
    for (name, numbers, low, high, isPerAsset) in lists {
      guard let numbers else { continue }
      if isPerAsset, numbers.count != count {
        return "\(name): \(numbers.count) numbers for \(count) assets"
      }
      if let wrong = numbers.first(where: { !$0.isFinite || $0 < low || $0 > high }) {
        return
          "\(name): \(wrong), \(low == -.infinity ? "a finite number" : "\(low) to \(high)") is valid"
      }
    }
    if let tradable, tradable.count != count {
      return "tradable: \(tradable.count) values for \(count) assets"
    }
    return covarianceDefect(assets: count)
  }

  private func covarianceDefect(assets count: Int) -> String? {
    guard let covariance else { return nil }
    guard covariance.count == count, covariance.allSatisfy({ $0.count == count }) else {
      return "covariance: \(count) rows of \(count) numbers are needed"
    }
    for (i, row) in covariance.enumerated() {
      for (j, entry) in row.enumerated()
      where !(abs(entry - covariance[j][i]) <= 1e-9 * abs(entry)) {
        return "covariance[\(i)][\(j)]: \(entry), finite and symmetric numbers are valid"
      }
    }
    return nil
  }
}
