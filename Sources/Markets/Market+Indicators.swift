public import Algebra

// What is known of a market at a decision. Nothing here depends on a return after it.

extension Market {
  /// Writes the covariance of returns per year that is known at the decision, shape
  /// [assets, assets].
  ///
  /// Of a market with regimes it is that of the regime in force, which an agent does not see; the
  /// volatilities below are those that it can know.
  /// - Parameter state: of the group, shape [stateCount].
  @inlinable public func covariance<L: Lanes>(
    _ path: MarketPath<L>, state: Span<L>, into covariance: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    switch self {
    case .logRatio(let market): covariance.spread(market.covariancePerYear)
    case .lognormal(let market): covariance.spread(market.covariancePerYear)
    case .normal(let market): covariance.spread(market.covariancePerYear)
    case .regimes(let market): market.covariance(state: state, into: &covariance)
    case .garch(let market): market.covariance(state: state, into: &covariance)
    case .bootstrap(let market): market.covariance(state: state, into: &covariance)
    case .historical(let market): market.covariance(state: state, into: &covariance)
    case .yielding(let market): market.base.covariance(path, state: state, into: &covariance)
    case .stressed(let market): market.covariance(path, state: state, into: &covariance)
    }
  }

  /// The covariance per year where it is the same at all times, shape [assets, assets].
  public var constantCovariance: [Scalar]? {
    switch self {
    case .logRatio(let market): market.covariancePerYear
    case .lognormal(let market): market.covariancePerYear
    case .normal(let market): market.covariancePerYear
    case .regimes, .garch, .bootstrap, .historical: nil
    case .yielding(let market): market.base.constantCovariance
    case .stressed(let market): market.changesRisk ? nil : market.base.constantCovariance
    }
  }

  /// The covariance per year that the model has on average, shape [assets, assets]: of regimes that
  /// within them, weighted by how long they last. `nil` where the model states none.
  public var averageCovariance: [Scalar]? {
    switch self {
    case .regimes(let market): market.averageCovariance
    case .yielding(let market): market.base.averageCovariance
    case .stressed(let market): market.base.averageCovariance
    default: constantCovariance
    }
  }

  /// Writes the volatility of every asset per √year, shape [assets], as it can be known from the
  /// returns up to the decision.
  ///
  /// The model's own where returns reveal it, for regimes that of the mixture with their filtered
  /// probabilities, on data that of the exponentially weighted covariance.
  /// - Parameter state: of the group, shape [stateCount].
  @inlinable public func volatility<L: Lanes>(
    _ path: MarketPath<L>, state: Span<L>, into volatility: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    if case .historical(let market) = self {
      return market.volatility(state: state, into: &volatility)
    }
    for asset in 0..<assetCount {
      volatility[asset] = self.volatility(of: asset, path, state: state)
    }
  }

  /// The volatility of one asset per √year; see `volatility(_:state:into:)`.
  @inlinable public func volatility<L: Lanes>(
    of asset: Int, _ path: MarketPath<L>, state: Span<L>
  ) -> L where L.Scalar == Scalar {
    switch self {
    case .logRatio(let market): L(repeating: market.covariancePerYear[3 * asset]).roots()
    case .lognormal(let market):
      L(repeating: market.covariancePerYear[(market.assetCount + 1) * asset]).roots()
    case .normal(let market):
      L(repeating: market.covariancePerYear[(market.assetCount + 1) * asset]).roots()
    case .regimes(let market): market.volatility(of: asset, state: state)
    case .garch(let market): market.volatility(of: asset, state: state)
    case .bootstrap(let market): market.volatility(of: asset, state: state)
    case .historical(let market): market.volatility(of: asset, state: state)
    case .yielding(let market): market.base.volatility(of: asset, path, state: state)
    case .stressed(let market):
      market.base.volatility(of: asset, path, state: state)
        * market.knownFactor(of: asset, path)
    }
  }

  /// A volatility index in percent: the series that came with the data, else 100 times the
  /// volatility of a reference asset.
  @inlinable public func volatilityIndex<L: Lanes>(
    _ path: MarketPath<L>, state: Span<L>, reference: Int = 0
  ) -> L where L.Scalar == Scalar {
    switch self {
    case .bootstrap(let market) where market.table.hasIndex: market.volatilityIndex(state: state)
    case .historical(let market) where market.table.hasIndex: market.volatilityIndex(state: state)
    case .stressed(let market):
      market.base.volatilityIndex(path, state: state, reference: reference)
        * market.knownFactor(of: reference, path)
    default: volatility(of: reference, path, state: state) * L(repeating: 100)
    }
  }

  // MARK: - Shocks

  /// What disturbs every episode, in order of time.
  public var shocks: [MarketShock] {
    switch self {
    case .stressed(let market): market.shocks
    case .yielding(let market): market.base.shocks
    default: []
    }
  }

  /// Whether half spreads are ever multiplied.
  public var changesSpreads: Bool {
    switch self {
    case .stressed(let market): market.changesSpreads
    case .yielding(let market): market.base.changesSpreads
    default: false
    }
  }

  /// The factor of one asset's half spread at a decision; quoted, hence known.
  @inlinable public func spreadFactor<L: Lanes>(of asset: Int, _ path: MarketPath<L>) -> L
  where L.Scalar == Scalar {
    switch self {
    case .stressed(let market): market.spreadFactor(of: asset, path)
    case .yielding(let market): market.base.spreadFactor(of: asset, path)
    default: L(repeating: 1)
    }
  }

  // MARK: - Regimes

  /// Number of regimes; 0 for markets without.
  public var regimeCount: Int {
    switch self {
    case .regimes(let market): market.regimeCount
    case .yielding(let market): market.base.regimeCount
    case .stressed(let market): market.base.regimeCount
    default: 0
    }
  }

  /// Writes the probability that each regime is in force until the next decision, given the returns
  /// so far; shape [regimeCount].
  @inlinable public func regimeProbabilities<L: Lanes>(
    state: Span<L>, into probabilities: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    for regime in 0..<regimeCount { probabilities[regime] = state[1 + regime] }
  }

  /// One of the regime probabilities; see `regimeProbabilities(state:into:)`.
  @inlinable public func regimeProbability<L: Lanes>(_ regime: Int, state: Span<L>) -> L
  where L.Scalar == Scalar { state[1 + regime] }

  /// The number of the regime in force, counted from 0: what only an oracle knows. 0 for markets
  /// without regimes.
  @inlinable public func regime<L: Lanes>(state: Span<L>) -> L where L.Scalar == Scalar {
    regimeCount > 0 ? state[0] : L(repeating: 0)
  }

  // MARK: - Availability

  /// Whether some asset cannot be traded at some time.
  public var hasInterruptions: Bool {
    if case .historical(let market) = self { market.table.hasInterruptions } else { false }
  }

  /// Whether one asset can be traded at the decision; see `availability(_:state:into:)`.
  @inlinable public func availability<L: Lanes>(of asset: Int, state: Span<L>) -> L
  where L.Scalar == Scalar {
    var result = L(repeating: 0)
    guard case .historical(let market) = self, market.table.hasInterruptions else { return result }
    for lane in 0..<L.laneCount {
      let row = Int(state[0][lane: lane]) * market.table.assetCount
      result[lane: lane] = market.table.availability[row + asset]
    }
    return result
  }

  /// Writes whether every asset can be traded at the decision: `Availability` as a number; shape
  /// [assets].
  @inlinable public func availability<L: Lanes>(
    _ path: MarketPath<L>, state: Span<L>, into availability: inout MutableSpan<L>
  ) where L.Scalar == Scalar {
    if case .historical(let market) = self, market.table.hasInterruptions {
      market.availability(state: state, into: &availability)
    } else {
      for asset in 0..<assetCount { availability[asset] = L(repeating: 0) }
    }
  }
}

extension MutableSpan where Element: Lanes {
  /// Fills all lanes of each element with the number of the same place.
  @inlinable mutating func spread(_ values: [Element.Scalar]) {
    for i in values.indices { self[i] = Element(repeating: values[i]) }
  }
}
