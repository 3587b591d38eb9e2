/// A correction of one wrong price, with the reason that is logged.
///
/// Prices are closing prices without dividends where the history has them, else levels. The level
/// is changed in proportion, so one repair serves adjusted levels of any download day.
public struct PriceRepair: Sendable, Hashable, Codable {
  /// The asset.
  public var asset: String
  /// The day of the wrong price.
  public var date: CalendarDate
  /// The wrong price; a history that holds another one, perhaps corrected already, is refused.
  public var printed: Double
  /// The right price.
  public var value: Double
  /// Why, and by which source.
  public var reason: String

  public init(asset: String, date: CalendarDate, printed: Double, value: Double, reason: String) {
    self.asset = asset
    self.date = date
    self.printed = printed
    self.value = value
    self.reason = reason
  }
}

extension PriceRepair: CustomStringConvertible {
  /// One line for a log.
  public var description: String { "\(asset) on \(date): \(printed) → \(value), \(reason)" }
}

extension PriceHistory {
  /// This history with prices corrected; what was done is in `repairs`.
  ///
  /// - Throws: where a repair names an asset or a day that is not here, or where the price differs
  ///   from `printed` by more than one part in 10⁴.
  public func applying(_ repairs: [PriceRepair]) throws(MarketDataError) -> PriceHistory {
    var result = self
    for repair in repairs { try result.apply(repair) }
    return result
  }

  private mutating func apply(_ repair: PriceRepair) throws(MarketDataError) {
    let asset = try index(of: repair.asset)
    for value in [repair.printed, repair.value] where !(value > 0 && value.isFinite) {
      throw MarketDataError(.invalidRepair(asset: repair.asset, repair.date, value: value))
    }
    guard let day = dates.firstIndex(of: repair.date) else {
      throw MarketDataError(
        .repairOfUnknownDate(
          asset: repair.asset, repair.date, first: dates.first ?? repair.date,
          last: dates.last ?? repair.date))
    }
    let place = day * assets.count + asset
    let price = closes?[place] ?? levels[place]
    guard abs(price - repair.printed) <= 1e-4 * repair.printed else {
      throw MarketDataError(
        .repairOfOtherPrice(
          asset: repair.asset, repair.date, found: price, expected: repair.printed))
    }
    levels[place] *= repair.value / price
    closes?[place] = repair.value
    self.repairs.append(repair)
  }
}
