/// What can be observed of a portfolio beyond weights, returns and basis: one line each.
///
/// All are known at the decision. An environment computes them (`FactKernel`); a snapshot from
/// production brings them, and one that lacks a needed fact is refused by name.
public enum Fact: String, Sendable, Hashable, CaseIterable, Codable {
  case tradeCostToTarget = "trade_cost_to_target"
  case taxToTarget = "tax_to_target"
  case harvestableLoss = "harvestable_loss"
  case daysToLongTerm = "days_to_long_term"
  case carriedLosses = "carried_losses"
  case accruedTax = "accrued_tax"
  case washSaleDaysOfSale = "wash_sale_days_of_sale"
  case washSaleDaysOfPurchase = "wash_sale_days_of_purchase"
  case volatility
  case volatilityIndex = "volatility_index"
  case regimeProbability = "regime_probability"
  case oracleRegime = "oracle_regime"
  case volatilityIndexRise = "volatility_index_rise"
  case driftCostPerYear = "drift_cost_per_year"
  case inflow
  case trend
  case daysSinceTrade = "days_since_trade"
  case calendarPhase = "calendar_phase"
  case pendingFlow = "pending_flow"
  case valueGrowth = "value_growth"
  case stepsLeft = "steps_left"
  case cappedShare = "capped_share"
  case availability

  /// How many numbers a fact is.
  enum Shape {
    case one, two, perAsset, perRegime
  }

  /// Unit, range and shape.
  var definition: (unit: String, low: Float, high: Float, shape: Shape) {
    let infinity = Float.infinity
    switch self {
    case .tradeCostToTarget: return ("fraction of value", -infinity, infinity, .one)
    case .taxToTarget: return ("fraction of value", -infinity, infinity, .one)
    case .harvestableLoss: return ("fraction of value", 0, infinity, .perAsset)
    case .daysToLongTerm: return ("days / 365", 0, infinity, .perAsset)
    case .carriedLosses: return ("fraction of value: short-term, long-term", 0, infinity, .two)
    case .accruedTax: return ("fraction of value", -infinity, infinity, .one)
    case .washSaleDaysOfSale:
      return ("days / 30 on which a loss sale is washed", 0, infinity, .perAsset)
    case .washSaleDaysOfPurchase:
      return ("days / 30 on which a purchase washes", 0, infinity, .perAsset)
    case .volatility: return ("per √year", 0, infinity, .perAsset)
    case .volatilityIndex: return ("percent per √year", 0, infinity, .one)
    case .volatilityIndexRise:
      return ("share of what it was `volatility_rise_steps` ago", -1, infinity, .one)
    case .driftCostPerYear:
      return ("fraction of value, if nothing is traded", 0, infinity, .one)
    case .inflow:
      return (
        "flows and dividends since the last decision, fraction of value", -infinity, infinity, .one
      )
    case .regimeProbability: return ("probability for the coming step", 0, 1, .perRegime)
    case .oracleRegime: return ("number of the regime in force", 0, infinity, .one)
    case .trend:
      return ("mean log return per step, exponentially weighted", -infinity, infinity, .perAsset)
    case .daysSinceTrade: return ("days / 365", 0, infinity, .one)
    case .calendarPhase: return ("sine, cosine of the day of the year", -1, 1, .two)
    case .pendingFlow: return ("fraction of value", -infinity, infinity, .one)
    case .valueGrowth:
      return ("log of value over initial value, flows included", -infinity, infinity, .one)
    case .stepsLeft: return ("fraction of the horizon", 0, 1, .one)
    case .cappedShare: return ("part of the last wanted trade beyond the volume cap", 0, 1, .one)
    case .availability: return ("1 tradable, 0 not", 0, 1, .perAsset)
    }
  }
}
