/// What realised gains are taxed at, and how far losses are credited.
public struct CapitalTaxRates: Sendable, Hashable {
  /// The rate on short-term gains and on ordinary income.
  public var short: Double
  /// The rate on long-term gains.
  public var long: Double
  /// The rate on qualified dividends, which are not netted with losses.
  public var dividends: Double
  /// How much of a year's net loss offsets ordinary income, in currency; 0 for none.
  public var lossLimit: Double

  /// - Parameter dividends: the long-term rate unless given.
  public init(
    short: Double, long: Double, dividends: Double? = nil, lossLimit: Double = 3_000
  ) {
    self.short = short
    self.long = long
    self.dividends = dividends ?? long
    self.lossLimit = lossLimit
  }
}

/// Which lots a sale takes first.
public enum SaleOrder: String, Sendable, Hashable, CaseIterable {
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
