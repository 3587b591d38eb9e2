import Algebra
import Rebalancing

/// Random trades in whole shares of one asset, at random prices.
struct TradeSequence {
  struct Trade {
    var day: Int
    var price: Double
    /// Shares to buy, or to sell where negative.
    var shares: Int
  }

  /// Trades every so many days, beginning a week after 2024-01-02.
  ///
  /// - Parameters:
  ///   - held: shares held at the start; no more are ever sold than are held.
  ///   - largest: the most shares that a trade moves.
  ///   - share: the probability of a trade.
  static func random(
    _ number: Int, steps: Int, every gap: Int, held: Int = 100, largest: Int = 12,
    share: Double = 1
  ) -> [Trade] {
    let source = RandomSource(seed: 17)
    var price = 100.0
    var held = held
    return (0..<steps).map { step in
      func draw(_ index: Int, below bound: Int) -> Int {
        source.integer(
          below: bound, .exploration, copy: UInt32(number), step: UInt32(step), draw: index)
      }
      let noise = (0..<6).reduce(-3.0) { $0 + Double(draw($1, below: 1_000)) / 999 }
      price *= 1 + 0.015 * Double(gap).squareRoot() * noise
      var shares = draw(6, below: 2 * largest + 1) - largest
      if Double(draw(7, below: 1_000)) >= share * 1_000 { shares = 0 }
      shares = max(shares, -held)
      held += shares
      let day = days("2024-01-09") + step * gap
      return Trade(day: day, price: price, shares: shares)
    }
  }
}

extension LotBooks<Double> {
  /// Buys or sells, and returns what is realised.
  mutating func trade(_ trade: TradeSequence.Trade) -> RealizedGains<Double> {
    if trade.shares > 0 {
      return buy(Double(trade.shares), at: trade.price, on: trade.day)
    }
    return sell(Double(-trade.shares), at: SecurityPrices(trade.price), on: trade.day)
  }
}
