public import Algebra

extension LotBook {
  /// Buys units of the security in use.
  ///
  /// A purchase replaces units sold at a loss within 30 days before, in order of sale: their loss is
  /// disallowed now and becomes basis of the units bought, which count as held for the sold lot's days
  /// besides.
  ///
  /// - Parameters:
  ///   - units: units to buy, where 0 or less none.
  ///   - unitCost: price per unit with all fees.
  /// - Returns: the disallowed losses as gains, because their credit is taken back.
  public func buy(
    _ asset: Int, units: L, unitCost: L, on day: TradingDay<L>, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) -> RealizedGains<L> {
    check(asset, state.count)
    let zero = L(repeating: 0)
    let buying = lanes .& (zero .< units)
    guard buying.isAnyTrue else { return .none }
    var lot = LotSlot(
      units: units.masked(buying), unitBasis: unitCost, acquired: day.day, heldFrom: day.day,
      replaced: zero, security: number(.securityInUse, of: asset, in: state.span))
    let gains = replaceLossSales(asset, with: &lot, on: day, in: &state)
    let rest = zero .< lot.units
    if rest.isAnyTrue { append(lot, asset, on: day, where: rest, in: &state) }
    return gains
  }

  /// Uses units of a purchase as replacements, and leaves the rest in `lot`.
  private func replaceLossSales(
    _ asset: Int, with lot: inout LotSlot<L>, on day: TradingDay<L>,
    in state: inout MutableSpan<L>
  ) -> RealizedGains<L> {
    var gains = RealizedGains<L>.none
    let dust = lot.units * L(repeating: Self.dust)
    for slot in (0..<layout.lossSalesPerAsset).reversed() {
      var sale = lossSale(asset, slot, in: state.span)
      let counts = (windowBegin(day.day) .<= sale.day) .& L.equal(sale.security, lot.security)
      let matched = L.smaller(sale.units, lot.units).masked(counts)
      let isMatched = dust .< matched
      guard isMatched.isAnyTrue else { continue }
      gains.disallow(
        (matched * sale.unitLoss).masked(isMatched), isLong: L(repeating: 0) .< sale.isLong)
      let part = LotSlot(
        units: matched, unitBasis: lot.unitBasis + sale.unitLoss, acquired: lot.acquired,
        heldFrom: lot.acquired - sale.daysHeld, replaced: matched, security: lot.security)
      append(part, asset, on: day, where: isMatched, in: &state)
      lot.units = lot.units.less(matched, dust: dust, where: isMatched)
      sale.units = sale.units.less(matched, dust: dust, where: isMatched)
      store(sale, asset, slot, in: &state)
    }
    return gains
  }

  /// A share of units that is rounding and no units.
  static var dust: L.Scalar { 1e-12 }
}

extension Lanes {
  /// The difference, 0 where no more than dust is left.
  @inline(__always) func less(_ other: Self, dust: Self, where mask: Mask) -> Self {
    let rest = self - other
    return replacing(with: rest.masked(dust .< rest), where: mask)
  }
}
