public import Algebra

/// What is held of an asset, per lane.
public struct TaxHolding<L: Lanes>: Sendable {
  /// Units of both securities together.
  public var units: L
  /// Value in currency.
  public var value: L
  /// Value less basis.
  public var unrealizedGain: L
  /// The sum of the losses of lots below their basis, positive.
  public var harvestableLoss: L
}

/// What an asset's holding periods and wash-sale windows mean for the next trade, per lane.
public struct TaxExposure<L: Lanes>: Sendable {
  /// Days until the next short-term lot is long-term; 0 where there is none.
  public var daysUntilLong: L
  /// Share of the units held that were bought within 30 days and would wash a loss sale now.
  public var recentShare: L
  /// Days, today included, on which a loss sale would be washed by purchases so far; 0 for none.
  public var recentDays: L
  /// Units sold at a loss that a purchase now would wash, as a share of the units held (of 1 unit
  /// where none is).
  public var openShare: L
  /// Days, today included, on which a purchase would wash an earlier loss; 0 for none.
  public var openDays: L
}

extension LotBook {
  /// Sums up an asset's lots at given prices, at the cost of a look at units and basis alone.
  public func holding(
    _ asset: Int, at prices: SecurityPrices<L>, in state: Span<L>
  ) -> TaxHolding<L> {
    check(asset, state.count)
    let zero = L(repeating: 0)
    var sum = TaxHolding(
      units: zero, value: zero, unrealizedGain: zero, harvestableLoss: zero)
    for slot in 0..<layout.lotsPerAsset {
      let lot = lot(asset, slot, in: state)
      let price = price(prices, of: lot)
      let gain = lot.units * (price - lot.unitBasis)
      sum.units = sum.units + lot.units
      sum.value = sum.value + lot.units * price
      sum.unrealizedGain = sum.unrealizedGain + gain
      sum.harvestableLoss = sum.harvestableLoss + L.larger(zero - gain, zero)
    }
    return sum
  }

  /// Describes an asset's holding periods and wash-sale windows.
  public func exposure(
    _ asset: Int, on day: TradingDay<L>, longTerm: LongTermTable, in state: Span<L>
  ) -> TaxExposure<L> {
    check(asset, state.count)
    let zero = L(repeating: 0)
    var view = TaxExposure(
      daysUntilLong: zero, recentShare: zero, recentDays: zero, openShare: zero, openDays: zero)
    var units = zero
    var earliestShort = L(repeating: .infinity)
    let begin = windowBegin(day.day)
    for slot in 0..<layout.lotsPerAsset {
      let lot = lot(asset, slot, in: state)
      units = units + lot.units
      let isShort = (zero .< lot.units) .& (day.longSince .< lot.heldFrom)
      earliestShort = earliestShort.replacing(
        with: L.smaller(earliestShort, lot.heldFrom), where: isShort)
      let open = (lot.units - lot.replaced).masked(begin .<= lot.acquired)
      view.recentShare = view.recentShare + open
      view.recentDays = L.larger(
        view.recentDays, (lot.acquired - begin).plusOne.masked(zero .< open))
    }
    addOpenLossSales(asset, begin, to: &view, in: state)
    let divisor = L(repeating: 1).replacing(with: units, where: zero .< units)
    view.recentShare = view.recentShare / divisor
    view.openShare = view.openShare / divisor
    view.daysUntilLong = daysUntilLong(earliestShort, day, longTerm)
    return view
  }

  private func addOpenLossSales(
    _ asset: Int, _ begin: L, to view: inout TaxExposure<L>, in state: Span<L>
  ) {
    let inUse = securityInUse(asset, in: state)
    for slot in 0..<layout.lossSalesPerAsset {
      let sale = lossSale(asset, slot, in: state)
      let isOpen =
        (L(repeating: 0) .< sale.units) .& (begin .<= sale.day)
        .& L.equal(sale.security, inUse)
      view.openShare = view.openShare + sale.units.masked(isOpen)
      view.openDays = L.larger(view.openDays, (sale.day - begin).plusOne.masked(isOpen))
    }
  }

  /// Looked up lane by lane, only where there is a short-term lot.
  private func daysUntilLong(
    _ heldFrom: L, _ day: TradingDay<L>, _ longTerm: LongTermTable
  ) -> L {
    var days = L(repeating: 0)
    for lane in 0..<L.laneCount where heldFrom[lane: lane] < .infinity {
      let first = longTerm.firstLongTermDay(boughtOn: Double(heldFrom[lane: lane]))
      days[lane: lane] = L.Scalar(first) - day.day[lane: lane]
    }
    return days
  }

  /// Value, and the gains that selling everything would realise.
  ///
  /// Nothing is disallowed, because nothing is held any more that could be a replacement.
  /// - Parameter prices: per asset, net of the cost of selling where that is to count.
  public func liquidation(
    at prices: [SecurityPrices<L>], on day: TradingDay<L>, in state: Span<L>
  ) -> (value: L, gains: RealizedGains<L>) {
    precondition(prices.count == layout.assets, "\(prices.count) prices, \(layout.assets) assets")
    var value = L(repeating: 0)
    var gains = RealizedGains<L>.none
    for asset in 0..<layout.assets {
      let part = liquidation(asset, at: prices[asset], on: day, in: state)
      value = value + part.value
      gains = gains + part.gains
    }
    return (value, gains)
  }

  /// The same of one asset.
  public func liquidation(
    _ asset: Int, at prices: SecurityPrices<L>, on day: TradingDay<L>, in state: Span<L>
  ) -> (value: L, gains: RealizedGains<L>) {
    check(asset, state.count)
    var value = L(repeating: 0)
    var gains = RealizedGains<L>.none
    for slot in 0..<layout.lotsPerAsset {
      let lot = lot(asset, slot, in: state)
      let price = price(prices, of: lot)
      value = value + lot.units * price
      gains.add(lot.units * (price - lot.unitBasis), isLong: lot.heldFrom .<= day.longSince)
    }
    return (value, gains)
  }
}

extension Lanes {
  @inline(__always) fileprivate var plusOne: Self { self + Self(repeating: 1) }
}
