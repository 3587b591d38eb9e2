/// What the sale of units of one lot has realized.
///
/// A later purchase may still disallow its loss: within thirty days a row is not final.
public struct RealizedSale: Hashable, Sendable {
  /// The id of the lot.
  public let lot: Int
  public let account: Account
  public let asset: String
  /// The day of the purchase.
  public let acquired: Day
  /// The day from which the holding period counted.
  public let holdingFrom: Day
  /// The day of the sale.
  public let sold: Day
  public let units: Double
  /// Currency for all units, net of fees.
  public let proceeds: Double
  /// Currency for all units.
  public let basis: Double
  /// Whether the units were held for short or long.
  public let term: HoldingTerm
  /// The part of the loss that does not count because the units were replaced; at least 0.
  public internal(set) var disallowed = 0.0
  /// The part of `disallowed` that no basis has taken up, since the replacement is in an IRA.
  public internal(set) var lost = 0.0
  /// Units of a loss that nothing has replaced yet.
  var openUnits = 0.0

  /// Proceeds less basis.
  public var gain: Double { proceeds - basis }
  /// What counts for tax: gain + disallowed.
  public var recognized: Double { gain + disallowed }

  /// Sells a lot, or a part that was split off one.
  init(_ part: Lot, on day: Day, proceeds: Double) {
    lot = part.id
    account = part.account
    asset = part.asset
    acquired = part.acquired
    holdingFrom = part.holdingFrom
    sold = day
    units = part.units
    self.proceeds = proceeds
    basis = part.basis
    term = part.term(on: day)
    // In an IRA no loss counts, so there is none to disallow. What rounding leaves of a sale at cost
    // is no loss, or it would be replaced, and the replacement's holding period would change.
    if -gain > roundingTolerance * basis, account.kind == .taxable { openUnits = units }
  }
}
