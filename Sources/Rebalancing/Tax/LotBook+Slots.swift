import Algebra

/// Slots: adding a purchase, and making room for it.
extension LotBook {
  /// Adds a purchase as the newest lot, merging two others where the asset's slots are full.
  ///
  /// What is bought twice on a day in one security, and washes nothing, is one lot.
  func append(
    _ lot: LotSlot<L>, _ asset: Int, on day: TradingDay<L>, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    let zero = L(repeating: 0)
    let newest = self.lot(asset, 0, in: state.span)
    let isSame =
      lanes .& (zero .< newest.units) .& L.equal(newest.acquired, lot.acquired)
      .& L.equal(newest.heldFrom, lot.heldFrom) .& L.equal(newest.security, lot.security)
      .& (newest.replaced + lot.replaced .<= zero)
    var others = lanes
    if isSame.isAnyTrue {
      store(
        newest.replacing(with: newest.merged(with: lot), where: isSame), asset, 0, in: &state)
      others.restrict(to: .!isSame)
      guard others.isAnyTrue else { return }
    }
    var choice = L(repeating: -1)
    let full = fullLanes(asset, where: others, in: state.span)
    if full.isAnyTrue {
      choice = closestNeighbours(asset, on: day, in: state.span).replacing(
        with: choice, where: .!full)
      countMerge(asset, where: full, in: &state)
      let alternating = full .& (choice .< zero)
      if alternating.isAnyTrue { mergeAlternating(asset, on: day, where: alternating, in: &state) }
    }
    push(lot, asset, merging: choice, where: others, in: &state)
  }

  /// Lanes without an empty slot.
  private func fullLanes(_ asset: Int, where lanes: L.Mask, in state: Span<L>) -> L.Mask {
    var full = lanes
    for slot in 0..<layout.lotsPerAsset {
      full.restrict(to: L(repeating: 0) .< state[row: layout.lot(asset, slot)])
    }
    return full
  }

  /// Puts a lot at slot 0; what is there moves one slot on, and so forth up to the next empty slot, or
  /// to the lot that is merged into the one in the next slot.
  private func push(
    _ lot: LotSlot<L>, _ asset: Int, merging choice: L, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    var carried = lot
    var moving = lanes
    for slot in 0..<layout.lotsPerAsset where moving.isAnyTrue {
      let here = self.lot(asset, slot, in: state.span)
      var result = here.replacing(with: carried, where: moving)
      moving.restrict(to: L(repeating: 0) .< here.units)
      let ends = moving .& L.equal(choice, L(repeating: L.Scalar(slot - 1)))
      if ends.isAnyTrue, slot > 0 {
        result = result.replacing(with: here.merged(with: carried), where: ends)
        moving.restrict(to: .!ends)
      }
      store(result, asset, slot, in: &state)
      carried = here
    }
  }

  /// The newer slot of the two closest neighbours; -1 where no neighbours are of one security.
  private func closestNeighbours(
    _ asset: Int, on day: TradingDay<L>, in state: Span<L>
  ) -> L {
    var least = L(repeating: .infinity)
    var choice = L(repeating: -1)
    var newer = lot(asset, 0, in: state)
    for slot in 1..<layout.lotsPerAsset {
      let older = lot(asset, slot, in: state)
      let distance = distance(newer, older, day)
      let isLess = distance .< least
      least = least.replacing(with: distance, where: isLess)
      choice = choice.replacing(with: L(repeating: L.Scalar(slot - 1)), where: isLess)
      newer = older
    }
    return choice
  }

  /// What is lost by merging two lots: units × (difference of basis per unit + basis × quarter years
  /// between holding dates while short-term), beyond all others where the terms differ.
  @inline(__always)
  private func distance(_ a: LotSlot<L>, _ b: LotSlot<L>, _ day: TradingDay<L>) -> L {
    let days = (holdingDate(a, day) - holdingDate(b, day)).absolute
    let years = days * L(repeating: 1 / (4 * 365.2425))
    let distance =
      L.smaller(a.units, b.units)
      * ((a.unitBasis - b.unitBasis).absolute + b.unitBasis * years)
    guard layout.hasSubstitutes else { return distance }
    return distance.replacing(
      with: L(repeating: .infinity), where: .!L.equal(a.security, b.security))
  }

  /// The date that holdings are compared by: one and the same, long ago, for all that is long-term.
  @inline(__always)
  private func holdingDate(_ lot: LotSlot<L>, _ day: TradingDay<L>) -> L {
    lot.heldFrom.replacing(with: L(repeating: -1e9), where: lot.heldFrom .<= day.longSince)
  }

  /// Merges the two closest of every second lot, where two securities alternate.
  private func mergeAlternating(
    _ asset: Int, on day: TradingDay<L>, where lanes: L.Mask, in state: inout MutableSpan<L>
  ) {
    var least = L(repeating: .infinity)
    var choice = L(repeating: -1)
    for slot in 0..<layout.lotsPerAsset - 2 {
      let distance = distance(
        lot(asset, slot, in: state.span), lot(asset, slot + 2, in: state.span), day)
      let isLess = distance .< least
      least = least.replacing(with: distance, where: isLess)
      choice = choice.replacing(with: L(repeating: L.Scalar(slot)), where: isLess)
    }
    for slot in 0..<layout.lotsPerAsset - 2 {
      let chosen = lanes .& L.equal(choice, L(repeating: L.Scalar(slot)))
      guard chosen.isAnyTrue else { continue }
      var newer = lot(asset, slot, in: state.span)
      let older = lot(asset, slot + 2, in: state.span)
      store(
        older.replacing(with: older.merged(with: newer), where: chosen), asset, slot + 2, in: &state
      )
      newer.units = newer.units.masked(.!chosen)
      newer.replaced = newer.replaced.masked(.!chosen)
      store(newer, asset, slot, in: &state)
    }
  }
}
