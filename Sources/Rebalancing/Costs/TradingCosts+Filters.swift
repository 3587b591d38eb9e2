import Algebra

extension TradingCosts.Prepared {
  /// Cuts trades to what can be done, and balances them again.
  ///
  /// In this order, per asset other than cash: a frozen asset is not traded; the excess over
  /// `participationCap · ADV` is not done; a trade below its minimum is dropped (at the minimum it is
  /// done). Where this changed a trade, the rest goes to cash: what buys lack in proceeds and cash is
  /// not bought, pro rata, so that cash is not overdrawn. Without cash the larger of buys and sells is
  /// scaled down pro rata until `Σu = 0`; a trade may end below its minimum by that. Portfolios of
  /// which no trade is touched keep their bits.
  ///
  /// - Parameters:
  ///   - trades: u, signed fractions of value.
  ///   - weights: before the trade; only the cash weight is read, empty without a cash asset.
  ///   - values: V in currency.
  ///   - volumes: ADV in currency; empty: the constants that the costs were made with.
  ///   - capped: receives the part of the wanted `Σ|u|` that the cap on ADV forbids, one per group.
  ///     Without filters it is left alone.
  public func filter(
    _ trades: inout MutableSpan<L>, weights: Span<L> = Span(), values: Span<L> = Span(),
    volumes: Span<L> = Span(), capped: inout MutableSpan<L>
  ) {
    guard hasFilters else { return }
    checkFilter(trades.count, capped.count, weights, values, volumes)
    for group in capped.indices {
      capped[group] = filterGroup(
        &trades, group &* terms.count, weights: weights,
        value: values.isEmpty ? L(repeating: 0) : values[group], volumes: volumes)
    }
  }

  /// Filters the trades of one group, which begin at `first`.
  ///
  /// - Returns: the part of the wanted `Σ|u|` that the cap on ADV forbids.
  func filterGroup(
    _ trades: inout MutableSpan<L>, _ first: Int, weights: Span<L>, value: L,
    volumes: Span<L> = Span()
  ) -> L {
    let (isCut, capped) = limit(&trades, first, value, volumes)
    if isCut.isAnyTrue {
      balance(&trades, first, spare: cash.map { weights[first &+ $0] }, where: isCut)
    }
    return capped
  }

  /// Cuts the trades of a group, and reports what the cap on ADV forbids.
  ///
  /// - Returns: where a trade was cut, and the forbidden part.
  private func limit(
    _ trades: inout MutableSpan<L>, _ first: Int, _ value: L, _ volumes: Span<L>
  ) -> (isCut: L.Mask, capped: L) {
    let zero = L(repeating: 0)
    let terms = terms.span
    var isCut = L.Mask(repeating: false)
    var (wanted, excess) = (zero, zero)
    for i in terms.indices where i != cash {
      let place = first &+ i
      let size = terms[i].isFrozen ? zero : trades[place].absolute
      let adv = volumes.isEmpty ? L(repeating: terms[i].adv) : volumes[place]
      let allowed = allowed(terms[i], size, value: value, adv: adv)
      wanted = wanted + size
      excess = excess + (size - allowed)
      isCut = (isCut .| cut(&trades, place, to: kept(terms[i], allowed, value: value)))
    }
    return (isCut, excess / L(repeating: 1).replacing(with: wanted, where: zero .< wanted))
  }

  /// What of a trade the cap on ADV allows; compared in currency, so that a value of 0 does no harm.
  @inline(__always) private func allowed(_ terms: Terms, _ size: L, value: L, adv: L) -> L {
    let limit = L(repeating: terms.participationCap) * adv
    return size.replacing(with: limit / value, where: limit .< size * value)
  }

  /// What is left of a trade where small ones are dropped.
  @inline(__always) private func kept(_ terms: Terms, _ size: L, value: L) -> L {
    let isSmall =
      (size .< L(repeating: terms.minimumTrade))
      .| (size * value .< L(repeating: terms.minimumTradeValue))
    return size.replacing(with: L(repeating: 0), where: isSmall)
  }

  /// Reduces a trade to a size.
  ///
  /// - Returns: where it was larger.
  @inline(__always) private func cut(
    _ trades: inout MutableSpan<L>, _ place: Int, to size: L
  ) -> L.Mask {
    let zero = L(repeating: 0)
    let trade = trades[place]
    let isLarger = size .< trade.absolute
    let signed = size.replacing(with: zero - size, where: trade .< zero)
    trades[place] = trade.replacing(with: signed, where: isLarger)
    return isLarger
  }

  /// Makes the trades of a group sum to 0 again where filters cut them.
  ///
  /// - Parameter spare: the cash weight before the trade; `nil` without a cash asset.
  func balance(
    _ trades: inout MutableSpan<L>, _ first: Int, spare: L?, where isCut: L.Mask
  ) {
    let zero = L(repeating: 0)
    let one = L(repeating: 1)
    var (bought, sold) = (zero, zero)
    let assets = 0..<terms.count
    for i in assets where i != cash {
      bought = bought + L.larger(trades[first &+ i], zero)
      sold = sold + L.larger(zero - trades[first &+ i], zero)
    }
    let funds = spare.map { L.larger(sold + $0, zero) } ?? sold
    let buying = one.replacing(with: funds / bought, where: funds .< bought)
    let selling = spare == nil ? one.replacing(with: bought / sold, where: bought .< sold) : one
    var sum = zero
    for i in assets where i != cash {
      let trade = trades[first &+ i]
      let scaled = trade * buying.replacing(with: selling, where: trade .< zero)
      trades[first &+ i] = trade.replacing(with: scaled, where: isCut)
      sum = sum + trades[first &+ i]
    }
    guard let cash else { return }
    trades[first &+ cash] = trades[first &+ cash].replacing(with: zero - sum, where: isCut)
  }

  private func checkFilter(
    _ tradeCount: Int, _ groupCount: Int, _ weights: Span<L>, _ values: Span<L>, _ volumes: Span<L>
  ) {
    check(tradeCount, groupCount, values, volumes)
    precondition(
      weights.count == tradeCount || cash == nil, "one weight per group and asset is needed")
  }
}
