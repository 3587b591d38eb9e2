extension PriceHistory {
  /// The value that a series had on each of some days: the last one not after the day.
  ///
  /// - Parameters:
  ///   - asset: the column of this history.
  ///   - limit: the days that a value stays valid.
  /// - Throws: where a day has no value, or none that is valid.
  public func values(
    of asset: String, asOf days: [CalendarDate], validFor limit: Int = 10
  ) throws(MarketDataError) -> [Double] {
    let column = try index(of: asset)
    var row = -1
    var values: [Double] = []
    for day in days {
      while row + 1 < dates.count, dates[row + 1] <= day { row += 1 }
      guard row >= 0, day.days(since: dates[row]) <= limit else {
        throw MarketDataError(.noRecentValue(asset, day, limit: limit))
      }
      values.append(self[row, column])
    }
    return values
  }
}
