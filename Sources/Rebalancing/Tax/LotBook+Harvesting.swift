public import Algebra

/// When losses are harvested: sold at a loss and replaced by a similar security.
public struct HarvestingRule: Sendable, Hashable, Codable {
  /// What a harvest must save in tax beyond the cost of both trades, as a fraction of the amount sold.
  public var minimumBenefit: Double
  /// Days before a security that was switched to is left again, more than the wash-sale window.
  public var holdDays: Int
  /// What purchases go to afterwards.
  public var returning: Return

  /// What happens after `holdDays`.
  public enum Return: String, Sendable, Hashable, CaseIterable, Codable {
    /// Purchases stay with the substitute until its losses are harvested in turn.
    case stay
    /// Purchases return to the asset; lots of the substitute are sold by the order of sale, so that
    /// coming back costs no trade of its own.
    case comeBack = "come_back"
  }

  public init(minimumBenefit: Double = 0, holdDays: Int = 31, returning: Return = .stay) {
    self.minimumBenefit = minimumBenefit
    self.holdDays = holdDays
    self.returning = returning
  }
}

/// What a harvest traded, in currency per lane.
public struct Harvest<L: Lanes>: Sendable {
  /// Amount sold, at prices before cost.
  public var sold: L
  /// Amount bought, at prices before cost: the proceeds less both costs.
  public var bought: L
  /// Cost of both trades.
  public var cost: L
  /// What was realised; disallowed losses of earlier sales included.
  public var gains: RealizedGains<L>

  /// Nothing traded.
  public static var none: Self {
    let zero = L(repeating: 0)
    return Self(sold: zero, bought: zero, cost: zero, gains: .none)
  }
}

extension LotBook {
  /// Sells the lots of the security in use whose loss is worth more in tax than both trades cost, and
  /// buys the other security for the proceeds; from then on purchases go there.
  ///
  /// A loss counts only as far as no other units of the security, bought within 30 days before, would
  /// wash it. Nothing is harvested within `holdDays` of the last switch.
  ///
  /// - Parameters:
  ///   - prices: per unit, without cost.
  ///   - cost: cost of a trade of either security, as a fraction of its amount.
  public func harvest(
    _ asset: Int, _ rule: HarvestingRule, at prices: SecurityPrices<L>, cost: L,
    on day: TradingDay<L>, where lanes: L.Mask, in state: inout MutableSpan<L>
  ) -> Harvest<L> {
    precondition(layout.hasSubstitutes, "harvesting needs a layout with substitutes")
    check(asset, state.count)
    let isLoss =
      lanes .& (lowestPrice(prices) .< number(.highestUnitBasis, of: asset, in: state.span))
    guard isLoss.isAnyTrue else { return .none }
    let since = number(.inUseSince, of: asset, in: state.span)
    let isFree = lanes .& (since + L(repeating: L.Scalar(rule.holdDays)) .<= day.day)
    guard isFree.isAnyTrue else { return .none }
    if rule.returning == .comeBack {
      set(.securityInUse, of: asset, to: L(repeating: 0), where: isFree, in: &state)
    }
    let harvested = markLosses(
      asset, rule, at: prices, cost: cost, on: day, where: isFree, in: &state)
    guard harvested.isAnyTrue else { return .none }
    return switchSecurity(
      asset, at: prices, cost: cost, on: day, where: harvested, in: &state)
  }

  private func lowestPrice(_ prices: SecurityPrices<L>) -> L {
    L.smaller(prices.asset, prices.substitute)
  }

  /// Whether any lane may have a lot worth harvesting: by the bound on the basis, and where that says
  /// yes by the basis of the lots, which is the bound from then on.
  private func mayHarvest(
    _ asset: Int, net: L, hurdle: L, where lanes: L.Mask, in state: inout MutableSpan<L>
  ) -> Bool {
    let zero = L(repeating: 0)
    let rate = L(repeating: L.Scalar(max(rates.short, rates.long)))
    let bound = number(.highestUnitBasis, of: asset, in: state.span)
    let mayBe = lanes .& (hurdle .< (bound - net) * rate)
    guard mayBe.isAnyTrue else { return false }
    var highest = zero
    for slot in 0..<layout.lotsPerAsset {
      let at = layout.lot(asset, slot)
      highest = L.larger(highest, state[row: at + 1].masked(zero .< state[row: at]))
    }
    set(.highestUnitBasis, of: asset, to: highest, where: mayBe, in: &state)
    return (mayBe .& (hurdle .< (highest - net) * rate)).isAnyTrue
  }

  /// Marks the lots to sell.
  private func markLosses(
    _ asset: Int, _ rule: HarvestingRule, at prices: SecurityPrices<L>, cost: L,
    on day: TradingDay<L>, where lanes: L.Mask, in state: inout MutableSpan<L>
  ) -> L.Mask {
    let zero = L(repeating: 0)
    let one = L(repeating: 1)
    let inUse = securityInUse(asset, in: state.span)
    let price = prices.of(inUse)
    let net = price * (one - cost)
    // What a unit must save: the cost of selling it, of buying for the proceeds, and the minimum.
    let share =
      cost + (one - cost) * cost / (one + cost) + L(repeating: L.Scalar(rule.minimumBenefit))
    let hurdle = price * share
    guard mayHarvest(asset, net: net, hurdle: hurdle, where: lanes, in: &state) else {
      return L.Mask(repeating: false)
    }
    let begin = windowBegin(day.day)
    var (units, credit, recent) = (zero, zero, zero)
    for slot in 0..<layout.lotsPerAsset {
      let lot = lot(asset, slot, in: state.span)
      let rate = L(repeating: L.Scalar(rates.short)).replacing(
        with: L(repeating: L.Scalar(rates.long)), where: lot.heldFrom .<= day.longSince)
      let saved = (lot.unitBasis - net) * rate
      let isHeld = lanes .& L.equal(lot.security, inUse)
      let isSold = isHeld .& (hurdle .< saved)
      let sold = lot.units.masked(isSold)
      state[row: layout.scratch(.sold, slot)] = sold
      units = units + sold
      credit = credit + sold * saved
      recent =
        recent
        + (lot.units - lot.replaced).masked(isHeld .& (.!isSold) .& (begin .<= lot.acquired))
    }
    let allowed = L.larger(units - recent, zero)
    let needed = units * hurdle * units
    let isWorth = lanes .& (zero .< units) .& (needed .< credit * allowed)
    for slot in 0..<layout.lotsPerAsset {
      let at = layout.scratch(.sold, slot)
      state[row: at] = state[row: at].masked(isWorth)
    }
    return isWorth
  }

  /// Sells what is marked and buys the other security for the proceeds.
  private func switchSecurity(
    _ asset: Int, at prices: SecurityPrices<L>, cost: L, on day: TradingDay<L>,
    where lanes: L.Mask, in state: inout MutableSpan<L>
  ) -> Harvest<L> {
    let inUse = securityInUse(asset, in: state.span)
    var units = L(repeating: 0)
    for slot in 0..<layout.lotsPerAsset {
      units = units + state[row: layout.scratch(.sold, slot)]
    }
    let one = L(repeating: 1)
    let keep = one - cost
    let net = SecurityPrices(asset: prices.asset * keep, substitute: prices.substitute * keep)
    let sold = units * prices.of(inUse)
    var gains = settle(asset, at: net, on: day, in: &state)

    let other = one - inUse
    set(.securityInUse, of: asset, to: other, where: lanes, in: &state)
    set(.inUseSince, of: asset, to: day.day, where: lanes, in: &state)
    let unitCost = prices.of(other) * (one + cost)
    let proceeds = sold * keep
    gains =
      gains
      + buy(
        asset, units: proceeds / unitCost, unitCost: unitCost, on: day, where: lanes, in: &state)
    let bought = proceeds / (one + cost)
    return Harvest(sold: sold, bought: bought, cost: sold - bought, gains: gains)
  }
}
