/// An answer of a trigger.
public struct TriggerDecision: Sendable, Hashable {
  /// What to do, in rising precedence.
  public enum Action: String, Sendable, Hashable, Codable, CaseIterable {
    case none = "NO_ACTION"
    case partial = "REBALANCE_PARTIAL"
    case full = "REBALANCE_FULL"
    /// Like full, and ignores calendar and minimum days; never a kill switch, pause or frozen asset.
    case immediate = "REBALANCE_IMMEDIATE"
  }

  /// What to do.
  public var action: Action
  /// How far of the way from the present weights to the target.
  public var fraction: Double
  /// Post-trade weights where the policy says those; then `fraction` is how much of the distance to
  /// the target they take away, Σ|w − w*|, at most all of it.
  public var destination: [Double]?
  /// Why, for people and logs.
  public var reasons: [String]
  /// What has refused, vetoed or shrunk it, in the order in which it did; empty for a plain decision.
  public var codes: [ReasonCode] = []
  /// What the actions were worth to a learned policy, in their order.
  public var scores: [Float]?
  /// Whether a trade is being put off: who carries the memory notes the first day of it in
  /// `PortfolioSnapshot.waitingSince`, and forgets it at the first decision that does not wait.
  public var isWaiting = false

  /// The decision to go a fraction of the way; 0 is no action and 1 is full.
  public init(fraction: Double, reasons: [String] = [], scores: [Float]? = nil) {
    action = fraction <= 0 ? .none : fraction >= 1 ? .full : .partial
    self.fraction = min(max(fraction, 0), 1)
    self.reasons = reasons
    self.scores = scores
  }

  /// The decision to trade to given weights.
  ///
  /// - Parameters:
  ///   - destination: post-trade weights, 0 or more, of sum 1.
  ///   - weights: those before the trade.
  ///   - targets: those of the target.
  public init(
    destination: [Double], from weights: [Double], targets: [Double], reasons: [String] = [],
    scores: [Float]? = nil
  ) {
    func distance(_ other: [Double]) -> Double {
      zip(other, targets).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
    let before = distance(weights)
    self.init(
      fraction: before > 0 ? 1 - distance(destination) / before : 0, reasons: reasons,
      scores: scores)
    if action == .none, destination != weights { action = .partial }
    self.destination = destination
  }

  /// The decision to leave the portfolio alone.
  public static func noAction(_ reason: String) -> TriggerDecision {
    TriggerDecision(fraction: 0, reasons: [reason])
  }

  /// No action on a request that is refused.
  public static func invalid(_ problem: String, _ code: ReasonCode) -> TriggerDecision {
    var decision = TriggerDecision.noAction("invalid_input: \(problem)")
    decision.codes = [.invalidInput, code]
    return decision
  }

  /// The decision to go all of the way at once.
  public static func immediate(_ reason: String) -> TriggerDecision {
    var decision = TriggerDecision(fraction: 1, reasons: [reason])
    decision.action = .immediate
    return decision
  }

  /// Whether it has precedence: IMMEDIATE > FULL > PARTIAL > NO_ACTION, of two partial ones that
  /// which goes farther.
  public func isStronger(than other: TriggerDecision) -> Bool {
    action == other.action ? fraction > other.fraction : action > other.action
  }
}

extension TriggerDecision.Action: Comparable {
  private var rank: Int {
    switch self {
    case .none: 0
    case .partial: 1
    case .full: 2
    case .immediate: 3
    }
  }

  public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}
