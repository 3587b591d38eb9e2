/// The parts of a request that facts are built from.
extension PortfolioSnapshot {
  /// What is wrong with units, lots, tax record, indicators and observation, naming the field.
  var accountDefect: String? {
    if let units {
      if units.count != assets.count {
        return "units: \(units.count) numbers for \(assets.count) assets"
      }
      if let i = units.firstIndex(where: { !$0.isFinite || $0 < 0 }) {
        return "units[\(i)] (\(assets[i])): \(units[i]), a finite number from 0 on is needed"
      }
    }
    return holdingsDefect ?? lotsDefect
      ?? taxPosition?.defect(on: date, assets: Set(assets)).map { "tax_position.\($0)" }
      ?? indicators?.defect(assets: assets.count).map { "indicators.\($0)" }
  }

  /// Holdings that are not units × prices, where both are given.
  private var holdingsDefect: String? {
    guard let worth = Self.worth(units, prices) else { return nil }
    for i in assets.indices where !(abs(holdings[i] - worth[i]) <= 1e-6 * value) {
      return "holdings[\(i)] (\(assets[i])): \(holdings[i]), units × prices is \(worth[i])"
    }
    return nil
  }

  /// Units × prices, where both are given and of one length.
  static func worth(_ units: [Double]?, _ prices: [Double]?) -> [Double]? {
    guard let units, let prices, units.count == prices.count else { return nil }
    return zip(units, prices).map { $0 * $1 }
  }

  private var lotsDefect: String? {
    guard let lots else { return nil }
    let names = Set(assets)
    var held: [String: Double] = [:]
    var counts: [String: Int] = [:]
    for (number, lot) in lots.enumerated() {
      if let defect = lot.defect(on: date, assets: names) { return "lots[\(number)].\(defect)" }
      held[lot.asset, default: 0] += lot.units
      counts[lot.asset, default: 0] += 1
    }
    for (i, name) in assets.enumerated() {
      if let count = counts[name], count > Self.lotLimit {
        return "lots: \(count) of \(name), at most \(Self.lotLimit) of an asset are allowed"
      }
      guard let units, let held = held[name] else { continue }
      if !(abs(held - units[i]) <= 1e-6 * max(units[i], held)) {
        return "lots: those of \(name) are \(held) units, units[\(i)] is \(units[i])"
      }
    }
    return nil
  }

  /// Lots of one asset at most: their order is found by comparing each with each.
  static var lotLimit: Int { 2000 }
}
