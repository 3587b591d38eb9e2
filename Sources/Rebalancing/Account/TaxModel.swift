import Algebra

/// How realised gains are taxed.
public enum TaxModel: Sendable, Hashable, Codable {
  case none
  /// A flat rate on gains over average cost; losses are credited at the same rate.
  case averageCost(rate: Double)
  /// Lots with holding periods, wash sales, netting and carry-forwards.
  case lots(LotTax)

  /// The flat rate; 0 without it.
  var averageCostRate: Double {
    if case .averageCost(let rate) = self { rate } else { 0 }
  }

  /// The lots, where there are any.
  public var lots: LotTax? {
    if case .lots(let tax) = self { tax } else { nil }
  }
}

/// Tax on lots: rates, the order of sale, wash sales, when tax is paid, harvesting.
public struct LotTax: Sendable, Hashable, Codable {
  public var rates: CapitalTaxRates
  /// When tax is paid.
  public var payment: TaxPayment
  /// Which lots a sale takes first.
  public var order: SaleOrder
  /// Slots for lots per asset.
  public var lotsPerAsset: Int
  /// Days on either side of a loss sale within which a purchase washes it; `nil` for no such rule.
  public var washWindow: Int?
  /// How losses are harvested, where they are; every asset but cash has a substitute then, which
  /// moves as the asset does.
  public var harvesting: HarvestingRule?
  /// Whether losses are harvested at every step, whatever the action.
  public var isOverlay: Bool

  public init(
    rates: CapitalTaxRates, payment: TaxPayment = .immediate, order: SaleOrder = .fifo,
    lotsPerAsset: Int = 8, washWindow: Int? = 30, harvesting: HarvestingRule? = nil,
    isOverlay: Bool = true
  ) {
    self.rates = rates
    self.payment = payment
    self.order = order
    self.lotsPerAsset = lotsPerAsset
    self.washWindow = washWindow
    self.harvesting = harvesting
    self.isOverlay = isOverlay
  }

  /// The rules of the lots of so many assets.
  func book<L: Lanes>(assets: Int) -> LotBook<L> {
    LotBook(layout: layout(assets: assets), order: order, rates: rates, washWindow: washWindow)
  }

  /// Where the lots of a group of portfolios lie.
  func layout(assets: Int) -> LotLayout {
    LotLayout(
      assets: assets, lotsPerAsset: lotsPerAsset, hasSubstitutes: harvesting != nil)
  }
}
