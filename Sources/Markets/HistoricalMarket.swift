public import Algebra
import Foundation

/// Returns as they were, replayed from a fixed or a random first day.
///
/// The covariance that a decision sees is an exponentially weighted estimate from the returns up to
/// that day: Σ_t = λ Σ_{t−1} + (1 − λ) r_t r_tᵀ with λ = 2^(−1/halfLife), begun with the mean of the
/// warm-up days. No decision is made on a warm-up day.
public struct HistoricalMarket: Sendable {
  /// Where episodes begin.
  public enum Start: String, Sendable, Hashable, CaseIterable {
    /// On the first day after the warm-up.
    case fixed
    /// On a random day that leaves room for the horizon.
    case random
  }

  /// The levels that are replayed.
  public let history: PriceHistory
  /// Days before the first decision.
  public let warmup: Int
  /// Steps of an episode.
  public let horizon: Int
  /// Where episodes begin.
  public let start: Start
  /// Covariance per year known on each day, shape [days, assets, assets].
  @usableFromInline let covariances: [Double]
  /// Log returns into each day, shape [days, assets].
  @usableFromInline let logReturnTable: [Double]

  /// - Parameters:
  ///   - horizon: steps of an episode; `nil` for all that the data has.
  ///   - halfLife: of the covariance weights, in days.
  /// - Throws: where the data is too short for the warm-up and the horizon.
  public init(
    history: PriceHistory, warmup: Int, horizon: Int?, start: Start, halfLife: Double,
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
      history, warmup: warmup, halfLife: halfLife, stepsPerYear: stepsPerYear)
    logReturnTable = history.dates.indices.flatMap { day in
      history.assets.indices.map { day == 0 ? 0 : Foundation.log(history.growth($0, on: day)) }
    }
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
    _ path: MarketPath<L>, growth: inout [L], logReturns: inout [L]
  ) {
    for lane in 0..<L.laneCount {
      // A lane that has just ended may stand on the last day; what it reads there is not used.
      let next = min(day(path, lane: lane) + 1, history.dates.count - 1)
      for asset in history.assets.indices {
        growth[asset][lane: lane] = L.Scalar(history.growth(asset, on: next))
        logReturns[asset][lane: lane] = L.Scalar(
          logReturnTable[next * history.assets.count + asset])
      }
    }
  }

  @inlinable func covariance<L: Lanes>(_ path: MarketPath<L>, into covariance: inout [L]) {
    let size = history.assets.count * history.assets.count
    for lane in 0..<L.laneCount {
      let day = min(day(path, lane: lane), history.dates.count - 1)
      for k in 0..<size {
        covariance[k][lane: lane] = L.Scalar(covariances[day * size + k])
      }
    }
  }
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
