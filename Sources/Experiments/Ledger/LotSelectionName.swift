public import Ledgers

/// The rules by which lots are chosen, as they are written.
public enum LotSelectionName: String, Sendable, CaseIterable {
  case fifo, lifo, hifo
  case minimumTax = "minimum_tax"
  case specific
  case averageCost = "average_cost"

  /// The rule for sales that name no lot.
  public func rule(_ rates: TaxRates) -> LotSelection {
    switch self {
    case .fifo, .specific: .fifo
    case .lifo: .lifo
    case .hifo: .hifo
    case .minimumTax: .minimumTax(rates)
    case .averageCost: .averageCost
    }
  }
}
