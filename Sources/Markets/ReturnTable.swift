public import Algebra
import Foundation

/// What happened on each day of a price history, and what was known on it: the rows that replay and
/// bootstrap read.
public struct ReturnTable<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
  /// Number of assets.
  public let assetCount: Int
  /// Number of days; the first has no return.
  public let dayCount: Int
  /// Gross returns into each day, shape [days, assets].
  @usableFromInline let growth: [Scalar]
  /// Log returns into each day, shape [days, assets].
  @usableFromInline let logReturns: [Scalar]
  /// Dividends of each day over the price before, shape [days, assets]; empty where none are paid.
  @usableFromInline let income: [Scalar]
  /// Covariance per year known on each day, shape [days, assets, assets].
  @usableFromInline let covariances: [Scalar]
  /// Volatility per √year known on each day, shape [days, assets].
  @usableFromInline let volatilities: [Scalar]
  /// Volatility index known on each day, percent; empty without one.
  @usableFromInline let index: [Scalar]
  /// `Availability` on each day, shape [days, assets]; empty where all is always tradable.
  @usableFromInline let availability: [Scalar]
  /// How the table is made from a history.
  let recipe: ReturnRecipe

  /// - Parameters:
  ///   - covariance: how the covariance is estimated.
  ///   - paysDividends: whether growth is that of prices and dividends are income; the history must
  ///     have `closes` and `dividends`. Otherwise growth is that of `levels`.
  ///   - interruptions: halts and delistings.
  ///   - index: a volatility index per day of the history.
  public init(
    _ history: PriceHistory, covariance: ExponentialCovariance, paysDividends: Bool = false,
    interruptions: Interruptions = .none, index: [Double]? = nil
  ) {
    precondition(index?.count ?? history.dates.count == history.dates.count, "one index per day")
    recipe = ReturnRecipe(
      covariance: covariance, paysDividends: paysDividends, interruptions: interruptions,
      index: index)
    let assets = history.assets.indices
    let prices = interruptions.levels(of: history, paysDividends: paysDividends)
    let income = interruptions.income(of: history, paysDividends: paysDividends)
    let growth = history.dates.indices.flatMap { day in
      assets.map { day == 0 ? 1 : prices[day][$0] / prices[day - 1][$0] }
    }
    let total =
      income.isEmpty ? growth : zip(growth, income).map { $0 + $1 }
    assetCount = assets.count
    dayCount = history.dates.count
    self.growth = growth.map { Scalar($0) }
    logReturns = growth.map { Scalar(Foundation.log($0)) }
    self.income = income.map { Scalar($0) }
    let estimates = covariance.estimates(growth: total, assetCount: assets.count)
    covariances = estimates.map { Scalar($0) }
    volatilities = history.dates.indices.flatMap { day in
      assets.map { Scalar(estimates[(day * assets.count + $0) * assets.count + $0].squareRoot()) }
    }
    self.index = (index ?? []).map { Scalar($0) }
    availability =
      interruptions.isEmpty
      ? []
      : interruptions.availability(of: history).map { Scalar($0.rawValue) }
  }

  /// The same table in another arithmetic.
  init(_ other: ReturnTable<Double>) {
    assetCount = other.assetCount
    dayCount = other.dayCount
    growth = other.growth.map { Scalar($0) }
    logReturns = other.logReturns.map { Scalar($0) }
    income = other.income.map { Scalar($0) }
    covariances = other.covariances.map { Scalar($0) }
    volatilities = other.volatilities.map { Scalar($0) }
    index = other.index.map { Scalar($0) }
    availability = other.availability.map { Scalar($0) }
    recipe = other.recipe
  }

  /// Whether dividends are income instead of growth.
  @inlinable public var paysDividends: Bool { !income.isEmpty }
  /// Whether a volatility index came with the data.
  @inlinable public var hasIndex: Bool { !index.isEmpty }
  /// Whether some asset cannot be traded on some day.
  @inlinable public var hasInterruptions: Bool { !availability.isEmpty }

  /// Copies the returns into a day to one lane.
  @inlinable func copy<L: Lanes>(
    day: Int, to lane: Int, growth: inout MutableSpan<L>, logReturns: inout MutableSpan<L>,
    income: inout MutableSpan<L>, at first: Int
  ) where L.Scalar == Scalar {
    let row = day * assetCount
    for asset in 0..<assetCount {
      growth[first + asset][lane: lane] = self.growth[row + asset]
      logReturns[first + asset][lane: lane] = self.logReturns[row + asset]
    }
    guard paysDividends else { return }
    for asset in 0..<assetCount { income[first + asset][lane: lane] = self.income[row + asset] }
  }
}

/// What a table of returns takes besides a history.
struct ReturnRecipe: Sendable, Hashable {
  var covariance: ExponentialCovariance
  var paysDividends: Bool
  var interruptions: Interruptions
  /// A volatility index per day.
  var index: [Double]?
}

/// An exponentially weighted estimate of the covariance per year.
///
/// Σ_t = λ Σ_{t−1} + (1 − λ) r_t r_tᵀ / Δt with simple returns r and λ = 2^(−1/halfLife), begun with
/// the mean of the warm-up days. No decision is made before the warm-up is over.
public struct ExponentialCovariance: Sendable, Hashable {
  /// Days after which a weight has halved.
  public var halfLife: Double
  /// Days of the mean at the beginning, at least 2.
  public var warmup: Int
  /// 1/Δt.
  public var stepsPerYear: Double

  public init(halfLife: Double, warmup: Int, stepsPerYear: Double) {
    self.halfLife = halfLife
    self.warmup = warmup
    self.stepsPerYear = stepsPerYear
  }

  /// λ.
  public var keep: Double { exp2(-1 / halfLife) }

  /// The estimate known on each day, shape [days, assets, assets], from gross returns of shape
  /// [days, assets].
  func estimates(growth: [Double], assetCount n: Int) -> [Double] {
    let keep = keep
    let days = growth.count / n
    var estimate = [Double](repeating: 0, count: n * n)
    var all = [Double](repeating: 0, count: days * n * n)
    for day in 1..<max(days, 1) {
      for i in 0..<n {
        for j in 0..<n {
          let product = (growth[day * n + i] - 1) * (growth[day * n + j] - 1) * stepsPerYear
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
}
