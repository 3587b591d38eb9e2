/// What one step of a portfolio did, every term a fraction of the value before it.
///
/// The bookkeeping identity holds at every step:
/// valueAfter = valueBefore · (1 − transactionCost − taxCost) · (1 + portfolioReturn) + flow.
public struct StepOutcome: Sendable, Hashable {
  /// Value before the trade, in currency.
  public var valueBefore: Double
  /// Value after the market's move, in currency.
  public var valueAfter: Double
  /// Spread, commission and fee.
  public var transactionCost: Double
  /// Tax paid, negative where a loss is credited.
  public var taxCost: Double
  /// Cost of the post-trade weights' distance from the target; not cash.
  public var driftCost: Double
  /// Simple return of the post-trade portfolio.
  public var portfolioReturn: Double
  /// Simple return of a portfolio at its target weights.
  public var targetReturn: Double
  /// Deposits less withdrawals after the market's move, in currency.
  public var flow: Double
  /// dᵀΣd per year of the post-trade weights: the squared ex-ante tracking error.
  public var activeVariance: Double
  /// One-way turnover, half the sum of the absolute trades.
  public var turnover: Double
  /// Return capture minus the costs, times the reward scale.
  public var reward: Double

  /// Return of the portfolio over that of its target, before costs.
  public var activeReturn: Double { portfolioReturn - targetReturn }
  /// Whether anything was traded.
  public var isTrade: Bool { turnover > 0 }
}

extension StepOutcome {
  /// How far the bookkeeping identity is from holding, relative to the value after the step.
  public var identityError: Double {
    let expected = valueBefore * (1 - transactionCost - taxCost) * (1 + portfolioReturn) + flow
    return abs(valueAfter - expected) / max(abs(valueAfter), .leastNormalMagnitude)
  }
}
