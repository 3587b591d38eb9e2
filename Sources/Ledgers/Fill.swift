/// A trade as it was executed.
public struct Fill: Hashable, Sendable {
  /// What was done.
  public enum Side: Hashable, Sendable {
    case buy
    case sell(LotSelection)
  }

  public let account: Account
  public let asset: String
  public let side: Side
  /// Units bought or sold, above 0.
  public let units: Double
  /// Currency per unit, at least 0.
  public let price: Double
  /// Currency for the whole trade, at least 0: it raises the basis or lowers the proceeds.
  public let fee: Double

  public init(
    _ side: Side, units: Double, of asset: String, at price: Double, fee: Double = 0,
    in account: Account
  ) {
    self.account = account
    self.asset = asset
    self.side = side
    self.units = units
    self.price = price
    self.fee = fee
  }

  /// The basis of a purchase.
  var cost: Double { units * price + fee }
  /// What a sale brings.
  var proceeds: Double { units * price - fee }

  /// How the lots are chosen; `nil` for a purchase.
  var selection: LotSelection? {
    if case .sell(let selection) = side { selection } else { nil }
  }

  /// The lot that is named; `nil` where there is none.
  var namedLot: Int? {
    if case .sell(.specific(let lot)) = side { lot } else { nil }
  }
}

extension Fill {
  /// An order of the sales of one day that does not depend on the order in which they are given.
  ///
  /// Sales that name their lot come first, so that no other sale takes it from them; the rest by
  /// account, asset and proceeds per unit, the highest first.
  static func isBefore(_ a: Fill, _ b: Fill) -> Bool {
    if (a.namedLot == nil) != (b.namedLot == nil) { return a.namedLot != nil }
    if a.account.name != b.account.name { return a.account.name < b.account.name }
    if a.asset != b.asset { return a.asset < b.asset }
    let (priceOfA, priceOfB) = (a.proceeds / a.units, b.proceeds / b.units)
    if priceOfA != priceOfB { return priceOfA > priceOfB }
    return a.units > b.units
  }
}
