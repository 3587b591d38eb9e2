public import Algebra

/// Where returns come from: a closed set of market models behind one interface.
///
/// A market never reacts to actions: its path is a function of seed, copy, episode and time alone.
/// All policies therefore meet the same returns, and every action can be tried on the same path.
/// The parameters are held in the arithmetic of the lanes that use them, converted once.
public enum Market<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Two assets with a Gaussian log ratio.
  case logRatio(LogRatioMarket<Scalar>)
  /// Correlated lognormal assets.
  case lognormal(LognormalMarket<Scalar>)
  /// Returns as they were.
  case historical(HistoricalMarket<Scalar>)

  /// The same market in another arithmetic.
  public init(_ other: Market<Double>) {
    switch other {
    case .logRatio(let market): self = .logRatio(LogRatioMarket(market))
    case .lognormal(let market): self = .lognormal(LognormalMarket(market))
    case .historical(let market): self = .historical(HistoricalMarket(market))
    }
  }

  /// Number of assets.
  public var assetCount: Int {
    switch self {
    case .logRatio: 2
    case .lognormal(let market): market.assetCount
    case .historical(let market): market.history.assets.count
    }
  }

  /// Numbers that the market remembers of a path between steps.
  public var stateCount: Int { 0 }

  /// Writes the state at the beginning of the paths' episodes where `mask` is true.
  ///
  /// - Parameter state: of one group, shape [stateCount].
  @inlinable public func begin<L: Lanes>(
    _ path: MarketPath<L>, where mask: L.Mask, state: inout MutableSpan<L>
  ) where L.Scalar == Scalar {}

  /// Writes what one step does to prices, for a block of groups of lanes.
  ///
  /// - Parameters:
  ///   - paths: one per group.
  ///   - state: shape [groups, stateCount]; moves along.
  ///   - growth: receives the gross returns, price after over price before; shape [groups, assets].
  ///   - logReturns: receives their logarithms; shape [groups, assets].
  @inlinable public func move<L: Lanes>(
    _ paths: Span<MarketPath<L>>, state: inout MutableSpan<L>, growth: inout MutableSpan<L>,
    logReturns: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    switch self {
    case .logRatio(let market):
      for group in paths.indices {
        market.move(paths[group], growth: &growth, logReturns: &logReturns, at: 2 * group)
      }
    case .lognormal(let market):
      for group in paths.indices {
        let first = market.assetCount * group
        market.move(paths[group], growth: &growth, logReturns: &logReturns, at: first)
      }
    case .historical(let market):
      for group in paths.indices {
        let first = market.history.assets.count * group
        market.move(paths[group], growth: &growth, logReturns: &logReturns, at: first)
      }
    }
  }

  /// Writes the covariance per year that is known at the decision of `path.step`, shape
  /// [assets, assets].
  ///
  /// - Parameter state: of the group, shape [stateCount].
  @inlinable public func covariance<L: Lanes>(
    _ path: MarketPath<L>, state: Span<L>, into covariance: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
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

  /// The covariance per year where it is the same at all times, shape [assets, assets].
  public var constantCovariance: [Scalar]? {
    switch self {
    case .logRatio(let market): market.covariancePerYear
    case .lognormal(let market): market.covariancePerYear
    case .historical: nil
    }
  }

  /// The first and the last day of data that is replayed.
  public var dates: (first: CalendarDate, last: CalendarDate)? {
    guard case .historical(let market) = self, let first = market.history.dates.first,
      let last = market.history.dates.last
    else { return nil }
    return (first, last)
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

extension MutableSpan where Element: Lanes {
  /// Fills all lanes of each element with the number of the same place.
  @inlinable mutating func spread(_ values: [Element.Scalar]) {
    for i in values.indices { self[i] = Element(repeating: values[i]) }
  }
}
