public import Algebra

/// A tax lot in each lane: units of one security bought on one day.
///
/// A slot without units is empty; its other fields then mean nothing.
public struct LotSlot<L: Lanes>: Sendable {
  /// Units held.
  public var units: L
  /// Basis per unit in currency, with fees and with the losses that were disallowed on it.
  public var unitBasis: L
  /// Day of purchase, in days since 1970-01-01.
  public var acquired: L
  /// Day from which the holding period counts: `acquired`, or earlier after a wash sale.
  public var heldFrom: L
  /// Units that have replaced units sold at a loss; each replaces once.
  public var replaced: L
  /// 0 the asset, 1 its substitute.
  public var security: L

  /// `other` where `mask` is true, `self` elsewhere.
  @inline(__always) func replacing(with other: Self, where mask: L.Mask) -> Self {
    var lot = self
    lot.units = units.replacing(with: other.units, where: mask)
    lot.unitBasis = unitBasis.replacing(with: other.unitBasis, where: mask)
    lot.acquired = acquired.replacing(with: other.acquired, where: mask)
    lot.heldFrom = heldFrom.replacing(with: other.heldFrom, where: mask)
    lot.replaced = replaced.replacing(with: other.replaced, where: mask)
    lot.security = security.replacing(with: other.security, where: mask)
    return lot
  }

  /// Both lots as one: units and basis add, days are weighted by units and rounded.
  @inline(__always) func merged(with other: Self) -> Self {
    var lot = self
    lot.units = units + other.units
    let share = other.units / lot.units
    lot.unitBasis = unitBasis + (other.unitBasis - unitBasis) * share
    lot.acquired = (acquired + (other.acquired - acquired) * share).roundedToWhole
    lot.heldFrom = (heldFrom + (other.heldFrom - heldFrom) * share).roundedToWhole
    lot.replaced = replaced + other.replaced
    return lot
  }
}

/// Units sold at a loss that a later purchase may still replace, in each lane.
struct LossSale<L: Lanes> {
  /// Day of the sale.
  var day: L
  /// Units not yet replaced; a slot without units is empty.
  var units: L
  /// Loss per unit, positive.
  var unitLoss: L
  /// Days that the sold lot counted as held, which a replacement takes over.
  var daysHeld: L
  /// 1 where the loss is long-term, 0 where it is short-term.
  var isLong: L
  /// 0 the asset, 1 its substitute.
  var security: L

  /// `other` where `mask` is true, `self` elsewhere.
  func replacing(with other: Self, where mask: L.Mask) -> Self {
    LossSale(
      day: day.replacing(with: other.day, where: mask),
      units: units.replacing(with: other.units, where: mask),
      unitLoss: unitLoss.replacing(with: other.unitLoss, where: mask),
      daysHeld: daysHeld.replacing(with: other.daysHeld, where: mask),
      isLong: isLong.replacing(with: other.isLong, where: mask),
      security: security.replacing(with: other.security, where: mask))
  }

  /// Both as one: units and losses add, days are weighted by units and rounded, the larger decides
  /// the term.
  func merged(with other: Self) -> Self {
    var sale = self
    sale.units = units + other.units
    let share = other.units / sale.units
    sale.unitLoss = unitLoss + (other.unitLoss - unitLoss) * share
    sale.day = (day + (other.day - day) * share).roundedToWhole
    sale.daysHeld = (daysHeld + (other.daysHeld - daysHeld) * share).roundedToWhole
    sale.isLong = isLong.replacing(with: other.isLong, where: units .< other.units)
    return sale
  }
}

extension Lanes {
  /// The nearest whole numbers, of magnitudes below 2⁵¹.
  @inline(__always) var roundedToWhole: Self {
    // From 2⁵² on doubles are whole, so that adding it rounds.
    let magic = Self(repeating: 0x1.8p52)
    return (self + magic) - magic
  }

  /// Where two are equal.
  @inline(__always) static func equal(_ a: Self, _ b: Self) -> Mask { (a .<= b) .& (b .<= a) }

  /// These numbers where `mask` is true, 0 elsewhere.
  @inline(__always) func masked(_ mask: Mask) -> Self {
    Self(repeating: 0).replacing(with: self, where: mask)
  }
}

extension MaskLanes {
  /// Keeps what is true in both.
  @inline(__always) mutating func restrict(to other: Self) {
    let both = self .& other
    self = both
  }

  /// Adds what is true in the other.
  @inline(__always) mutating func extend(by other: Self) {
    let either = self .| other
    self = either
  }
}
