/// Which lots a sale takes.
///
/// Lots bought before the day of the sale go before those bought on it; ties go to the older lot.
public enum LotSelection: Hashable, Sendable {
  /// The oldest first; what the law assumes where nothing is said.
  case fifo
  /// The newest first.
  case lifo
  /// The highest basis per unit first.
  case hifo
  /// The lowest tax per unit first: gain per unit × the rate of its term.
  case minimumTax(TaxRates)
  /// The lot with this id and no other.
  case specific(lot: Int)
  /// The oldest first, each unit at the average basis of those held; for funds.
  case averageCost
}

extension LotSelection {
  /// What lots are sorted by, the smallest first.
  ///
  /// - Parameter price: the proceeds per unit.
  func rank(of lot: Lot, price: Double, on day: Day) -> Double {
    switch self {
    case .fifo, .specific, .averageCost: 0
    case .lifo: Double(-lot.id)
    case .hifo: -lot.basisPerUnit
    case .minimumTax(let rates):
      switch lot.account.kind {
      case .taxable: (price - lot.basisPerUnit) * rates[lot.term(on: day)]
      case .ira: 0
      }
    }
  }

  /// Whether a lot can be taken at all.
  func admits(_ lot: Lot) -> Bool {
    if case .specific(let id) = self { lot.id == id } else { true }
  }
}
