import Algebra

/// Slots: finding room, moving lots aside, merging.
extension LotBook {
  /// A direction to move lots in.
  enum Direction: Int {
    case newer = -1
    case older = 1
  }

  /// Lanes that have an empty slot among some.
  func hasRoom(_ asset: Int, _ slots: Range<Int>, in state: Span<L>) -> L.Mask {
    let zero = L(repeating: 0)
    var isFull = L.Mask(repeating: true)
    for slot in slots {
      let at = layout.lot(asset, slot)
      isFull = isFull .& (zero .< state[at] + state[at + 5])
    }
    return .!isFull
  }

  /// Puts a lot at a slot; what is there moves one slot on, and so forth up to the next empty one.
  ///
  /// The lanes must have an empty slot from there on.
  func insert(
    _ lot: LotSlot<L>, _ asset: Int, at slot: Int, moving direction: Direction,
    where lanes: L.Mask, in state: inout MutableSpan<L>
  ) {
    var carried = lot
    var moving = lanes
    var slot = slot
    while moving.isAnyTrue, slot >= 0, slot < layout.lotsPerAsset {
      let here = self.lot(asset, slot, in: state.span)
      store(here.replacing(with: carried, where: moving), asset, slot, in: &state)
      moving = moving .& here.isUsed
      carried = here
      slot += direction.rawValue
    }
  }

  /// Adds a purchase as the newest lot, after merging two others where the asset's slots are full.
  ///
  /// What is bought twice on a day in one security, and washes nothing, is one lot.
  func append(
    _ lot: LotSlot<L>, _ asset: Int, on day: TradingDay<L>, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    let newest = self.lot(asset, 0, in: state.span)
    let zero = L(repeating: 0)
    let isSame =
      lanes .& (zero .< newest.units) .& L.equal(newest.acquired, lot.acquired)
      .& L.equal(newest.heldFrom, lot.heldFrom) .& L.equal(newest.security, lot.security)
      .& (newest.replaced + lot.replaced .<= zero)
    if isSame.isAnyTrue {
      store(
        newest.replacing(with: newest.merged(with: lot), where: isSame), asset, 0, in: &state)
    }
    let others = lanes .& (.!isSame)
    guard others.isAnyTrue else { return }
    let full = others .& (.!hasRoom(asset, 0..<layout.lotsPerAsset, in: state.span))
    if full.isAnyTrue { mergeClosest(asset, on: day, where: full, in: &state) }
    insert(lot, asset, at: 0, moving: .older, where: others, in: &state)
  }

  /// Merges the two closest lots of lanes that have no empty slot.
  private func mergeClosest(
    _ asset: Int, on day: TradingDay<L>, where lanes: L.Mask, in state: inout MutableSpan<L>
  ) {
    var least = L(repeating: .infinity)
    var choice = L(repeating: -1)
    // Two securities may alternate; then every second lot is of the same one.
    let gaps = layout.hasSubstitutes ? 1...2 : 1...1
    for gap in gaps {
      for slot in 0..<layout.lotsPerAsset - gap {
        let distance = distance(
          lot(asset, slot, in: state.span), lot(asset, slot + gap, in: state.span), day)
        let isLess = distance .< least
        least = least.replacing(with: distance, where: isLess)
        choice = choice.replacing(
          with: L(repeating: Double(gap * layout.lotsPerAsset + slot)), where: isLess)
      }
    }
    for gap in gaps {
      for slot in 0..<layout.lotsPerAsset - gap {
        let number = L(repeating: Double(gap * layout.lotsPerAsset + slot))
        let chosen = lanes .& L.equal(choice, number)
        if chosen.isAnyTrue { merge(asset, slot, into: slot + gap, where: chosen, in: &state) }
      }
    }
    countMerge(asset, where: lanes, in: &state)
  }

  /// Adds a lot to an older one, and empties its slot.
  private func merge(
    _ asset: Int, _ slot: Int, into older: Int, where lanes: L.Mask,
    in state: inout MutableSpan<L>
  ) {
    var emptied = lot(asset, slot, in: state.span)
    let kept = lot(asset, older, in: state.span)
    store(kept.replacing(with: kept.merged(with: emptied), where: lanes), asset, older, in: &state)
    let zero = L(repeating: 0)
    emptied.units = emptied.units.replacing(with: zero, where: lanes)
    emptied.replaced = emptied.replaced.replacing(with: zero, where: lanes)
    store(emptied, asset, slot, in: &state)
  }

  /// How much is lost by merging two lots: units × (difference of basis per unit + basis × quarter
  /// years between holding dates while short-term), beyond all others where term or security differ.
  @inline(__always)
  private func distance(_ a: LotSlot<L>, _ b: LotSlot<L>, _ day: TradingDay<L>) -> L {
    // Among long-term lots the dates do not matter.
    let aFrom = L.larger(a.heldFrom, day.longSince)
    let bFrom = L.larger(b.heldFrom, day.longSince)
    let years = (aFrom - bFrom).absolute * L(repeating: 1 / (4 * 365.2425))
    let basis = L.larger(a.unitBasis, b.unitBasis)
    let distance = (a.unitBasis - b.unitBasis).absolute + basis * years
    let aIsLong = a.heldFrom .<= day.longSince
    let bIsLong = b.heldFrom .<= day.longSince
    let differ = (aIsLong .& (.!bIsLong)) .| (bIsLong .& (.!aIsLong))
    let isOther = .!L.equal(a.security, b.security)
    let far = (distance + basis) * L(repeating: 1e6)
    let farther = (distance + basis) * L(repeating: 1e12)
    return L.smaller(a.units, b.units)
      * distance.replacing(with: far, where: differ).replacing(with: farther, where: isOther)
  }
}
