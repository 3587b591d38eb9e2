import Experiments
import Rebalancing
import Testing

private let names = ["A", "B", "CASH"]

private func costs(_ text: String) throws -> TradingCosts {
  try EnvironmentSpec.tradingCosts(
    names, SpecValue(yaml: text, file: "costs.yaml"), file: "costs.yaml")
}

/// Keys of costs that do not fit and what is said about them.
private struct Fault: Sendable, CustomTestStringConvertible {
  let text: String
  let message: String
  init(_ text: String, _ message: String) {
    self.text = text
    self.message = message
  }
  var testDescription: String { text }
}

private let faults = [
  Fault("half_spread_bp: -1", "1: half_spread_bp: -1.0 is given for A, 0 or more is valid"),
  Fault("commission_bp: 1", " the key “half_spread_bp” is missing"),
  Fault(
    "half_spread_bp: 20\ncommission_bp: 9990",
    "1: half_spread_bp: costs from 0 to below 10000 bp are valid"),
  Fault(
    "half_spread_bp: 1\ncommission_bp: [1, -2, 0]",
    "2: commission_bp: -2.0 is given for B, 0 or more is valid"),
  Fault("half_spread_bp: [1, 2]", "1: half_spread_bp: 2 numbers for 3 assets"),
  Fault(
    "half_spread_bp: 1\nmaker_share: 1.5", "2: maker_share: 1.5 is given for A, 0 to 1 is valid"),
  Fault(
    "half_spread_bp: 1\nmaker_fee_bp: -20000",
    "2: maker_fee_bp: -20000.0 is given for A, -10000 to 10000 is valid"),
  Fault(
    "half_spread_bp: [1, 2, 3]\ncash: CASH",
    "1: half_spread_bp: 3.0 is given for CASH, 0 is valid"),
  Fault("half_spread_bp: 1\ncash: X", "2: cash: “X” is given, valid are A, B, CASH"),
  Fault("half_spread_bp: 1\nfrozen: [X]", "2: frozen: “X” is given, valid are A, B, CASH"),
  Fault(
    "half_spread_bp: 1\ncash: CASH\nfrozen: [CASH]",
    "3: frozen: “CASH” is given, valid are A, B"),
  Fault(
    "half_spread_bp: 1\nfrozen: [A, B]",
    "2: frozen: 2 of 3 assets are given, two must be tradable"),
  Fault(
    "half_spread_bp: 1\nminimum_trade: 1",
    "2: minimum_trade: 1.0 is given for A, 0 to below 1 is valid"),
  Fault(
    "half_spread_bp: 1\nimpact: linear",
    "2: impact: “linear” is given, valid are none, square_root, almgren, i_star"),
  Fault(
    "half_spread_bp: 1\nimpact: almgren",
    "2: impact: almgren is given, it needs the key “adv”"),
  Fault(
    "half_spread_bp: 1\ninitial_value: 1e6\nadv: 1e6\nimpact: almgren",
    " the key “shares_outstanding” is missing"),
  Fault(
    "half_spread_bp: 1\ninitial_value: 1e6\nadv: 1e6\nimpact: i_star",
    " the key “execution_days” is missing"),
  Fault(
    "half_spread_bp: 1\ninitial_value: 1e6\nadv: 1e6\nimpact: i_star\nexecution_days: 0",
    "5: execution_days: 0.0 is given, a positive number is valid"),
  Fault(
    "half_spread_bp: 1\ninitial_value: 1e6\nadv: [1e6, 0, 1e6]",
    "3: adv: 0.0 is given for B, a positive number is valid"),
  Fault("half_spread_bp: 1\nadv_cap: 0.1", "2: unknown key “adv_cap”; valid here are adv, "),
  Fault(
    "half_spread_bp: 1\nimpact_coefficient: 1",
    "2: unknown key “impact_coefficient”; valid here are adv, "),
  Fault(
    "half_spread_bp: 1\ninitial_value: 0\nticket: 1",
    "2: initial_value: 0.0 is given, a positive number is valid"),
  Fault(
    "half_spread_bp: 1\ninitial_value: 1\nticket: -1",
    "3: ticket: -1.0 is given for A, 0 or more is valid"),
]

@Suite struct CostSpecTests {
  @Test func `every key of costs reaches the task`() throws {
    let costs = try costs(
      """
      initial_value: 1e6
      half_spread_bp: [2, 4, 0]
      commission_bp: 1
      commission_per_unit: 0.005
      minimum_commission: [1, 2, 0]
      ticket: 3
      maker_fee_bp: -2
      taker_fee_bp: 3
      maker_share: 0.25
      adv: [1e6, 2e6, 0]
      adv_cap: 0.1
      minimum_trade: 0.01
      minimum_trade_currency: 500
      frozen: []
      cash: CASH
      """)
    #expect(costs.cash == 2 && costs.assets.count == 3)
    let expected = AssetCosts(
      halfSpread: 4 * 1e-4, commission: 1e-4, commissionPerUnit: 0.005, minimumCommission: 2,
      ticket: 3, fees: VenueFees(maker: -2 * 1e-4, taker: 3 * 1e-4, makerShare: 0.25),
      adv: 2e6, participationCap: 0.1, minimumTrade: 0.01, minimumTradeValue: 500)
    #expect(costs.assets[1] == expected)
    #expect(costs.assets[0].halfSpread == 2e-4 && costs.assets[0].adv == 1e6)
    #expect(costs.assets[2].adv == nil && costs.assets[2].impact == .none)
  }

  @Test func `half spread and commission alone are in proportion`() throws {
    let plain = try costs("half_spread_bp: [10, 20, 30]\ncommission_bp: 1")
    let perUnit = try #require(plain.proportionalPerUnit)
    #expect(zip(perUnit, [0.0011, 0.0021, 0.0031]).allSatisfy { abs($0 - $1) < 1e-18 })
    #expect(plain.cash == nil && !plain.hasFilters && !plain.needsValue)
  }

  @Test func `frozen assets are named`() throws {
    let costs = try costs("half_spread_bp: 1\nfrozen: [B]")
    #expect(costs.assets.map(\.isFrozen) == [false, true, false])
  }

  @Test(arguments: [
    (
      "impact: square_root\nimpact_base_bp: 2\nimpact_coefficient: 0.8",
      Impact<Double>.squareRoot(SquareRootImpact(base: 2 * 1e-4, coefficient: 0.8))
    ),
    ("impact: square_root", .squareRoot(SquareRootImpact(base: 0, coefficient: 1))),
    (
      "impact: almgren\nshares_outstanding: 1e8\nexecution_days: 0.2",
      .almgren(AlmgrenImpact(sharesOutstanding: 1e8, executionDays: 0.2))
    ),
    ("impact: i_star\nexecution_days: 1", .iStar(IStarImpact(executionDays: 1))),
    (
      "impact: i_star\nexecution_days: 2\ni_star_a1_bp: 700\ni_star_a2: 0.5\ni_star_a3: 0.6\n"
        + "i_star_a4: 0.4\ni_star_b1: 0.9",
      .iStar(
        IStarImpact(
          executionDays: 2, sensitivity: 700, sizeExponent: 0.5, volatilityExponent: 0.6,
          rateExponent: 0.4, temporaryShare: 0.9))
    ),
    ("impact: none", .none),
  ])
  func `impact models are read with their parameters`(_ keys: String, _ impact: Impact<Double>)
    throws
  {
    let costs = try costs("half_spread_bp: 1\ninitial_value: 1e6\nadv: 1e6\n" + keys)
    #expect(costs.assets.allSatisfy { $0.impact == impact && $0.participationCap == 0.05 })
  }

  @Test(arguments: [
    "ticket", "minimum_commission", "commission_per_unit", "minimum_trade_currency", "adv",
  ])
  func `what is in currency needs the initial value`(_ key: String) throws {
    let error = #expect(throws: SpecError.self) { try costs("half_spread_bp: 1\n\(key): 5") }
    let words = "is given without “initial_value”: it needs the portfolio's value in currency"
    #expect(error?.description == "costs.yaml:2: \(key): \(words)")
    #expect(try costs("half_spread_bp: 1\ninitial_value: 100\n\(key): 5").needsValue)
  }

  @Test(arguments: faults)
  private func `a fault names the key, what is given and what is valid`(_ fault: Fault) {
    let error = #expect(throws: SpecError.self) { try costs(fault.text) }
    let description = error?.description ?? ""
    #expect(
      description.hasPrefix("costs.yaml:") && description.contains(fault.message),
      "\(description)")
  }
}
