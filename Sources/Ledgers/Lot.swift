/// Whether a gain is taxed as short term or as long term.
public enum HoldingTerm: String, Hashable, Sendable, CaseIterable {
  case short, long
}

/// Units of an asset that were bought together and have the same tax history.
///
/// Where a wash sale concerns only some units of a lot, the lot is split; both parts keep its id.
public struct Lot: Hashable, Sendable {
  /// The number of the purchase in its ledger, counted from 1.
  public let id: Int
  /// Where it is held.
  public let account: Account
  /// What it is.
  public let asset: String
  /// Units still held, above 0.
  public internal(set) var units: Double
  /// What they cost, in currency for all units: price, fee, and losses that were disallowed.
  public internal(set) var basis: Double
  /// The day of the purchase.
  public let acquired: Day
  /// The day from which the holding period counts: `acquired`, or earlier after a wash sale.
  public internal(set) var holdingFrom: Day
  /// Whether these units have replaced units sold at a loss: they can do so only once.
  public internal(set) var isReplacement = false

  /// Currency per unit.
  public var basisPerUnit: Double { basis / units }

  /// The term of a sale on a day.
  public func term(on day: Day) -> HoldingTerm {
    day >= holdingFrom.firstLongTermDay ? .long : .short
  }

  /// Takes some of the units, with their share of the basis.
  mutating func split(off taken: Double) -> Lot {
    var part = self
    part.units = taken
    part.basis = basis * (taken / units)
    units -= taken
    basis -= part.basis
    return part
  }
}

/// What of `units` can be taken where `wanted` are: all of them if next to nothing would be left.
///
/// Units are sums of decimal fractions: 0.1 + 0.7 is a little less than 0.8, and whoever sells 0.8
/// then sells everything.
func takable(_ wanted: Double, of units: Double) -> Double {
  units - wanted <= roundingTolerance * units ? units : wanted
}

/// The share of an amount that is taken for rounding.
let roundingTolerance = 1e-12
