public import Algebra
import Foundation

/// Returns as they were, replayed from a fixed or a random first day.
///
/// The covariance that a decision sees is an exponentially weighted estimate from the returns up to
/// that day: Σ_t = λ Σ_{t−1} + (1 − λ) r_t r_tᵀ with λ = 2^(−1/halfLife), begun with the mean of the
/// warm-up days. No decision is made on a warm-up day.
public struct HistoricalMarket<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// The levels that are replayed.
  public let history: PriceHistory
  /// Days before the first decision.
  public let warmup: Int
  /// Steps of an episode.
  public let horizon: Int
  /// Where episodes begin.
  public let start: EpisodeStart
  /// Covariance per year known on each day, shape [days, assets, assets].
  @usableFromInline let covariances: [Scalar]
  /// Gross returns into each day, shape [days, assets].
  @usableFromInline let growthTable: [Scalar]
  /// Log returns into each day, shape [days, assets].
  @usableFromInline let logReturnTable: [Scalar]

  /// - Parameters:
  ///   - horizon: steps of an episode; `nil` for all that the data has.
  ///   - halfLife: of the covariance weights, in days.
  /// - Throws: where the data is too short for the warm-up and the horizon.
  public init(
    history: PriceHistory, warmup: Int, horizon: Int?, start: EpisodeStart, halfLife: Double,
    stepsPerYear: Double
  ) throws(HistoryTooShort) {
    let available = history.dates.count - 1 - warmup
    guard warmup >= 2, available >= 1, (horizon ?? 1) <= available, (horizon ?? 1) >= 1 else {
      throw HistoryTooShort(days: history.dates.count, warmup: warmup, horizon: horizon)
    }
    self.history = history
    self.warmup = warmup
    self.horizon = horizon ?? available
    self.start = start
    covariances = Self.exponentialCovariances(
      history, warmup: warmup, halfLife: halfLife, stepsPerYear: stepsPerYear
    ).map { Scalar($0) }
    let growth = history.dates.indices.flatMap { day in
      history.assets.indices.map { day == 0 ? 1 : history.growth($0, on: day) }
    }
    growthTable = growth.map { Scalar($0) }
    logReturnTable = growth.map { Scalar(Foundation.log($0)) }
  }

  /// The same market in another arithmetic.
  init(_ other: HistoricalMarket<Double>) {
    history = other.history
    warmup = other.warmup
    horizon = other.horizon
    start = other.start
    covariances = other.covariances.map { Scalar($0) }
    growthTable = other.growthTable.map { Scalar($0) }
    logReturnTable = other.logReturnTable.map { Scalar($0) }
  }

  private static func exponentialCovariances(
    _ history: PriceHistory, warmup: Int, halfLife: Double, stepsPerYear: Double
  ) -> [Double] {
    let n = history.assets.count
    let keep = exp2(-1 / halfLife)
    var estimate = [Double](repeating: 0, count: n * n)
    var all = [Double](repeating: 0, count: history.dates.count * n * n)
    for day in 1..<history.dates.count {
      let returns = (0..<n).map { history.growth($0, on: day) - 1 }
      for i in 0..<n {
        for j in 0..<n {
          let product = returns[i] * returns[j] * stepsPerYear
          let k = i * n + j
          estimate[k] =
            day <= warmup
            ? estimate[k] + (product - estimate[k]) / Double(day)
            : keep * estimate[k] + (1 - keep) * product
          all[day * n * n + k] = estimate[k]
        }
      }
    }
    return all
  }

  /// The day, counted from the first of the data, on which an episode begins.
  @inlinable public func firstDay(_ source: RandomSource, copy: UInt32, episode: UInt32) -> Int {
    switch start {
    case .fixed: warmup
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

  @inlinable func day<L: Lanes>(_ path: MarketPath<L>, lane: Int) -> Int {
    firstDay(path.source, copy: path.copy[lane: lane], episode: path.episode[lane: lane])
      + Int(path.step[lane: lane])
  }

  @inlinable func move<L: Lanes>(
    _ path: MarketPath<L>, growth: inout MutableSpan<L>, logReturns: inout MutableSpan<L>,
    at first: Int
  ) where L.Scalar == Scalar {
    let assets = history.assets.count
    for lane in 0..<L.laneCount {
      // A lane that has just ended may stand on the last day; what it reads there is not used.
      let row = min(day(path, lane: lane) + 1, history.dates.count - 1) * assets
      for asset in 0..<assets {
        growth[first + asset][lane: lane] = growthTable[row + asset]
        logReturns[first + asset][lane: lane] = logReturnTable[row + asset]
      }
    }
  }

  @inlinable func covariance<L: Lanes>(
    _ path: MarketPath<L>, into covariance: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    let size = history.assets.count * history.assets.count
    for lane in 0..<L.laneCount {
      let day = min(day(path, lane: lane), history.dates.count - 1)
      for k in 0..<size { covariance[k][lane: lane] = covariances[day * size + k] }
    }
  }
}

/// Where episodes begin.
public enum EpisodeStart: String, Sendable, Hashable, CaseIterable {
  /// On the first day after the warm-up.
  case fixed
  /// On a random day that leaves room for the horizon.
  case random
}

/// Data that cannot hold a warm-up and an episode.
public struct HistoryTooShort: Error, CustomStringConvertible, Sendable {
  public let days: Int
  public let warmup: Int
  public let horizon: Int?

  public var description: String {
    let wanted = horizon.map { "\($0)" } ?? "at least 1"
    return "\(days) days of data do not hold a warm-up of \(warmup) days (at least 2) "
      + "and an episode of \(wanted) steps: \(max(warmup, 2) + (horizon ?? 1) + 1) days are needed"
  }
}
