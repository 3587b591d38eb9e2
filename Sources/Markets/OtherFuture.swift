import Foundation

// The same past with another future: what a check for look-ahead plays against.

extension HistoricalMarket<Double> {
  /// The market with all returns after a day turned round and doubled, and all that is estimated from
  /// them made anew.
  ///
  /// After `day` log returns are −2 times what they were, dividends stay the same part of the price,
  /// and a volatility index is half as large again.
  ///
  /// - Parameter day: counted from the first of the data.
  /// - Throws: never for a market that was made of the same history.
  public func withOtherFuture(after day: Int) throws(HistoryTooShort) -> Self {
    var recipe = table.recipe
    for later in (recipe.index ?? []).indices where later > day { recipe.index?[later] *= 1.5 }
    let history = history.withOtherFuture(after: day)
    let table = ReturnTable<Double>(
      history, covariance: recipe.covariance, paysDividends: recipe.paysDividends,
      interruptions: recipe.interruptions, index: recipe.index)
    return try HistoricalMarket(
      history: history, table: table, warmup: warmup, horizon: horizon, start: start)
  }
}

extension PriceHistory {
  /// Levels, closes and dividends with other returns after a day.
  fileprivate func withOtherFuture(after day: Int) -> PriceHistory {
    var result = self
    result.levels = turned(levels, after: day)
    guard let closes else { return result }
    let turned = turned(closes, after: day)
    result.closes = turned
    result.dividends = dividends.map { dividends in
      dividends.indices.map { dividends[$0] * (turned[$0] / closes[$0]) }
    }
    return result
  }

  /// Prices whose log returns after a day are −2 times those of others, shape [dates, assets].
  private func turned(_ prices: [Double], after day: Int) -> [Double] {
    let assets = assets.count
    var result = prices
    for place in max(0, day + 1) * assets..<max(prices.count, (day + 1) * assets)
    where place >= assets {
      let growth = prices[place] / prices[place - assets]
      result[place] = result[place - assets] / (growth * growth)
    }
    return result
  }
}
