import Markets

/// Never trades.
public struct NeverRule: Trigger {
  public let name: String
  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision { .noAction("never") }
}

/// Trades to the target at every decision.
public struct AlwaysRule: Trigger {
  public let name: String
  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    TriggerDecision(fraction: 1, reasons: ["always"])
  }
}

/// Trades to the target at the first decision of a calendar period without a trade.
public struct CalendarRule: Trigger {
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

  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    if let last = snapshot.lastTrade, period.index(of: last) == period.index(of: snapshot.date) {
      return .noAction("traded on \(last), in the same period")
    }
    return TriggerDecision(fraction: 1, reasons: ["a new period (\(period.rawValue)) has begun"])
  }
}

/// Trades when an asset's weight has left a band around its target, back to a given distance from it.
///
/// At the band's edge nothing fires (`>`). The destination lies on the way to the target, where the
/// farthest asset is `destination` away from it: 0 is the target, the band itself is its edge.
public struct BandRule: Trigger {
  /// What the distance from the target is measured in.
  public enum Measure: Sendable, Hashable {
    /// Weight.
    case absolute
    /// The asset's own target weight.
    case relative
  }

  public let name: String
  /// Half-width of the band.
  public let band: Double
  /// Distance from the target after a trade.
  public let destination: Double
  /// What both are measured in.
  public let measure: Measure

  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    let distances = zip(snapshot.deviations, snapshot.targets).map(distance)
    guard let farthest = distances.max(), farthest > band else {
      return .noAction("all assets within \(band)")
    }
    let asset = distances.firstIndex(of: farthest).map { snapshot.assets[$0] } ?? ""
    return TriggerDecision(
      fraction: 1 - destination / farthest,
      reasons: ["\(asset) is \(farthest) from its target, beyond \(band)"])
  }

  private func distance(deviation: Double, target: Double) -> Double {
    // A holding without a target is out of any band.
    if target == 0, deviation != 0 { return .infinity }
    switch measure {
    case .absolute: return abs(deviation)
    case .relative: return deviation == 0 ? 0 : abs(deviation) / target
    }
  }
}
