import Rebalancing

/// The trades of a decision, which can only become smaller.
struct TradeLimits {
  private let weights: [Double]
  private let targets: [Double]
  /// v − w per asset, of sum 0.
  private(set) var trades: [Double]
  private var isChanged = false

  init(_ decision: TriggerDecision, _ snapshot: PortfolioSnapshot) {
    weights = snapshot.weights
    targets = snapshot.targets
    let weights = weights
    trades =
      if let destination = decision.destination {
        weights.indices.map { destination[$0] - weights[$0] }
      } else {
        weights.indices.map { decision.fraction * (snapshot.targets[$0] - weights[$0]) }
      }
  }

  /// Lets an asset be bought and sold for no more than these weights.
  ///
  /// - Returns: whether its trade has become smaller.
  mutating func cap(_ i: Int, buying: Double = .infinity, selling: Double = .infinity) -> Bool {
    let capped = min(max(trades[i], -selling), buying)
    guard capped != trades[i] else { return false }
    trades[i] = capped
    isChanged = true
    return true
  }

  /// The decision that is left: the larger of purchases and sales is scaled to the smaller.
  ///
  /// - Returns: the decision as it was where nothing was capped.
  func applied(to decision: TriggerDecision) -> TriggerDecision {
    guard isChanged else { return decision }
    let bought = trades.reduce(0) { $0 + max($1, 0) }
    let sold = trades.reduce(0) { $0 + max(-$1, 0) }
    let moved = min(bought, sold)
    var left: TriggerDecision
    // Less than a part in 10¹² is rounding, not a trade.
    if moved <= 1e-12 {
      left = .noAction("nothing is left of the trade")
    } else {
      let destination = weights.indices.map {
        weights[$0] + trades[$0] * moved / (trades[$0] > 0 ? bought : sold)
      }
      left = TriggerDecision(
        destination: destination, from: weights, targets: targets)
    }
    left.reasons = decision.reasons + left.reasons
    (left.codes, left.scores) = (decision.codes, decision.scores)
    return left
  }
}
