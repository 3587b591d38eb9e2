import Algebra

/// Loss sales that a later purchase may still wash.
extension LotBook {
  /// Remembers a loss sale as the newest.
  func record(_ sale: LossSale<L>, _ asset: Int, in state: inout MutableSpan<L>) {
    let zero = L(repeating: 0)
    var moving = zero .< sale.units
    guard moving.isAnyTrue else { return }
    let begin = windowBegin(sale.day)
    var full = moving
    for slot in 0..<layout.lossSalesPerAsset {
      let at = layout.lossSale(asset, slot)
      full.restrict(to: (zero .< state[row: at + 1]) .& (begin .<= state[row: at]))
    }
    if full.isAnyTrue { mergeOldestLossSales(asset, where: full, in: &state) }
    var carried = sale
    for slot in 0..<layout.lossSalesPerAsset where moving.isAnyTrue {
      let here = lossSale(asset, slot, in: state.span)
      store(here.replacing(with: carried, where: moving), asset, slot, in: &state)
      moving.restrict(to: (zero .< here.units) .& (begin .<= here.day))
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
    oldest.units = oldest.units.masked(.!lanes)
    store(oldest, asset, last, in: &state)
    countMerge(asset, where: lanes, in: &state)
  }
}
