import Algebra

/// What becomes of the units that the scratch row `sold` names.
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
      let sold = state[row: layout.scratch(.sold, slot)]
      guard (zero .< sold).isAnyTrue else { continue }
      let lot = lot(asset, slot, in: state.span)
      let unitGain = price(prices, of: lot) - lot.unitBasis
      gains.add(sold * unitGain, isLong: lot.heldFrom .<= day.longSince)
      let units = lot.units - sold
      state[row: layout.lot(asset, slot)] = units
      // Of a merged lot the units that have replaced nothing go first.
      state[row: layout.lot(asset, slot) + 4] = L.smaller(lot.replaced, units)
      // What rounding leaves of a sale at cost is no loss.
      let isLoss = (zero .< sold) .& (unitGain .< lot.unitBasis * L(repeating: -Self.dust))
      lost.extend(by: isLoss)
      // Replacing changes lots that are sold in part themselves: what is sold is put aside.
      state[row: layout.scratch(.sold, slot)] = sold.masked(isLoss)
      state[row: layout.scratch(.unitLoss, slot)] = zero - unitGain
      state[row: layout.scratch(.acquired, slot)] = lot.acquired
      state[row: layout.scratch(.heldFrom, slot)] = lot.heldFrom
      if layout.hasSubstitutes { state[row: layout.scratch(.soldSecurity, slot)] = lot.security }
    }
    if lost.isAnyTrue, washWindow != nil {
      disallow(asset, on: day, into: &gains, in: &state)
    }
    return gains
  }

  /// The price of a lot's security.
  @inline(__always) func price(_ prices: SecurityPrices<L>, of lot: LotSlot<L>) -> L {
    layout.hasSubstitutes ? prices.of(lot.security) : prices.asset
  }

  /// Matches what was sold at a loss with purchases before, in order of acquisition.
  private func disallow(
    _ asset: Int, on day: TradingDay<L>, into gains: inout RealizedGains<L>,
    in state: inout MutableSpan<L>
  ) {
    while true {
      var (sale, acquired) = takeOldestLoss(on: day, in: &state)
      guard (L(repeating: 0) .< sale.units).isAnyTrue else { return }
      match(asset, &sale, acquired: acquired, into: &gains, in: &state)
      record(sale, asset, in: &state)
    }
  }

  /// The oldest loss that is not yet dealt with, and the day of purchase of what was sold; no units
  /// where there is none.
  ///
  /// Each lane takes its own, so that lanes with few losses do not wait for the others.
  private func takeOldestLoss(
    on day: TradingDay<L>, in state: inout MutableSpan<L>
  ) -> (LossSale<L>, acquired: L) {
    let zero = L(repeating: 0)
    var sale = LossSale(
      day: day.day, units: zero, unitLoss: zero, daysHeld: zero, isLong: zero, security: zero)
    var (acquired, heldFrom) = (zero, zero)
    for slot in (0..<layout.lotsPerAsset).reversed() {
      let sold = state[row: layout.scratch(.sold, slot)]
      let isNext = (zero .< sold) .& (sale.units .<= zero)
      guard isNext.isAnyTrue else { continue }
      func take(_ value: inout L, _ row: LotLayout.Scratch) {
        value = value.replacing(with: state[row: layout.scratch(row, slot)], where: isNext)
      }
      take(&sale.units, .sold)
      take(&sale.unitLoss, .unitLoss)
      take(&acquired, .acquired)
      take(&heldFrom, .heldFrom)
      if layout.hasSubstitutes { take(&sale.security, .soldSecurity) }
      state[row: layout.scratch(.sold, slot)] = sold.masked(.!isNext)
    }
    sale.daysHeld = day.day - heldFrom
    sale.isLong = L(repeating: 1).masked(heldFrom .<= day.longSince)
    return (sale, acquired)
  }

  /// Matches a loss sale with lots bought on other days, in order of purchase, and leaves in it what
  /// remains.
  private func match(
    _ asset: Int, _ sale: inout LossSale<L>, acquired soldAcquired: L,
    into gains: inout RealizedGains<L>, in state: inout MutableSpan<L>
  ) {
    let begin = windowBegin(sale.day)
    let share = L(repeating: Self.dust)
    let dust = sale.units * share
    var split = Split(units: L(repeating: 0), slot: L(repeating: -1))
    var disallowed = L(repeating: 0)
    for slot in (0..<layout.lotsPerAsset).reversed() {
      let at = layout.lot(asset, slot)
      let acquired = state[row: at + 2]
      let units = state[row: at]
      var counts = (begin .<= acquired) .& (.!L.equal(soldAcquired, acquired))
      if layout.hasSubstitutes { counts.restrict(to: L.equal(state[row: at + 5], sale.security)) }
      let available = units - state[row: at + 4]
      let matched = L.smaller(sale.units, available)
      let isMatched = counts .& (dust .< matched)
      guard isMatched.isAnyTrue else { continue }
      disallowed = disallowed + matched.masked(isMatched)
      sale.units = sale.units.less(matched, dust: dust, where: isMatched)
      let isFilled = isMatched .& (available - matched .<= units * share)
      if isFilled.isAnyTrue {
        fill(asset, slot, with: matched, sale, where: isFilled, in: &state)
      }
      let isSplit = isMatched .& (.!isFilled)
      split.units = split.units.replacing(with: matched, where: isSplit)
      split.slot = split.slot.replacing(with: L(repeating: L.Scalar(slot)), where: isSplit)
    }
    gains.disallow(disallowed * sale.unitLoss, isLong: L(repeating: 0) .< sale.isLong)
    if (L(repeating: 0) .< split.units).isAnyTrue { self.split(asset, split, sale, in: &state) }
  }

  /// Makes all that is left of a lot replacements. Of a merged lot this may be a part, and then the lot
  /// takes the average.
  @inline(__always)
  private func fill(
    _ asset: Int, _ slot: Int, with units: L, _ sale: LossSale<L>, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    let at = layout.lot(asset, slot)
    let lot = lot(asset, slot, in: state.span)
    let share = units / lot.units
    let heldFrom = lot.heldFrom + (lot.acquired - sale.daysHeld - lot.heldFrom) * share
    state[row: at + 1] = lot.unitBasis.replacing(
      with: lot.unitBasis + sale.unitLoss * share, where: lanes)
    raiseHighestBasis(asset, to: state[row: at + 1].masked(lanes), in: &state)
    state[row: at + 3] = lot.heldFrom.replacing(with: heldFrom.roundedToWhole, where: lanes)
    state[row: at + 4] = lot.replaced.replacing(with: lot.units, where: lanes)
  }

  /// Units of a lot to be parted from it, in each lane where the slot is not -1.
  struct Split {
    var units: L
    var slot: L
  }

  /// Parts the replacements, the older lot, from the rest of a purchase; the two stay one lot of
  /// average basis where there is no empty slot.
  private func split(
    _ asset: Int, _ split: Split, _ sale: LossSale<L>, in state: inout MutableSpan<L>
  ) {
    var (older, newer) = (L.Mask(repeating: false), L.Mask(repeating: false))
    for slot in 0..<layout.lotsPerAsset {
      let at = layout.lot(asset, slot)
      let isEmpty = state[row: at] .<= L(repeating: 0)
      let number = L(repeating: L.Scalar(slot))
      older.extend(by: isEmpty .& (split.slot .< number))
      newer.extend(by: isEmpty .& (number .< split.slot))
    }
    let lanes = L(repeating: 0) .< split.units
    let up = lanes .& older
    let down = lanes .& newer .& (.!older)
    let neither = lanes .& (.!(older .| newer))
    if up.isAnyTrue { insert(asset, split, sale, towardsOlder: true, where: up, in: &state) }
    if down.isAnyTrue { insert(asset, split, sale, towardsOlder: false, where: down, in: &state) }
    if neither.isAnyTrue { average(asset, split, sale, where: neither, in: &state) }
  }

  /// A lot's units that are replacements now, and the rest.
  @inline(__always)
  private func parts(
    of lot: LotSlot<L>, _ split: Split, _ sale: LossSale<L>
  ) -> (part: LotSlot<L>, rest: LotSlot<L>) {
    var (part, rest) = (lot, lot)
    part.units = split.units
    part.unitBasis = lot.unitBasis + sale.unitLoss
    part.heldFrom = lot.acquired - sale.daysHeld
    part.replaced = split.units
    rest.units = lot.units - split.units
    return (part, rest)
  }

  /// Splits lots, moving what stands beside them one slot on, up to the next empty one.
  private func insert(
    _ asset: Int, _ split: Split, _ sale: LossSale<L>, towardsOlder: Bool, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    var moving = L.Mask(repeating: false)
    var carried = lot(asset, 0, in: state.span)
    let last = layout.lotsPerAsset - 1
    for index in 0...last {
      let slot = towardsOlder ? index : last - index
      let here = lot(asset, slot, in: state.span)
      let isHere = lanes .& L.equal(split.slot, L(repeating: L.Scalar(slot)))
      guard (moving .| isHere).isAnyTrue else { continue }
      let (part, rest) = parts(of: here, split, sale)
      let stays = towardsOlder ? rest : part
      let result = here.replacing(with: carried, where: moving).replacing(
        with: stays, where: isHere)
      store(result, asset, slot, in: &state)
      carried = here.replacing(with: towardsOlder ? part : rest, where: isHere)
      moving.restrict(to: L(repeating: 0) .< here.units)
      moving.extend(by: isHere)
    }
  }

  /// Leaves both parts one lot.
  private func average(
    _ asset: Int, _ split: Split, _ sale: LossSale<L>, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    for slot in 0..<layout.lotsPerAsset {
      let isHere = lanes .& L.equal(split.slot, L(repeating: L.Scalar(slot)))
      guard isHere.isAnyTrue else { continue }
      let here = lot(asset, slot, in: state.span)
      let (part, rest) = parts(of: here, split, sale)
      store(here.replacing(with: rest.merged(with: part), where: isHere), asset, slot, in: &state)
    }
    countMerge(asset, where: lanes, in: &state)
  }
}
