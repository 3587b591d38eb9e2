extension PortfolioSnapshot {
  /// Whether all its numbers are.
  public var isFinite: Bool {
    let fields =
      [holdings, targets] + [basis, lastLogReturns, prices, previousPrices].compactMap(\.self)
    return (fields + (facts ?? [:]).values).allSatisfy { $0.allSatisfy(\.isFinite) }
  }

  /// What is wrong with prices, their days, the day of the request and the controls, naming the
  /// field. A price of zero is a missing one: guards judge it.
  var quoteDefect: String? {
    let count = assets.count
    if let defect = Self.defect(of: prices, "prices", assets) { return defect }
    if let defect = Self.defect(of: previousPrices, "previous_prices", assets) { return defect }
    if let priceDates {
      if priceDates.count != count {
        return "price_dates: \(priceDates.count) days for \(count) assets"
      }
      if let i = priceDates.firstIndex(where: { $0 > date }) {
        return "price_dates[\(i)] (\(assets[i])): \(priceDates[i]) is after the date \(date)"
      }
    }
    if let requestedOn, requestedOn.day < date {
      return "requested_on: \(requestedOn) is before the decision's date \(date)"
    }
    return controls?.defect(assets: assets).map { "controls.\($0)" }
  }

  private static func defect(of prices: [Double]?, _ name: String, _ assets: [String]) -> String? {
    guard let prices else { return nil }
    if prices.count != assets.count {
      return "\(name): \(prices.count) numbers for \(assets.count) assets"
    }
    if let i = prices.firstIndex(where: { !$0.isFinite }) {
      return "\(name)[\(i)] (\(assets[i])): \(prices[i]) is not a finite number"
    }
    return nil
  }
}
