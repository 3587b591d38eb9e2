public import Algebra

extension TradingCosts {
  /// Trading costs in the arithmetic of the lanes, for blocks of groups.
  ///
  /// Trades, weights, prices, volatilities and volumes are [groups, assets] bundles of lanes, values
  /// and costs [groups]. Where the costs do not need a quantity (`needsPrices` and so on), an empty
  /// span does for it. Nothing is allocated.
  public struct Prepared<L: Lanes>: Sendable {
    /// Half spread, commission and fee per asset as a fraction of the amount traded.
    public let perUnit: [L.Scalar]
    /// The half spread in it.
    let halfSpread: [L.Scalar]
    /// Whether `perUnit` is all that trading costs.
    public let isProportional: Bool
    /// Whether `filter` does anything.
    public let hasFilters: Bool
    let needsPrices: Bool
    let needsVolatilities: Bool
    let needsValues: Bool
    let hasMarketVolumes: Bool
    let cash: Int?
    let terms: [Terms]

    /// - Parameter hasMarketVolumes: whether the calls bring volumes of their own instead of the
    ///   constants in `costs`.
    public init(_ costs: TradingCosts, hasMarketVolumes: Bool = false) {
      perUnit = costs.charged.map { L.Scalar($0.perUnit) }
      halfSpread = costs.charged.map { L.Scalar($0.halfSpread) }
      isProportional = costs.isProportional
      hasFilters = costs.hasFilters || hasMarketVolumes
      needsPrices = costs.needsPrices
      needsVolatilities = costs.needsVolatilities
      needsValues = costs.needsValue || hasMarketVolumes
      self.hasMarketVolumes = hasMarketVolumes
      cash = costs.cash
      terms = costs.charged.map { Terms($0) }
    }

    /// The numbers of one asset.
    struct Terms: Sendable {
      let perUnit: L.Scalar
      let commission: L.Scalar
      let commissionPerUnit: L.Scalar
      let minimumCommission: L.Scalar
      let ticket: L.Scalar
      let impact: Impact<L.Scalar>
      let hasImpact: Bool
      let adv: L.Scalar
      let participationCap: L.Scalar
      let minimumTrade: L.Scalar
      let minimumTradeValue: L.Scalar
      let isFrozen: Bool

      init(_ asset: AssetCosts) {
        // Only a commission with a minimum has to be known apart.
        let isFloored = asset.minimumCommission > 0
        let isApart = isFloored ? asset.commission : 0
        perUnit = L.Scalar(isFloored ? asset.halfSpread + asset.fees.perUnit : asset.perUnit)
        commission = L.Scalar(isApart)
        commissionPerUnit = L.Scalar(asset.commissionPerUnit)
        minimumCommission = L.Scalar(asset.minimumCommission)
        ticket = L.Scalar(asset.ticket)
        impact = asset.impact.converted(to: L.Scalar.self)
        hasImpact = asset.impact != .none
        adv = asset.adv.map { L.Scalar($0) } ?? .infinity
        participationCap = L.Scalar(asset.participationCap)
        minimumTrade = L.Scalar(asset.minimumTrade)
        minimumTradeValue = L.Scalar(asset.minimumTradeValue)
        isFrozen = asset.isFrozen
      }
    }

    /// The cost of trades, as a fraction of the portfolio's value.
    ///
    /// - Parameters:
    ///   - trades: u, signed fractions of value.
    ///   - values: V in currency.
    ///   - prices: currency per unit.
    ///   - volatilities: σ per day.
    ///   - volumes: ADV in currency; empty: the constants that the costs were made with.
    ///   - costs: receives `Σ_i cost_i`, one per group.
    public func charge(
      _ trades: Span<L>, values: Span<L> = Span(), prices: Span<L> = Span(),
      volatilities: Span<L> = Span(), volumes: Span<L> = Span(), into costs: inout MutableSpan<L>
    ) {
      check(trades.count, costs.count, values, volumes)
      precondition(
        prices.count == trades.count || !needsPrices, "one price per group and asset is needed")
      precondition(
        volatilities.count == trades.count || !needsVolatilities,
        "one volatility per group and asset is needed")
      if isProportional { return chargeProportional(trades, into: &costs) }
      let zero = L(repeating: 0)
      let terms = terms.span
      for group in costs.indices {
        var cost = zero
        for i in terms.indices {
          let place = group &* terms.count &+ i
          cost =
            cost
            + self.cost(
              terms[i], of: trades[place].absolute, value: values[group],
              price: prices.isEmpty ? zero : prices[place],
              volatility: volatilities.isEmpty ? zero : volatilities[place],
              adv: volumes.isEmpty ? L(repeating: terms[i].adv) : volumes[place])
        }
        costs[group] = cost
      }
    }

    /// The cost of trading |u| = `size` of asset `i`, as a fraction of the portfolio's value.
    func cost(of i: Int, size: L, value: L, price: L, volatility: L) -> L {
      cost(
        terms[i], of: size, value: value, price: price, volatility: volatility,
        adv: L(repeating: terms[i].adv))
    }

    /// What a half spread `factor` times as wide adds to the cost per unit traded of asset `i`.
    @inline(__always) func widening(of i: Int, _ factor: L) -> L {
      (factor - L(repeating: 1)) * L(repeating: halfSpread[i])
    }

    /// `Σ_i |u_i| c_i`
    private func chargeProportional(_ trades: Span<L>, into costs: inout MutableSpan<L>) {
      let perUnit = perUnit.span
      for group in costs.indices {
        var cost = L(repeating: 0)
        for i in perUnit.indices {
          cost = cost + trades[group &* perUnit.count &+ i].absolute * L(repeating: perUnit[i])
        }
        costs[group] = cost
      }
    }

    /// The cost of trading |u| = `size` of one asset.
    @inline(__always) private func cost(
      _ terms: Terms, of size: L, value: L, price: L, volatility: L, adv: L
    ) -> L {
      let zero = L(repeating: 0)
      var commission = size * L(repeating: terms.commission)
      if terms.commissionPerUnit != 0 {
        commission = commission + size * (L(repeating: terms.commissionPerUnit) / price)
      }
      if terms.minimumCommission != 0 {
        commission = L.larger(commission, L(repeating: terms.minimumCommission) / value)
      }
      if terms.ticket != 0 { commission = commission + L(repeating: terms.ticket) / value }
      // No trade, no fixed cost; nor any price or value that may be 0.
      var cost = zero.replacing(with: commission, where: zero .< size)
      cost = cost + size * L(repeating: terms.perUnit)
      if terms.hasImpact {
        let impact = terms.impact.average(
          amount: size * value, volatility: volatility, price: price, adv: adv)
        cost = cost + size * impact
      }
      return cost
    }

    /// Stops at spans that do not fit together, before anything is read.
    func check(_ tradeCount: Int, _ groupCount: Int, _ values: Span<L>, _ volumes: Span<L>) {
      precondition(
        tradeCount == groupCount * terms.count,
        "\(tradeCount) trades for \(groupCount) groups of \(terms.count) assets")
      precondition(
        values.count == groupCount || !needsValues, "one value per group is needed")
      precondition(
        volumes.count == tradeCount || volumes.isEmpty && !hasMarketVolumes,
        "one volume per group and asset is needed")
    }
  }
}
