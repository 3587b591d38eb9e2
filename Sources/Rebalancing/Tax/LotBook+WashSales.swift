import Algebra

/// What becomes of the units that every lot's `sold` names.
extension LotBook {
  /// Takes the sold units out of the lots, realises gains and losses, and disallows losses.
  func settle(
    _ asset: Int, at prices: SecurityPrices<L>, on day: TradingDay<L>,
    in state: inout MutableSpan<L>
  ) -> RealizedGains<L> {
    let zero = L(repeating: 0)
    var gains = RealizedGains<L>.none
    var lost = L.Mask(repeating: false)
    for slot in 0..<layout.lotsPerAsset {
      var lot = lot(asset, slot, in: state.span)
      guard (zero .< lot.sold).isAnyTrue else { continue }
      let gain = lot.sold * (prices.of(lot.security) - lot.unitBasis)
      gains.add(gain, isLong: lot.heldFrom .<= day.longSince)
      lot.units = lot.units - lot.sold
      // Of a merged lot the units that have replaced nothing go first.
      lot.replaced = L.smaller(lot.replaced, lot.units)
      let isLoss = gain .< zero
      lot.sold = lot.sold.masked(isLoss)
      store(lot, asset, slot, in: &state)
      lost = lost .| isLoss
    }
    guard lost.isAnyTrue else { return gains }
    return gains + disallow(asset, at: prices, on: day, in: &state)
  }

  /// Matches what was sold at a loss with purchases before, in order of acquisition.
  private func disallow(
    _ asset: Int, at prices: SecurityPrices<L>, on day: TradingDay<L>,
    in state: inout MutableSpan<L>
  ) -> RealizedGains<L> {
    var gains = RealizedGains<L>.none
    for slot in (0..<layout.lotsPerAsset).reversed() {
      let sold = layout.lot(asset, slot) + 5
      // A split may move a lot that awaits its turn to this slot.
      while (L(repeating: 0) .< state[sold]).isAnyTrue {
        var sale = lossSale(of: lot(asset, slot, in: state.span), at: prices, on: day)
        state[sold] = L(repeating: 0)
        guard washWindow != nil else { continue }
        match(asset, slot, &sale, on: day, into: &gains, in: &state)
        record(sale, asset, in: &state)
      }
    }
    return gains
  }

  private func lossSale(
    of lot: LotSlot<L>, at prices: SecurityPrices<L>, on day: TradingDay<L>
  ) -> LossSale<L> {
    LossSale(
      day: day.day, units: lot.sold, unitLoss: lot.unitBasis - prices.of(lot.security),
      daysHeld: day.day - lot.heldFrom,
      isLong: L(repeating: 1).masked(lot.heldFrom .<= day.longSince), security: lot.security)
  }

  /// Matches a loss sale with the other lots in order of purchase, and leaves in it what remains.
  private func match(
    _ asset: Int, _ soldSlot: Int, _ sale: inout LossSale<L>, on day: TradingDay<L>,
    into gains: inout RealizedGains<L>, in state: inout MutableSpan<L>
  ) {
    let begin = windowBegin(day.day)
    let dust = sale.units * L(repeating: Self.dust)
    for slot in (0..<layout.lotsPerAsset).reversed() where slot != soldSlot {
      let at = layout.lot(asset, slot)
      let isRecent = begin .<= state[at + 2]
      guard isRecent.isAnyTrue else { continue }
      var available = (state[at] - state[at + 4]).masked(isRecent)
      if layout.hasSubstitutes {
        available = available.masked(L.equal(state[at + 6], sale.security))
      }
      let matched = L.smaller(sale.units, available)
      let isMatched = dust .< matched
      guard isMatched.isAnyTrue else { continue }
      gains.disallow(
        (matched * sale.unitLoss).masked(isMatched), isLong: L(repeating: 0) .< sale.isLong)
      replace(asset, slot, matched, sale, where: isMatched, in: &state)
      sale.units = sale.units.less(matched, dust: dust, where: isMatched)
    }
  }

  /// Makes units of a lot replacements: they take over the loss as basis, and the days held.
  private func replace(
    _ asset: Int, _ slot: Int, _ units: L, _ sale: LossSale<L>, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    var lot = lot(asset, slot, in: state.span)
    let rest = lot.units - units
    let isWhole = lanes .& (rest .<= lot.units * L(repeating: Self.dust))
    var part = lot
    part.unitBasis = lot.unitBasis + sale.unitLoss
    part.heldFrom = lot.acquired - sale.daysHeld
    part.replaced = lot.units
    store(lot.replacing(with: part, where: isWhole), asset, slot, in: &state)
    let isSplit = lanes .& (.!isWhole)
    guard isSplit.isAnyTrue else { return }
    part.units = units
    part.replaced = units
    part.sold = L(repeating: 0)
    lot.units = rest
    split(asset, slot, part, rest: lot, where: isSplit, in: &state)
  }

  /// Replaces a lot by two of the same purchase, `part` the older; by their average where there is no
  /// empty slot.
  private func split(
    _ asset: Int, _ slot: Int, _ part: LotSlot<L>, rest: LotSlot<L>, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    let upwards = lanes .& hasRoom(asset, slot + 1..<layout.lotsPerAsset, in: state.span)
    let others = lanes .& (.!upwards)
    let downwards = others .& hasRoom(asset, 0..<slot, in: state.span)
    let neither = others .& (.!downwards)
    var here = lot(asset, slot, in: state.span)
    here = here.replacing(with: rest, where: upwards).replacing(with: part, where: downwards)
    if neither.isAnyTrue {
      here = here.replacing(with: rest.merged(with: part), where: neither)
      countMerge(asset, where: neither, in: &state)
    }
    store(here, asset, slot, in: &state)
    insert(part, asset, at: slot + 1, moving: .older, where: upwards, in: &state)
    insert(rest, asset, at: slot - 1, moving: .newer, where: downwards, in: &state)
  }

  /// Remembers what later purchases may replace.
  private func record(_ sale: LossSale<L>, _ asset: Int, in state: inout MutableSpan<L>) {
    let zero = L(repeating: 0)
    var moving = zero .< sale.units
    guard moving.isAnyTrue else { return }
    let begin = windowBegin(sale.day)
    var full = moving
    for slot in 0..<layout.lossSalesPerAsset {
      let other = lossSale(asset, slot, in: state.span)
      full = full .& (zero .< other.units) .& (begin .<= other.day)
    }
    if full.isAnyTrue { mergeOldestLossSales(asset, where: full, in: &state) }
    var carried = sale
    for slot in 0..<layout.lossSalesPerAsset where moving.isAnyTrue {
      let here = lossSale(asset, slot, in: state.span)
      store(here.replacing(with: carried, where: moving), asset, slot, in: &state)
      moving = moving .& (zero .< here.units) .& (begin .<= here.day)
      carried = here
    }
  }

  /// Makes the two oldest loss sales one; of different securities the oldest is forgotten.
  private func mergeOldestLossSales(
    _ asset: Int, where lanes: L.Mask, in state: inout MutableSpan<L>
  ) {
    let last = layout.lossSalesPerAsset - 1
    var oldest = lossSale(asset, last, in: state.span)
    let next = lossSale(asset, last - 1, in: state.span)
    let isSame = lanes .& L.equal(oldest.security, next.security)
    store(
      next.replacing(with: next.merged(with: oldest), where: isSame), asset, last - 1, in: &state)
    oldest.units = oldest.units.replacing(with: L(repeating: 0), where: lanes)
    store(oldest, asset, last, in: &state)
    countMerge(asset, where: lanes, in: &state)
  }
}
