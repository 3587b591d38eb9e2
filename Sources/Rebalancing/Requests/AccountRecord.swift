public import Markets

/// A tax lot as a request states it: units of one asset, bought on one day.
public struct HeldLot: Codable, Sendable, Hashable {
  public var asset: String
  /// Above 0.
  public var units: Double
  /// What all of its units have cost, in currency, with disallowed losses added.
  public var basis: Double
  public var acquired: CalendarDate
  /// From when its holding period counts, where a wash sale has moved it; else `acquired`.
  public var holdingFrom: CalendarDate?
  /// Units that have replaced units sold at a loss; 0 if absent.
  public var replaced: Double?
  /// Whether it is the asset's substitute; false if absent.
  public var substitute: Bool?

  public init(asset: String, units: Double, basis: Double, acquired: CalendarDate) {
    self.asset = asset
    self.units = units
    self.basis = basis
    self.acquired = acquired
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case asset, units, basis, acquired, replaced, substitute
    case holdingFrom = "holding_from"
  }
}

/// Units sold at a loss that a purchase may still wash.
public struct OpenLossSale: Codable, Sendable, Hashable {
  public var asset: String
  public var sold: CalendarDate
  /// Not yet replaced.
  public var units: Double
  /// The loss on them, positive, in currency.
  public var loss: Double
  /// Days that they had been held.
  public var daysHeld: Int
  /// Whether the loss was long-term.
  public var longTerm: Bool
  /// Whether the substitute was sold; false if absent.
  public var substitute: Bool?

  public init(
    asset: String, sold: CalendarDate, units: Double, loss: Double, daysHeld: Int, longTerm: Bool
  ) {
    self.asset = asset
    self.sold = sold
    self.units = units
    self.loss = loss
    self.daysHeld = daysHeld
    self.longTerm = longTerm
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case asset, sold, units, loss, substitute
    case daysHeld = "days_held"
    case longTerm = "long_term"
  }
}

/// A portfolio's tax of the year, in currency; what is absent is 0.
public struct TaxRecord: Codable, Sendable, Hashable {
  /// Gains less losses realised this year, disallowed losses left out.
  public var realizedShort: Double?
  public var realizedLong: Double?
  /// Losses of earlier years, positive.
  public var carriedShort: Double?
  public var carriedLong: Double?
  /// Qualified dividends of this year.
  public var dividends: Double?
  /// Tax paid on this year so far; negative for a credit.
  public var paid: Double?
  /// Tax of closed years that is not yet paid.
  public var due: Double?
  /// Loss sales that a purchase may still wash.
  public var lossSales: [OpenLossSale]?
  /// Assets whose purchases go to their substitutes.
  public var substitutesInUse: [String]?

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case dividends, paid, due
    case realizedShort = "realized_short"
    case realizedLong = "realized_long"
    case carriedShort = "carried_short"
    case carriedLong = "carried_long"
    case lossSales = "loss_sales"
    case substitutesInUse = "substitutes_in_use"
  }
}

// MARK: - Validity

extension HeldLot {
  /// What is wrong with the lot on a day, naming the field.
  func defect(on date: CalendarDate, assets: Set<String>) -> String? {
    if !assets.contains(asset) { return "asset: there is no asset “\(asset)”" }
    if !(units.isFinite && units > 0) { return "units: \(units), a number above 0 is needed" }
    if !(basis.isFinite && basis >= 0) { return "basis: \(basis), a number from 0 on is needed" }
    if acquired > date { return "acquired: \(acquired) is after the decision's date \(date)" }
    if let holdingFrom, holdingFrom > date {
      return "holding_from: \(holdingFrom) is after the decision's date \(date)"
    }
    if let replaced, !(0...units).contains(replaced) {
      return "replaced: \(replaced), 0 to the lot's units \(units) is valid"
    }
    return nil
  }
}

extension OpenLossSale {
  /// What is wrong with the sale on a day, naming the field.
  func defect(on date: CalendarDate, assets: Set<String>) -> String? {
    if !assets.contains(asset) { return "asset: there is no asset “\(asset)”" }
    if sold > date { return "sold: \(sold) is after the decision's date \(date)" }
    if !(units.isFinite && units > 0) { return "units: \(units), a number above 0 is needed" }
    if !(loss.isFinite && loss >= 0) { return "loss: \(loss), a number from 0 on is needed" }
    if daysHeld < 0 { return "days_held: \(daysHeld) is negative" }
    return nil
  }
}

extension TaxRecord {
  /// What is wrong with the record on a day, naming the field.
  func defect(on date: CalendarDate, assets: Set<String>) -> String? {
    for (name, amount) in [
      ("realized_short", realizedShort), ("realized_long", realizedLong), ("dividends", dividends),
      ("paid", paid), ("due", due), ("carried_short", carriedShort), ("carried_long", carriedLong),
    ] {
      guard let amount else { continue }
      if !amount.isFinite { return "\(name): \(amount) is not a finite number" }
      if name.hasPrefix("carried"), amount < 0 {
        return "\(name): \(amount) is negative; carried losses are given as positive numbers"
      }
    }
    for (number, sale) in (lossSales ?? []).enumerated() {
      if let defect = sale.defect(on: date, assets: assets) {
        return "loss_sales[\(number)].\(defect)"
      }
    }
    if let other = (substitutesInUse ?? []).first(where: { !assets.contains($0) }) {
      return "substitutes_in_use: there is no asset “\(other)”"
    }
    return nil
  }
}
