public import Oracles

/// An exact solution for programs.
public struct SolutionDocument: Encodable, Sendable {
  private let solution: ExactSolution

  public init(_ solution: ExactSolution) { self.solution = solution }

  private enum CodingKeys: String, CodingKey {
    case cost = "cost_bp_per_year"
    case noTrade = "no_trade"
    case below = "full_trade_below"
    case above = "full_trade_above"
    case turnover = "turnover_per_year"
    case trackingError = "tracking_error_bp"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(solution.score.costPerYear, forKey: .cost)
    try container.encode(
      [solution.noTrade.lowerBound, solution.noTrade.upperBound], forKey: .noTrade)
    try container.encode(solution.fullTradeBelow, forKey: .below)
    try container.encode(solution.fullTradeAbove, forKey: .above)
    try container.encode(solution.score.turnoverPerYear, forKey: .turnover)
    try container.encode(solution.score.trackingError, forKey: .trackingError)
  }
}
