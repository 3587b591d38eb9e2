/// What realised gains are taxed at, and how far losses are credited.
public struct CapitalTaxRates: Sendable, Hashable, Codable {
  /// The rate on short-term gains and on ordinary income.
  public var short: Double
  /// The rate on long-term gains.
  public var long: Double
  /// The rate on qualified dividends, which are not netted with losses.
  public var dividends: Double
  /// How much of a year's net loss offsets ordinary income, in currency; 0 for none.
  public var lossLimit: Double
  /// What the owner realises elsewhere in every calendar year.
  public var outside = OutsideGains()

  /// - Parameter dividends: the long-term rate unless given.
  public init(
    short: Double, long: Double, dividends: Double? = nil, lossLimit: Double = 3_000,
    outside: OutsideGains = OutsideGains()
  ) {
    self.short = short
    self.long = long
    self.dividends = dividends ?? long
    self.lossLimit = lossLimit
    self.outside = outside
  }
}

/// Gains that the owner of a portfolio realises elsewhere in every calendar year, in currency; the
/// portfolio's losses are netted with them.
///
/// Their own tax is paid elsewhere. By what the portfolio's losses lower it is paid into the portfolio
/// when the portfolio's tax would be paid. An approximation in
/// two ways: the owner is taken to hand the saving over, and a year of which an episode meets but a
/// part has all its outside gains.
public struct OutsideGains: Sendable, Hashable, Codable {
  /// Short-term, 0 or more.
  public var short: Double
  /// Long-term, 0 or more.
  public var long: Double

  public init(short: Double = 0, long: Double = 0) {
    self.short = short
    self.long = long
  }

  /// Whether there are none.
  public var isEmpty: Bool { short == 0 && long == 0 }
}

/// Which lots a sale takes first.
public enum SaleOrder: String, Sendable, Hashable, CaseIterable, Codable {
  /// The oldest.
  case fifo
  /// The newest; of one purchase, what has replaced others before the rest.
  case lifo
  /// Those with the highest basis per unit, older ones first among equals.
  case hifo
  /// Those with the lowest gain × its rate per unit, older ones first among equals.
  case minimumTax = "minimum_tax"
  /// The oldest, every unit of a security at the average of their basis.
  case averageCost = "average_cost"
}
