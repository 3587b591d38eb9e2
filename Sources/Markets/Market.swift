public import Algebra

/// Where returns come from: a closed set of market models behind one interface.
///
/// A market never reacts to actions: its path is a function of seed, copy, episode and time alone.
/// All policies therefore meet the same returns, and every action can be tried on the same path.
public enum Market: Sendable {
  /// Two assets with a Gaussian log ratio.
  case logRatio(LogRatioMarket)
  /// Correlated lognormal assets.
  case lognormal(LognormalMarket)
  /// Returns as they were.
  case historical(HistoricalMarket)

  /// Number of assets.
  public var assetCount: Int {
    switch self {
    case .logRatio: 2
    case .lognormal(let market): market.assetCount
    case .historical(let market): market.history.assets.count
    }
  }

  /// Writes what step `path.step` does to prices, one element per asset.
  ///
  /// - Parameters:
  ///   - growth: receives the gross returns, price after over price before.
  ///   - logReturns: receives their logarithms.
  @inlinable public func move<L: Lanes>(
    _ path: MarketPath<L>, growth: inout [L], logReturns: inout [L]
  ) {
    switch self {
    case .logRatio(let market): market.move(path, growth: &growth, logReturns: &logReturns)
    case .lognormal(let market): market.move(path, growth: &growth, logReturns: &logReturns)
    case .historical(let market): market.move(path, growth: &growth, logReturns: &logReturns)
    }
  }

  /// Writes the covariance per year that is known at the decision of `path.step`, shape
  /// [assets, assets].
  @inlinable public func covariance<L: Lanes>(
    _ path: MarketPath<L>, into covariance: inout [L]
  ) {
    switch self {
    case .logRatio(let market): covariance.spread(market.covariancePerYear)
    case .lognormal(let market): covariance.spread(market.covariancePerYear)
    case .historical(let market): market.covariance(path, into: &covariance)
    }
  }

  /// Steps of an episode, where the market sets them.
  public var horizon: Int? {
    if case .historical(let market) = self { market.horizon } else { nil }
  }

  /// Whether the covariance is the same at all times, so that reading it once is enough.
  public var hasConstantCovariance: Bool {
    if case .historical = self { false } else { true }
  }

  /// The date of step `step` of an episode.
  public func date(
    _ source: RandomSource, copy: UInt32, episode: UInt32, step: Int, clock: StepClock
  ) -> CalendarDate {
    if case .historical(let market) = self {
      return market.date(source, copy: copy, episode: episode, step: step)
    }
    return clock.date(step: step)
  }
}

/// Which random path, and where on it: one entry per lane.
public struct MarketPath<L: Lanes>: Sendable {
  /// Seed of all paths.
  public var source: RandomSource
  /// The copy of the environment.
  public var copy: L.Words
  /// The episode of the copy, counted from 0.
  public var episode: L.Words
  /// The step of the episode, counted from 0.
  public var step: L.Words

  @inlinable public init(
    source: RandomSource, copy: L.Words, episode: L.Words, step: L.Words
  ) {
    self.source = source
    self.copy = copy
    self.episode = episode
    self.step = step
  }
}

/// Time in synthetic markets: step k is on `start` + ⌊365.2425 k / stepsPerYear⌋.
public struct StepClock: Sendable, Hashable {
  /// The date of step 0.
  public let start: CalendarDate
  /// Decisions per year: 252 daily, 52 weekly, 12 monthly.
  public let stepsPerYear: Double

  public init(start: CalendarDate, stepsPerYear: Double) {
    self.start = start
    self.stepsPerYear = stepsPerYear
  }

  /// The date of one step.
  public func date(step: Int) -> CalendarDate {
    start.adding(days: Int((365.2425 * Double(step) / stepsPerYear).rounded(.down)))
  }
}

extension Array where Element: Lanes {
  /// Fills all lanes of each element with the number of the same place.
  @inlinable mutating func spread(_ values: [Double]) {
    for i in values.indices { self[i] = Element(repeating: Element.Scalar(values[i])) }
  }
}
