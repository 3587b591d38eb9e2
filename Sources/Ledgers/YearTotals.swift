/// What counts for the tax of one year, over all taxable accounts.
public struct YearTotals: Hashable, Sendable {
  /// Recognized gains less recognized losses of each term, before netting.
  public internal(set) var gains = CapitalGains()
  /// Losses that did not count because of wash sales; at least 0.
  public internal(set) var disallowed = 0.0
  /// Qualified dividends received; at least 0.
  public internal(set) var qualifiedDividends = 0.0

  mutating func add(_ gain: Double, _ term: HoldingTerm) { gains[term] += gain }

  mutating func disallow(_ loss: Double, _ term: HoldingTerm) {
    gains[term] += loss
    disallowed += loss
  }
}

/// An amount of each term, in currency; losses are negative.
public struct CapitalGains: Hashable, Sendable {
  public var shortTerm: Double
  public var longTerm: Double

  public init(shortTerm: Double = 0, longTerm: Double = 0) {
    self.shortTerm = shortTerm
    self.longTerm = longTerm
  }

  /// The amount of a term.
  public subscript(term: HoldingTerm) -> Double {
    get {
      switch term {
      case .short: shortTerm
      case .long: longTerm
      }
    }
    set {
      switch term {
      case .short: shortTerm = newValue
      case .long: longTerm = newValue
      }
    }
  }
}
