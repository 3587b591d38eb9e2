import Rebalancing

/// Sums over the steps of a sample: an episode, or a calendar year of replayed data.
public struct PathSample: Sendable, Hashable, Codable {
  public var steps = 0.0
  /// Fractions of value, as all costs here.
  public var transaction = 0.0
  public var tax = 0.0
  public var drift = 0.0
  public var reward = 0.0
  /// One-way.
  public var turnover = 0.0
  /// Where there is tax and no flow, of a whole episode: what is left at its end less accrued tax, as
  /// (V_T / V_0)^{1/T} − 1 in percent a year; and when all is sold there.
  public var heldReturn: Double?
  public var liquidatedReturn: Double?
  public var cost: Double { transaction + tax + drift }

  package init() {}

  mutating func add(_ outcome: StepOutcome) {
    steps += 1
    transaction += outcome.transactionCost
    tax += outcome.taxCost
    drift += outcome.driftCost
    reward += outcome.reward
    turnover += outcome.turnover
  }
}
