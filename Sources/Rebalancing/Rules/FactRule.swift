/// Trades to the target when a fact is beyond a level: a volatility index, its rise, a deposit, the
/// probability of a regime.
public struct FactRule: Rule {
  /// The side of the level that fires; at the level nothing does.
  public enum Side: String, Sendable, Hashable {
    case above, below
  }

  public let name: String
  public let fact: Fact
  /// The number of the fact that is looked at; `nil`: any of them.
  public let place: Int?
  public let side: Side
  public let level: Double

  public var needs: TriggerNeeds { TriggerNeeds(facts: [fact]) }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let numbers = portfolio.numbers(fact)
    let looked = place.map { numbers.indices.contains($0) ? [numbers[$0]] : [] } ?? numbers
    guard let number = side == .above ? looked.max() : looked.min() else {
      return .noAction("invalid_input: facts.\(fact.rawValue): \(numbers.count) numbers")
    }
    guard side == .above ? number > level : number < level else {
      return .noAction("\(fact.rawValue) is \(number), not \(side.rawValue) \(level)")
    }
    return TriggerDecision(
      fraction: 1, reasons: ["\(fact.rawValue) is \(number), \(side.rawValue) \(level)"])
  }
}
