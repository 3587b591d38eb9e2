/// One policy's figures in one evaluation; those that it does not give are missing.
public struct StoredScore: Sendable, Hashable {
  public var policy: String
  /// Policies that differ in nothing but the training seed.
  public var family: String
  public var seed: Int64?
  /// Rules, and agents that learned one.
  public var isRule: Bool
  public var figures: [Figure: Double]
  /// The paths that it met.
  public var samples: [PathSample]
  /// On real data, of each day after costs and taxes.
  public var returns: [Double] = []

  package init(
    policy: String, family: String, seed: Int64?, isRule: Bool, figures: [Figure: Double],
    samples: [PathSample], returns: [Double] = []
  ) {
    (self.policy, self.family, self.seed) = (policy, family, seed)
    (self.isRule, self.figures) = (isRule, figures)
    (self.samples, self.returns) = (samples, returns)
  }

  /// The figures, by their columns.
  public enum Figure: String, Sendable, Hashable, CaseIterable {
    case cost = "cost_bp"
    case transaction = "transaction_bp"
    case drift = "drift_bp"
    case tax = "tax_bp"
    case turnover
    case trackingError = "tracking_error_bp"
    case trades = "trades_per_year"
    /// Above the optimum over the actions that the policy uses.
    case gap = "gap_percent"
    /// Above the optimum over any trade: one yardstick for all.
    case anyTradeGap = "any_trade_gap_percent"
  }
}
