import Markets
import Rebalancing

extension EnvironmentSpec {
  /// How costs and taxes are paid.
  private enum PaidFrom: String, CaseIterable {
    case proRata = "pro_rata"
    case cash
  }

  private enum TaxKind: String, CaseIterable {
    case none
    case averageCost = "average_cost"
    case immediate, annual
  }

  private enum HarvestKind: String, CaseIterable {
    case none, overlay, action
  }

  /// What a task says of its account.
  struct Account {
    var payment: Payment
    var tax: TaxModel
    var initialValue: Double
    var initialPrices: [Double]?
    var flows: CashFlows
    var hasHarvestAction: Bool
  }

  /// Reads where money comes from and goes to.
  ///
  /// - Parameters:
  ///   - cash: the cash asset.
  ///   - initialValue: the portfolio's value in currency, if the specification states it.
  static func account(
    _ names: [String], cash: Int?, initialValue: Double?, _ reader: inout SpecReader
  ) throws(SpecError) -> Account {
    let (tax, hasHarvestAction) = try tax(&reader, hasValue: initialValue != nil)
    let isCash = try paysFromCash(tax, cash: cash, &reader)
    let flows = try flows(&reader)
    if !flows.isEmpty {
      guard isCash else {
        throw reader.fault("pay_from", "deposits and withdrawals need `pay_from: cash`")
      }
      guard initialValue != nil else {
        throw reader.fault("initial_value", "missing, flows are in currency")
      }
    }
    let prices =
      reader.has("initial_prices")
      ? try reader.numbers("initial_prices", count: names.count) : nil
    guard prices?.allSatisfy({ $0 > 0 }) != false else {
      throw reader.fault("initial_prices", "positive numbers are expected")
    }
    return Account(
      payment: isCash ? .cash(asset: cash ?? 0) : .proRata, tax: tax,
      initialValue: initialValue ?? 1, initialPrices: prices, flows: flows,
      hasHarvestAction: hasHarvestAction)
  }

  private static func paysFromCash(
    _ tax: TaxModel, cash: Int?, _ reader: inout SpecReader
  ) throws(SpecError) -> Bool {
    let paid: PaidFrom = try reader.choice("pay_from", or: tax.lots == nil ? .proRata : .cash)
    if paid == .proRata, tax.lots != nil {
      throw reader.fault("pay_from", "tax on lots needs `cash`: a payment in kind would be a sale")
    }
    if paid == .cash, cash == nil {
      throw reader.fault("pay_from", "`cash` needs the key cash, the name of the asset that pays")
    }
    return paid == .cash
  }

  private static func tax(
    _ reader: inout SpecReader, hasValue: Bool
  ) throws(SpecError) -> (TaxModel, hasHarvestAction: Bool) {
    let kind: TaxKind = try reader.choice("tax", or: TaxKind.none)
    switch kind {
    case .none: return (.none, false)
    case .averageCost:
      return (.averageCost(rate: try reader.number("tax_rate", in: 0.0..<1, "0 to below 1")), false)
    case .immediate, .annual:
      guard hasValue else {
        throw reader.fault("initial_value", "missing, tax on lots counts in currency")
      }
      let (lots, hasAction) = try lots(kind == .annual ? .annual : .immediate, &reader)
      return (.lots(lots), hasAction)
    }
  }

  private static func lots(
    _ payment: TaxPayment, _ reader: inout SpecReader
  ) throws(SpecError) -> (LotTax, hasHarvestAction: Bool) {
    let short = try reader.number("short_term_rate", in: 0.0..<1, "0 to below 1")
    let long = try reader.number("long_term_rate", in: 0.0..<1, "0 to below 1")
    let rates = CapitalTaxRates(
      short: short, long: long,
      dividends: try reader.number("dividend_rate", or: long, in: 0.0..<1, "0 to below 1"),
      lossLimit: try reader.number("loss_limit", or: 3_000, in: 0.0..., "0 or more"),
      outside: OutsideGains(
        short: try reader.number(
          "outside_short_gains_per_year", or: 0, in: 0...1e12, "0 to 1e12, in currency"),
        long: try reader.number(
          "outside_long_gains_per_year", or: 0, in: 0...1e12, "0 to 1e12, in currency")))
    let order: SaleOrder = try reader.choice("lot_selection", or: .fifo)
    let slots =
      reader.has("lots_per_asset")
      ? try reader.int("lots_per_asset", in: 3...64, "3 to 64") : 8
    let days =
      reader.has("wash_sale_days") ? try reader.int("wash_sale_days", in: 0...366, "0 to 366") : 30
    let kind: HarvestKind = try reader.choice("harvesting", or: HarvestKind.none)
    let rule = kind == .none ? nil : try harvestingRule(&reader)
    return (
      LotTax(
        rates: rates, payment: payment, order: order, lotsPerAsset: slots,
        washWindow: days == 0 ? nil : days, harvesting: rule, isOverlay: kind == .overlay),
      kind == .action
    )
  }

  private static func harvestingRule(
    _ reader: inout SpecReader
  ) throws(SpecError) -> HarvestingRule {
    HarvestingRule(
      minimumBenefit: try reader.number(
        "harvest_minimum_benefit_bp", or: 0, in: 0.0...10_000, "0 to 10000") * 1e-4,
      holdDays: reader.has("substitute_days")
        ? try reader.int("substitute_days", in: 31...3660, "31 to 3660") : 31,
      returning: try reader.choice("substitute_return", or: .stay))
  }

  private static func flows(_ reader: inout SpecReader) throws(SpecError) -> CashFlows {
    var flows = CashFlows()
    for (amount, every, sign) in [
      ("deposit", "deposit_every_steps", 1.0), ("withdrawal", "withdrawal_every_steps", -1.0),
    ] where reader.has(amount) {
      flows.schedules.append(
        CashFlows.Schedule(
          amount: sign * (try reader.number(amount, in: 0.0..., "0 or more, in currency")),
          everySteps: try reader.int(every, in: 1...1_000_000, "1 to 1e6")))
    }
    if reader.has("random_flow_probability") {
      flows.chance = CashFlows.Chance(
        probability: try reader.number("random_flow_probability", in: 0.0...1, "0 to 1"),
        mean: try reader.number("random_flow_mean", or: 0, in: -1e12...1e12, "up to 1e12"),
        deviation: try reader.number("random_flow_deviation", or: 0, in: 0.0...1e12, "0 to 1e12"))
    }
    return flows
  }
}
