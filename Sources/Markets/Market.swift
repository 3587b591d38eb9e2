public import Algebra

/// Where returns come from: a closed set of market models behind one interface.
///
/// A market never reacts to actions: its path is a function of seed, copy, episode and time alone,
/// besides the state that it carries from step to step. All policies therefore meet the same
/// returns, and every action can be tried on the same path. The parameters are held in the
/// arithmetic of the lanes that use them, converted once.
public enum Market<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Two assets with a Gaussian log ratio.
  case logRatio(LogRatioMarket<Scalar>)
  /// Correlated lognormal assets.
  case lognormal(LognormalMarket<Scalar>)
  /// Correlated assets with normal simple returns.
  case normal(NormalMarket<Scalar>)
  /// Normal returns whose law a hidden Markov chain chooses.
  case regimes(RegimeMarket<Scalar>)
  /// Volatilities that cluster.
  case garch(GARCHMarket<Scalar>)
  /// Returns as they were, in blocks of random order.
  case bootstrap(BootstrapMarket<Scalar>)
  /// Returns as they were.
  case historical(HistoricalMarket<Scalar>)
  /// Another market whose assets pay a part of their return as dividends.
  indirect case yielding(YieldMarket<Scalar>)
  /// Another market with shocks laid over it.
  indirect case stressed(StressedMarket<Scalar>)

  /// The same market in another arithmetic.
  public init(_ other: Market<Double>) {
    // Years of data are not copied for every environment that replays them.
    if let same = other as? Market<Scalar> {
      self = same
      return
    }
    switch other {
    case .logRatio(let market): self = .logRatio(LogRatioMarket(market))
    case .lognormal(let market): self = .lognormal(LognormalMarket(market))
    case .normal(let market): self = .normal(NormalMarket(market))
    case .regimes(let market): self = .regimes(RegimeMarket(market))
    case .garch(let market): self = .garch(GARCHMarket(market))
    case .bootstrap(let market): self = .bootstrap(BootstrapMarket(market))
    case .historical(let market): self = .historical(HistoricalMarket(market))
    case .yielding(let market): self = .yielding(YieldMarket(market))
    case .stressed(let market): self = .stressed(StressedMarket(market))
    }
  }

  /// Number of assets.
  public var assetCount: Int {
    switch self {
    case .logRatio: 2
    case .lognormal(let market): market.assetCount
    case .normal(let market): market.assetCount
    case .regimes(let market): market.assetCount
    case .garch(let market): market.assetCount
    case .bootstrap(let market): market.table.assetCount
    case .historical(let market): market.table.assetCount
    case .yielding(let market): market.base.assetCount
    case .stressed(let market): market.base.assetCount
    }
  }

  /// Numbers that the market remembers of a path between steps.
  public var stateCount: Int {
    switch self {
    case .logRatio, .lognormal, .normal: 0
    case .regimes(let market): market.stateCount
    case .garch(let market): market.assetCount
    case .bootstrap(let market): market.stateCount
    case .historical: 1
    case .yielding(let market): market.base.stateCount
    case .stressed(let market): market.base.stateCount
    }
  }

  /// Whether `move` writes dividends.
  public var paysDividends: Bool {
    switch self {
    case .bootstrap(let market): market.table.paysDividends
    case .historical(let market): market.table.paysDividends
    case .yielding: true
    case .stressed(let market): market.base.paysDividends
    default: false
    }
  }

  /// Writes the state at the beginning of the paths' episodes where `mask` is true.
  ///
  /// - Parameter state: of one group, shape [stateCount].
  @inlinable public func begin<L: Lanes>(
    _ path: MarketPath<L>, where mask: L.Mask, state: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    switch self {
    case .logRatio, .lognormal, .normal: break
    case .regimes(let market): market.begin(path, where: mask, state: &state)
    case .garch(let market): market.begin(where: mask, state: &state)
    case .bootstrap(let market): market.begin(path, where: mask, state: &state)
    case .historical(let market): market.begin(path, where: mask, state: &state)
    case .yielding(let market): market.base.begin(path, where: mask, state: &state)
    case .stressed(let market): market.base.begin(path, where: mask, state: &state)
    }
  }

  /// Writes what one step does to prices, for a block of groups of lanes.
  ///
  /// - Parameters:
  ///   - paths: one per group.
  ///   - state: shape [groups, stateCount]; moves along.
  ///   - growth: receives the gross returns, price after over price before; shape [groups, assets].
  ///   - logReturns: receives their logarithms; shape [groups, assets].
  ///   - income: receives the dividends over the price before, which the growth then lacks; shape
  ///     [groups, assets], or [0] for a market that pays none.
  @inlinable public func move<L: Lanes>(
    _ paths: Span<MarketPath<L>>, state: inout MutableSpan<L>, growth: inout MutableSpan<L>,
    logReturns: inout MutableSpan<L>, income: inout MutableSpan<L>
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
    case .normal(let market):
      for group in paths.indices {
        let first = market.assetCount * group
        market.move(paths[group], growth: &growth, logReturns: &logReturns, at: first)
      }
    case .regimes(let market):
      for group in paths.indices {
        market.move(
          paths[group], state: &state, at: market.stateCount * group, growth: &growth,
          logReturns: &logReturns, at: market.assetCount * group)
      }
    case .garch(let market):
      for group in paths.indices {
        let first = market.assetCount * group
        market.move(
          paths[group], state: &state, growth: &growth, logReturns: &logReturns, at: first)
      }
    case .bootstrap(let market):
      for group in paths.indices {
        market.move(
          paths[group], state: &state, at: market.stateCount * group, growth: &growth,
          logReturns: &logReturns, income: &income, at: market.table.assetCount * group)
      }
    case .historical(let market):
      for group in paths.indices {
        market.move(
          state: &state, at: group, growth: &growth, logReturns: &logReturns, income: &income,
          at: market.table.assetCount * group)
      }
    case .yielding(let market):
      market.move(
        paths, state: &state, growth: &growth, logReturns: &logReturns, income: &income)
    case .stressed(let market):
      market.move(
        paths, state: &state, growth: &growth, logReturns: &logReturns, income: &income)
    }
  }

  /// `move` of a market that pays no dividends.
  @inlinable public func move<L: Lanes>(
    _ paths: Span<MarketPath<L>>, state: inout MutableSpan<L>, growth: inout MutableSpan<L>,
    logReturns: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    precondition(!paysDividends, "this market pays dividends: `move` needs room for the income")
    var income = MutableSpan<L>()
    move(paths, state: &state, growth: &growth, logReturns: &logReturns, income: &income)
  }

  /// Steps of an episode, where the market sets them.
  public var horizon: Int? {
    if case .historical(let market) = self { market.horizon } else { nil }
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
