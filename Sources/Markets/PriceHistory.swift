/// Levels of several assets on common days.
///
/// A level is a total-return level or a price, as its source says; only ratios of levels mean
/// anything across sources, because adjusted levels depend on the day they were downloaded.
public struct PriceHistory: Sendable, Hashable {
  /// Names of the assets, without repetition.
  public let assets: [String]
  /// The days, strictly increasing.
  public let dates: [CalendarDate]
  /// Positive levels, shape [dates, assets].
  public internal(set) var levels: [Double]
  /// Closing prices without dividends, shape [dates, assets], where the source has them.
  public internal(set) var closes: [Double]?
  /// Shares traded, shape [dates, assets], where the source has them.
  public internal(set) var volumes: [Double]?
  /// Distributions per share on their ex-day, shape [dates, assets], where the source has them.
  public internal(set) var dividends: [Double]?
  /// Days that some but not all assets had, left out under `CalendarAlignment.intersection`.
  public internal(set) var droppedDates = 0
  /// The corrections that were applied, in order.
  public internal(set) var repairs: [PriceRepair] = []

  /// A history of given levels, row after row.
  ///
  /// - Parameters:
  ///   - dates: strictly increasing.
  ///   - levels: positive and finite, shape [dates, assets].
  public init(assets: [String], dates: [CalendarDate], levels: [Double]) {
    precondition(
      levels.count == dates.count * assets.count,
      "\(levels.count) levels for \(dates.count) dates of \(assets.count) assets")
    precondition(
      zip(dates, dates.dropFirst()).allSatisfy { $0 < $1 }, "dates must strictly increase")
    precondition(levels.allSatisfy { $0 > 0 && $0.isFinite }, "levels must be positive and finite")
    precondition(Set(assets).count == assets.count, "an asset is named twice: \(assets)")
    self.assets = assets
    self.dates = dates
    self.levels = levels
  }

  /// The level of an asset on a day, both counted from 0.
  @inlinable public subscript(day: Int, asset: Int) -> Double {
    levels[day * assets.count + asset]
  }

  /// The gross return of an asset into a day: its level over the level of the day before.
  @inlinable public func growth(_ asset: Int, on day: Int) -> Double {
    self[day, asset] / self[day - 1, asset]
  }

  /// The days from one date through another, both inclusive; `nil` is no bound.
  public func slice(from: CalendarDate? = nil, through: CalendarDate? = nil) -> PriceHistory {
    let range = DateRange(from: from, through: through)
    let first = dates.firstIndex { range.contains($0) } ?? 0
    let count = dates.count { range.contains($0) }
    func part(_ values: [Double]) -> [Double] {
      Array(values[first * assets.count..<(first + count) * assets.count])
    }
    var result = PriceHistory(
      assets: assets, dates: Array(dates[first..<first + count]), levels: part(levels))
    result.closes = closes.map(part)
    result.volumes = volumes.map(part)
    result.dividends = dividends.map(part)
    result.droppedDates = droppedDates
    result.repairs = repairs
    return result
  }
}

/// The days from one date through another; `nil` is no bound.
struct DateRange {
  var from: CalendarDate?
  var through: CalendarDate?

  func contains(_ date: CalendarDate) -> Bool {
    (from.map { $0 <= date } ?? true) && (through.map { date <= $0 } ?? true)
  }
}
