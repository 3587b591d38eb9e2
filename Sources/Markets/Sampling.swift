import Foundation

/// How often a level is taken.
public enum Sampling: String, Sendable, Hashable, CaseIterable, Codable {
  case daily, weekly, monthly

  /// Steps per year.
  public var stepsPerYear: Int {
    switch self {
    case .daily: 252
    case .weekly: 52
    case .monthly: 12
    }
  }

  /// A number that all days of a period share; weeks begin on Monday.
  func period(of date: CalendarDate) -> Int {
    switch self {
    case .daily: date.daysSinceEpoch
    case .weekly: Int((Double(date.daysSinceEpoch + 3) / 7).rounded(.down))
    case .monthly: date.monthIndex
    }
  }
}

extension PriceHistory {
  /// The levels on the last day of each week or month; a last period of which the end is not known is
  /// left out.
  public func sampled(_ sampling: Sampling) -> PriceHistory {
    guard sampling != .daily else { return self }
    let days = dates.indices.dropLast().filter {
      sampling.period(of: dates[$0]) != sampling.period(of: dates[$0 + 1])
    }
    return PriceHistory(
      assets: assets, dates: days.map { dates[$0] },
      levels: days.flatMap { day in assets.indices.map { self[day, $0] } })
  }

  /// The returns of all assets from row to row, [steps][assets].
  public func returns(_ kind: ReturnKind) -> [[Double]] {
    dates.indices.dropFirst().map { day in
      assets.indices.map { asset in
        let growth = growth(asset, on: day)
        return kind == .log ? Foundation.log(growth) : growth - 1
      }
    }
  }
}
