import Markets
import Rebalancing

// Shocks over a market: the key `stress`.

extension EnvironmentSpec {
  /// Reads the shocks of `stress`, a list of maps; none where the key is absent.
  ///
  /// A shock has a `name`, `begin_step` (counted from 0) and `length_steps`, and of these what it
  /// changes, each a number for all assets or one per asset: `total_return`, added over its length to
  /// the median path; `volatility_factor`; `half_spread_factor`; and one number
  /// `correlation_toward_one`, the share of the way.
  static func shocks(
    _ assets: [String], isReplay: Bool, _ reader: inout SpecReader
  ) throws(SpecError) -> [MarketShock] {
    guard reader.has("stress") else { return [] }
    guard !isReplay else {
      throw reader.fault(
        "stress", "what has happened has no shocks added; a model's or a bootstrap market is valid")
    }
    var shocks: [MarketShock] = []
    for var inner in try reader.maps("stress") {
      let shock = try shock(assets.count, &inner)
      try inner.finish()
      shocks.append(shock)
    }
    for (one, next) in zip(shocks, shocks.dropFirst()) where one.endStep > next.beginStep {
      throw reader.fault(
        "stress",
        "“\(next.name)” begins at step \(next.beginStep), before “\(one.name)” ends at "
          + "\(one.endStep): shocks in order of time that do not overlap are valid")
    }
    return shocks
  }

  private static func shock(
    _ assets: Int, _ reader: inout SpecReader
  ) throws(SpecError) -> MarketShock {
    MarketShock(
      name: try reader.string("name"),
      beginStep: try reader.int("begin_step", in: 0...1_000_000, "0 to 1e6"),
      lengthSteps: try reader.int("length_steps", in: 1...1_000_000, "1 to 1e6"),
      totalReturn: try factors("total_return", assets, or: 0, -0.99...100, "-0.99 to 100", &reader),
      volatilityFactor: try factors(
        "volatility_factor", assets, or: 1, 0...100, "0 to 100", &reader),
      correlationTowardOne: try reader.number(
        "correlation_toward_one", or: 0, in: 0.0...1, "0 to 1"),
      halfSpreadFactor: try factors(
        "half_spread_factor", assets, or: 1, 0...1_000, "0 to 1000", &reader))
  }

  /// One number for all assets, or one each.
  private static func factors(
    _ key: String, _ count: Int, or standard: Double, _ range: ClosedRange<Double>,
    _ words: String, _ reader: inout SpecReader
  ) throws(SpecError) -> [Double] {
    let numbers = try reader.numbers(key, count: count, or: standard)
    guard numbers.allSatisfy({ range.contains($0) }) else {
      throw reader.fault(key, "\(numbers) is given, \(words) is valid")
    }
    return numbers
  }

  /// Refuses what a task makes of its shocks.
  static func checkShocks(
    _ shocks: [MarketShock], _ task: RebalancingTask, _ reader: SpecReader
  ) throws(SpecError) {
    guard !shocks.isEmpty else { return }
    if let late = shocks.first(where: { $0.beginStep >= task.horizon }) {
      throw reader.fault(
        "stress",
        "“\(late.name)” begins at step \(late.beginStep), episodes have \(task.horizon) steps")
    }
    let widest = task.assets.indices.map { i in shocks.map { $0.halfSpreadFactor[i] }.max() ?? 1 }
    for (i, asset) in task.costs.assets.enumerated() where i != task.costs.cash {
      let cost = asset.halfSpread * max(1, widest[i]) + asset.commission + asset.fees.perUnit
      guard cost < 1 else {
        throw reader.fault(
          "stress", "trading \(task.assets[i]) would cost \(cost * 1e4) bp, below 10000 is valid")
      }
    }
  }
}
