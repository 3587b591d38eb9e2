import Markets

/// What facts depend on besides the portfolio and the market: the task's costs, taxes and horizon.
///
/// A task gives it and a bundle stores it, so that a server builds the facts of a request as the
/// environment does.
public struct FactConstants: Codable, Sendable, Hashable {
  /// Names, one per asset.
  public var assets: [String]
  /// Target weights that costs and drift are measured from.
  public var targets: [Double]
  public var costs: TradingCosts
  public var tax: TaxModel
  /// The asset that has no lots and no gains.
  public var cash: Int?
  public var driftCost: DriftCost
  /// Steps of an episode.
  public var horizon: Int
  /// Number of the market's regimes; 0 without.
  public var regimeCount: Int
  /// Covariance of the returns per year, shape [assets, assets], where it is the same at all times.
  public var covariance: [Double]?
  /// The asset whose volatility is the volatility index, where nothing but the covariance gives one.
  public var volatilityReference: Int?
  /// Whether half spreads ever change, which a request then has to say.
  public var changesSpreads: Bool
  /// Whether trade is ever interrupted, which a request then has to say.
  public var hasInterruptions: Bool

  /// The constants of a task.
  public init(_ task: RebalancingTask) {
    assets = task.assets
    targets = task.targets
    costs = task.costs
    tax = task.tax
    cash = task.payment.cash
    driftCost = task.driftCost
    horizon = task.horizon
    regimeCount = task.market.regimeCount
    covariance = task.market.constantCovariance
    volatilityReference = covariance == nil ? nil : task.volatilityReference
    changesSpreads = task.market.changesSpreads
    hasInterruptions = task.market.hasInterruptions
  }

  /// What is wrong with constants that were read from a file; `nil` where they fit together.
  public var defect: String? {
    let count = assets.count
    let places = [cash, costs.cash, volatilityReference].compactMap(\.self)
    if count < 2 || Set(assets).count < count { return "assets: at least 2 names are needed" }
    if targets.count != count { return "targets: \(targets.count) for \(count) assets" }
    if costs.assets.count != count { return "costs: \(costs.assets.count) for \(count) assets" }
    if !places.allSatisfy(assets.indices.contains) { return "cash: there is no such asset" }
    if horizon < 1 { return "horizon: \(horizon), at least 1 is valid" }
    if let lots = tax.lots, lots.lotsPerAsset < 3 {
      return "tax: \(lots.lotsPerAsset) lots per asset, at least 3 are needed"
    }
    if !(0...1000).contains(regimeCount) { return "regime_count: \(regimeCount)" }
    if let covariance, covariance.count != count * count {
      return "covariance: \(covariance.count) numbers for \(count) assets"
    }
    return nil
  }
}
