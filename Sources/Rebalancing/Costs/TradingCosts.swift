/// What trading costs and which trades are done, per asset.
///
/// All rates are fractions of the amount traded (1 bp = 1e-4), all fixed amounts currency. Only what
/// is fixed in currency, per unit or relative to a volume needs the portfolio's value:
/// `needsValue` tells.
public struct TradingCosts: Sendable, Hashable, Codable {
  /// One per asset.
  public var assets: [AssetCosts]
  /// The index of the cash asset, which trades free of cost and takes what filters leave over.
  public var cash: Int?

  /// - Precondition: `cash` is one of the assets and not frozen.
  public init(assets: [AssetCosts], cash: Int? = nil) {
    precondition(
      cash.map { assets.indices.contains($0) && !assets[$0].isFrozen } ?? true,
      "the cash asset must be one of the \(assets.count) assets, and not frozen")
    self.assets = assets
    self.cash = cash
  }

  /// Costs in proportion to the amount traded and nothing else, per asset.
  public init(perUnit: [Double]) {
    self.init(assets: perUnit.map { AssetCosts(halfSpread: $0) })
  }

  /// Cost per unit of amount traded and asset, where there is no other cost and no filter;
  /// else `nil`.
  public var proportionalPerUnit: [Double]? {
    isProportional && !hasFilters ? charged.map(\.perUnit) : nil
  }

  /// Whether every cost is a multiple of the amount traded.
  public var isProportional: Bool { charged.allSatisfy(\.isProportional) }
  /// Whether trades may be cut or dropped.
  public var hasFilters: Bool { charged.contains(where: \.hasFilter) }
  /// Whether the value of the portfolio in currency matters.
  public var needsValue: Bool { charged.contains(where: \.needsValue) }
  /// Whether prices in currency per unit matter.
  public var needsPrices: Bool { charged.contains(where: \.needsPrice) }
  /// Whether volatilities per day matter.
  public var needsVolatilities: Bool { charged.contains { $0.impact != .none } }

  /// The assets, with nothing to pay for cash.
  var charged: [AssetCosts] {
    assets.indices.map { $0 == cash ? AssetCosts() : assets[$0] }
  }
}

/// What trading one asset costs, and which of its trades are done.
public struct AssetCosts: Sendable, Hashable, Codable {
  /// Half the bid-ask spread, as a fraction of the amount traded.
  ///
  /// It is paid on maker fills too: state the spread effectively paid.
  public var halfSpread: Double
  /// Commission as a fraction of the amount traded.
  public var commission: Double
  /// Commission in currency per unit (share) traded; needs a price.
  public var commissionPerUnit: Double
  /// The least commission of a trade, in currency: `max(commission, minimum)`.
  public var minimumCommission: Double
  /// Fixed cost of a trade in currency, on top of the commission.
  public var ticket: Double
  /// Fees of the venue.
  public var fees: VenueFees
  /// Price impact beyond the spread.
  public var impact: Impact<Double>
  /// Average daily volume in currency; `nil` when unknown.
  public var adv: Double?
  /// The largest trade as a fraction of ADV, where that is known; the excess is not done.
  public var participationCap: Double
  /// The least trade as a fraction of the portfolio's value; a smaller one is dropped.
  public var minimumTrade: Double
  /// The least trade in currency; a smaller one is dropped.
  public var minimumTradeValue: Double
  /// Whether the asset is not traded at all.
  public var isFrozen: Bool

  public init(
    halfSpread: Double = 0, commission: Double = 0, commissionPerUnit: Double = 0,
    minimumCommission: Double = 0, ticket: Double = 0, fees: VenueFees = VenueFees(),
    impact: Impact<Double> = .none, adv: Double? = nil, participationCap: Double = 0.05,
    minimumTrade: Double = 0, minimumTradeValue: Double = 0, isFrozen: Bool = false
  ) {
    self.halfSpread = halfSpread
    self.commission = commission
    self.commissionPerUnit = commissionPerUnit
    self.minimumCommission = minimumCommission
    self.ticket = ticket
    self.fees = fees
    self.impact = impact
    self.adv = adv
    self.participationCap = participationCap
    self.minimumTrade = minimumTrade
    self.minimumTradeValue = minimumTradeValue
    self.isFrozen = isFrozen
  }

  /// Half spread, commission and fee; negative only through rebates.
  var perUnit: Double { halfSpread + commission + fees.perUnit }
  var isProportional: Bool {
    commissionPerUnit == 0 && minimumCommission == 0 && ticket == 0 && impact == .none
  }
  var hasFilter: Bool {
    isFrozen || adv != nil || minimumTrade > 0 || minimumTradeValue > 0
  }
  var needsValue: Bool { !isProportional || adv != nil || minimumTradeValue > 0 }
  var needsPrice: Bool {
    if case .almgren = impact { return true }
    return commissionPerUnit != 0
  }
}

/// Fees of a trading venue as fractions of the amount traded; a rebate is a negative fee.
public struct VenueFees: Sendable, Hashable, Codable {
  /// Paid on fills that rested in the order book.
  public var maker: Double
  /// Paid on fills that took from the order book.
  public var taker: Double
  /// The part of the amount traded that is filled as maker, 0 to 1.
  public var makerShare: Double

  public init(maker: Double = 0, taker: Double = 0, makerShare: Double = 0) {
    self.maker = maker
    self.taker = taker
    self.makerShare = makerShare
  }

  /// `makerShare · maker + (1 − makerShare) · taker`
  public var perUnit: Double { makerShare * maker + (1 - makerShare) * taker }
}
