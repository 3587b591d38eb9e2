public import Algebra

extension LotBook {
  /// Sells units, of both securities where the asset is held in both.
  ///
  /// Losses are disallowed as far as other lots of the same security were bought within 30 days before
  /// and are still held: in order of acquisition of what is sold, then in order of purchase of the
  /// replacements, each unit once. What is not replaced yet is remembered for later purchases. Gains
  /// and losses of one sale are never netted for this.
  ///
  /// - Parameters:
  ///   - units: units of the asset; a unit of its substitute counts as many as it is worth. No more
  ///     than is held is sold, so that `.infinity` sells all.
  ///   - prices: prices per unit, net of fees.
  public func sell(
    _ asset: Int, units: L, at prices: SecurityPrices<L>, on day: TradingDay<L>,
    where lanes: L.Mask, in state: inout MutableSpan<L>
  ) -> RealizedGains<L> {
    check(asset, state.count)
    let selling = lanes .& (L(repeating: 0) .< units)
    guard selling.isAnyTrue else { return .none }
    if order == .averageCost { averageBasis(asset, where: selling, in: &state) }
    rank(asset, at: prices, on: day, in: &state)
    for slot in 0..<layout.lotsPerAsset {
      state[row: layout.scratch(.sold, slot)] = share(
        asset, slot, of: units, at: prices, in: state.span
      ).masked(selling)
    }
    return settle(asset, at: prices, on: day, in: &state)
  }

  /// Gains and losses of a sale that does not happen, before any are disallowed; the lots stay as they
  /// are.
  ///
  /// The parameters are those of ``sell(_:units:at:on:where:in:)``.
  public func gainsIfSold(
    _ asset: Int, units: L, at prices: SecurityPrices<L>, on day: TradingDay<L>,
    in state: inout MutableSpan<L>
  ) -> RealizedGains<L> {
    check(asset, state.count)
    let average = order == .averageCost ? averages(asset, in: state.span) : nil
    rank(asset, at: prices, on: day, in: &state)
    var gains = RealizedGains<L>.none
    for slot in 0..<layout.lotsPerAsset {
      let lot = lot(asset, slot, in: state.span)
      let sold = share(asset, slot, of: units, at: prices, in: state.span)
      let basis = average?.of(lot.security) ?? lot.unitBasis
      gains.add(
        sold * (price(prices, of: lot) - basis), isLong: lot.heldFrom .<= day.longSince)
    }
    return gains
  }

  // MARK: - Which lots

  /// Writes for every lot its units, in units of the asset, and those that are sold before it.
  private func rank(
    _ asset: Int, at prices: SecurityPrices<L>, on day: TradingDay<L>,
    in state: inout MutableSpan<L>
  ) {
    writeAmounts(asset, at: prices, in: &state)
    switch order {
    case .fifo, .averageCost: rankByAge(in: &state)
    case .lifo, .hifo, .minimumTax:
      writeKeys(asset, at: prices, on: day, in: &state)
      rankByKey(in: &state)
    }
  }

  private func writeAmounts(
    _ asset: Int, at prices: SecurityPrices<L>, in state: inout MutableSpan<L>
  ) {
    let ratio = layout.hasSubstitutes ? prices.substitute / prices.asset : L(repeating: 1)
    for slot in 0..<layout.lotsPerAsset {
      let at = layout.lot(asset, slot)
      var amount = state[row: at]
      if layout.hasSubstitutes {
        amount = amount.replacing(
          with: amount * ratio, where: L(repeating: 0) .< state[row: at + 5])
      }
      state[row: layout.scratch(.amount, slot)] = amount
    }
  }

  /// The oldest first.
  private func rankByAge(in state: inout MutableSpan<L>) {
    var ahead = L(repeating: 0)
    for slot in (0..<layout.lotsPerAsset).reversed() {
      state[row: layout.scratch(.ahead, slot)] = ahead
      ahead = ahead + state[row: layout.scratch(.amount, slot)]
    }
  }

  private func writeKeys(
    _ asset: Int, at prices: SecurityPrices<L>, on day: TradingDay<L>,
    in state: inout MutableSpan<L>
  ) {
    let short = L(repeating: L.Scalar(rates.short))
    let long = L(repeating: L.Scalar(rates.long))
    for slot in 0..<layout.lotsPerAsset {
      let lot = lot(asset, slot, in: state.span)
      let key =
        switch order {
        case .lifo: L(repeating: 0) - lot.acquired
        case .minimumTax:
          (price(prices, of: lot) - lot.unitBasis)
            * short.replacing(with: long, where: lot.heldFrom .<= day.longSince)
        default: L(repeating: 0) - lot.unitBasis
        }
      state[row: layout.scratch(.key, slot)] = key
    }
  }

  /// Compares every lot with every newer one: the lower key is sold before, among equals the older.
  private func rankByKey(in state: inout MutableSpan<L>) {
    for older in 0..<layout.lotsPerAsset {
      let key = state[row: layout.scratch(.key, older)]
      let amount = state[row: layout.scratch(.amount, older)]
      var ahead = L(repeating: 0)
      for newer in 0..<older {
        let isFirst = key .<= state[row: layout.scratch(.key, newer)]
        let at = layout.scratch(.ahead, newer)
        state[row: at] = state[row: at] + amount.masked(isFirst)
        ahead = ahead + state[row: layout.scratch(.amount, newer)].masked(.!isFirst)
      }
      state[row: layout.scratch(.ahead, older)] = ahead
    }
  }

  /// Units of a lot that a sale of so many units of the asset takes.
  @inline(__always)
  private func share(
    _ asset: Int, _ slot: Int, of units: L, at prices: SecurityPrices<L>, in state: Span<L>
  ) -> L {
    let held = state[row: layout.lot(asset, slot)]
    let amount = state[row: layout.scratch(.amount, slot)]
    let wanted = units - state[row: layout.scratch(.ahead, slot)]
    let dust = amount * L(repeating: Self.dust)
    var part = wanted
    if layout.hasSubstitutes {
      let isOther = L(repeating: 0) .< state[row: layout.lot(asset, slot) + 5]
      part = wanted.replacing(with: wanted * (prices.asset / prices.substitute), where: isOther)
    }
    return part.masked(dust .< wanted).replacing(with: held, where: amount - dust .<= wanted)
  }

  // MARK: - Average cost

  /// Average basis per unit of each security.
  private func averages(_ asset: Int, in state: Span<L>) -> SecurityPrices<L> {
    let zero = L(repeating: 0)
    var units = SecurityPrices(zero)
    var basis = SecurityPrices(zero)
    for slot in 0..<layout.lotsPerAsset {
      let lot = lot(asset, slot, in: state)
      let isOther = zero .< lot.security
      let total = lot.units * lot.unitBasis
      units.asset = units.asset + lot.units.masked(.!isOther)
      units.substitute = units.substitute + lot.units.masked(isOther)
      basis.asset = basis.asset + total.masked(.!isOther)
      basis.substitute = basis.substitute + total.masked(isOther)
    }
    let one = L(repeating: 1)
    return SecurityPrices(
      asset: basis.asset / one.replacing(with: units.asset, where: zero .< units.asset),
      substitute: basis.substitute
        / one.replacing(with: units.substitute, where: zero .< units.substitute))
  }

  /// Gives all units of a security their average basis.
  private func averageBasis(
    _ asset: Int, where lanes: L.Mask, in state: inout MutableSpan<L>
  ) {
    let average = averages(asset, in: state.span)
    for slot in 0..<layout.lotsPerAsset {
      let lot = lot(asset, slot, in: state.span)
      state[row: layout.lot(asset, slot) + 1] = lot.unitBasis.replacing(
        with: average.of(lot.security), where: lanes)
    }
  }
}
