import Markets

/// Trades to the target at the first decision of a calendar period without a trade.
public struct CalendarRule: Rule {
  /// The calendar's periods.
  public enum Period: String, Sendable, Hashable, CaseIterable {
    case monthly, quarterly, annual

    /// Periods per year.
    public var perYear: Int {
      switch self {
      case .monthly: 12
      case .quarterly: 4
      case .annual: 1
      }
    }

    /// The number of the period that a date lies in.
    func index(of date: CalendarDate) -> Int {
      (date.year * 12 + date.month - 1) / (12 / perYear)
    }
  }

  public let name: String
  /// How often.
  public let period: Period

  public var needs: TriggerNeeds { TriggerNeeds(dates: true) }

  public func decide(on portfolio: RuledPortfolio) -> TriggerDecision {
    let today = portfolio.snapshot.date
    if let last = portfolio.snapshot.lastTrade, period.index(of: last) == period.index(of: today) {
      return .noAction("traded on \(last), in the same period")
    }
    return TriggerDecision(fraction: 1, reasons: ["a new period (\(period.rawValue)) has begun"])
  }
}
