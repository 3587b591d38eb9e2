/// The rates of a taxpayer, as fractions of the amount taxed.
public struct TaxRates: Hashable, Sendable {
  /// The rate of short-term gains and of ordinary income.
  public let shortTerm: Double
  /// The rate of long-term gains.
  public let longTerm: Double
  /// The rate of qualified dividends.
  public let qualifiedDividends: Double

  /// - Parameter qualifiedDividends: the long-term rate if absent.
  public init(shortTerm: Double, longTerm: Double, qualifiedDividends: Double? = nil) {
    self.shortTerm = shortTerm
    self.longTerm = longTerm
    self.qualifiedDividends = qualifiedDividends ?? longTerm
  }

  /// The rate of gains of a term.
  public subscript(term: HoldingTerm) -> Double {
    switch term {
    case .short: shortTerm
    case .long: longTerm
    }
  }
}
