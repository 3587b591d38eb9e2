public import Algebra

/// Returns as they were, replayed from a fixed, a random or a given first day.
///
/// The state is the day of the decision, counted from the first of the data.
public struct HistoricalMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The levels that are replayed.
  public let history: PriceHistory
  /// Days before the first decision.
  public let warmup: Int
  /// Steps of an episode.
  public let horizon: Int
  /// Where episodes begin.
  public let start: EpisodeStart
  /// The returns, and what is known on each day.
  public let table: ReturnTable<Scalar>
  /// The days of `start`, where it gives them.
  private let startDays: [Int]

  /// - Parameters:
  ///   - horizon: steps of an episode; `nil` for all that the data has.
  ///   - halfLife: of the covariance weights, in days.
  /// - Throws: where the data is too short for the warm-up and the horizon.
  public init(
    history: PriceHistory, warmup: Int, horizon: Int?, start: EpisodeStart, halfLife: Double,
    stepsPerYear: Double
  ) throws(HistoryTooShort) {
    let covariance = ExponentialCovariance(
      halfLife: halfLife, warmup: warmup, stepsPerYear: stepsPerYear)
    try self.init(
      history: history, table: ReturnTable(history, covariance: covariance), warmup: warmup,
      horizon: horizon, start: start)
  }

  /// - Parameters:
  ///   - table: made from the history.
  ///   - warmup: that of the table's covariance.
  ///   - horizon: steps of an episode; `nil` for all that the data has.
  /// - Throws: where the data is too short for the warm-up and the horizon.
  public init(
    history: PriceHistory, table: ReturnTable<Scalar>, warmup: Int, horizon: Int?,
    start: EpisodeStart
  ) throws(HistoryTooShort) {
    var days: [Int] = []
    if case .dates(let dates) = start {
      precondition(!dates.isEmpty, "at least one start date is needed")
      for date in dates {
        let day = history.dates.firstIndex { date <= $0 } ?? history.dates.count
        guard day >= warmup, day + (horizon ?? 1) < history.dates.count else {
          throw HistoryTooShort(
            days: history.dates.count, warmup: warmup, horizon: horizon, startDate: date)
        }
        days.append(day)
      }
    }
    let available = history.dates.count - 1 - (days.max() ?? warmup)
    guard warmup >= 2, available >= 1, (horizon ?? 1) <= available, (horizon ?? 1) >= 1 else {
      throw HistoryTooShort(days: history.dates.count, warmup: warmup, horizon: horizon)
    }
    self.history = history
    self.table = table
    self.warmup = warmup
    self.horizon = horizon ?? available
    self.start = start
    startDays = days
  }

  /// The same market in another arithmetic.
  init(_ other: HistoricalMarket<Double>) {
    history = other.history
    warmup = other.warmup
    horizon = other.horizon
    start = other.start
    table = ReturnTable(other.table)
    startDays = other.startDays
  }

  /// The day, counted from the first of the data, on which an episode begins.
  ///
  /// Given start dates follow each other from episode to episode and from copy to copy.
  public func firstDay(_ source: RandomSource, copy: UInt32, episode: UInt32) -> Int {
    switch start {
    case .fixed: warmup
    case .dates: startDays[Int(copy &+ episode) % startDays.count]
    case .random:
      warmup
        + source.integer(
          below: history.dates.count - warmup - horizon, .initialState, copy: copy,
          episode: episode)
    }
  }

  /// The date of a step.
  public func date(
    _ source: RandomSource, copy: UInt32, episode: UInt32, step: Int
  ) -> CalendarDate {
    history.dates[firstDay(source, copy: copy, episode: episode) + step]
  }

  @inlinable func begin<L: Lanes>(
    _ path: MarketPath<L>, where mask: L.Mask, state: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    for lane in 0..<L.laneCount where mask[lane: lane] {
      let day = firstDay(
        path.source, copy: path.copy[lane: lane], episode: path.episode[lane: lane])
      state[0][lane: lane] = Scalar(day)
    }
  }

  @inlinable func move<L: Lanes>(
    state: inout MutableSpan<L>, at place: Int, growth: inout MutableSpan<L>,
    logReturns: inout MutableSpan<L>, income: inout MutableSpan<L>, at first: Int
  ) where L.Scalar == Scalar {
    // A lane that has just ended may stand on the last day; what it reads there is not used.
    let next = L.smaller(
      state[place] + L(repeating: 1), L(repeating: Scalar(table.dayCount - 1)))
    for lane in 0..<L.laneCount {
      table.copy(
        day: Int(next[lane: lane]), to: lane, growth: &growth, logReturns: &logReturns,
        income: &income, at: first)
    }
    state[place] = next
  }

  @inlinable func covariance<L: Lanes>(state: Span<L>, into covariance: inout MutableSpan<L>)
  where L.Scalar == Scalar {
    let size = table.assetCount * table.assetCount
    for lane in 0..<L.laneCount {
      let row = Int(state[0][lane: lane]) * size
      for k in 0..<size { covariance[k][lane: lane] = table.covariances[row + k] }
    }
  }

  @inlinable func volatility<L: Lanes>(state: Span<L>, into volatility: inout MutableSpan<L>)
  where L.Scalar == Scalar {
    for lane in 0..<L.laneCount {
      let row = Int(state[0][lane: lane]) * table.assetCount
      for asset in 0..<table.assetCount {
        volatility[asset][lane: lane] = table.volatilities[row + asset]
      }
    }
  }

  @inlinable func volatility<L: Lanes>(of asset: Int, state: Span<L>) -> L
  where L.Scalar == Scalar {
    var volatility = L(repeating: 0)
    for lane in 0..<L.laneCount {
      let row = Int(state[0][lane: lane]) * table.assetCount
      volatility[lane: lane] = table.volatilities[row + asset]
    }
    return volatility
  }

  @inlinable func volatilityIndex<L: Lanes>(state: Span<L>) -> L where L.Scalar == Scalar {
    var index = L(repeating: 0)
    for lane in 0..<L.laneCount { index[lane: lane] = table.index[Int(state[0][lane: lane])] }
    return index
  }

  @inlinable func availability<L: Lanes>(state: Span<L>, into availability: inout MutableSpan<L>)
  where L.Scalar == Scalar {
    for lane in 0..<L.laneCount {
      let row = Int(state[0][lane: lane]) * table.assetCount
      for asset in 0..<table.assetCount {
        availability[asset][lane: lane] = table.availability[row + asset]
      }
    }
  }
}

/// Where episodes begin.
public enum EpisodeStart: Sendable, Hashable {
  /// On the first day after the warm-up.
  case fixed
  /// On a random day that leaves room for the horizon.
  case random
  /// On the first day on or after each of these dates, in turn.
  case dates([CalendarDate])
}

/// Data that cannot hold a warm-up and an episode.
public struct HistoryTooShort: Error, CustomStringConvertible, Sendable {
  public let days: Int
  public let warmup: Int
  public let horizon: Int?
  /// A date on which no episode can begin.
  public var startDate: CalendarDate?

  public var description: String {
    let wanted = horizon.map { "\($0)" } ?? "at least 1"
    if let startDate {
      return "an episode of \(wanted) steps from \(startDate) does not fit into \(days) days of "
        + "data with a warm-up of \(warmup) days before it"
    }
    return "\(days) days of data do not hold a warm-up of \(warmup) days (at least 2) "
      + "and an episode of \(wanted) steps: \(max(warmup, 2) + (horizon ?? 1) + 1) days are needed"
  }
}
