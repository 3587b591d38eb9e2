import Foundation
import Oracles
import Testing

@Suite struct HarvestedLossTests {
  @Test(arguments: [
    (1, 0.35, 2208.2), (10, 0.35, 4877.3), (30, 0.35, 21671.5), (1, 0.15, 89.2), (10, 0.15, 1233.1),
    (30, 0.15, 8430.6),
  ])
  func `a harvested loss is worth what is known`(
    _ years: Int, _ shortRate: Double, _ gain: Double
  ) throws {
    let harvest = try HarvestedLoss(
      loss: 10_000, years: Double(years), annualReturn: 0.07, shortRate: shortRate,
      longRate: 0.15)
    #expect(abs(harvest.gain - gain) < 0.05)
    // At equal rates nothing but the deferral is left: L τ (1 − τ)((1 + r)^T − 1).
    let deferral = 10_000 * 0.15 * 0.85 * (pow(1.07, Double(years)) - 1)
    #expect(abs(harvest.gainAtEqualRates - deferral) < 1e-9 * deferral)
  }

  @Test func `a harvest without time or tax changes nothing but the rate`() throws {
    func gain(_ years: Double, _ short: Double, _ long: Double) throws -> Double {
      try HarvestedLoss(
        loss: 100, years: years, annualReturn: 0.05, shortRate: short, longRate: long
      ).gain
    }
    #expect(try abs(gain(0, 0.35, 0.15) - 20) < 1e-12)
    #expect(try gain(30, 0, 0) == 0)
    #expect(try gain(0, 0.1, 0.15) < 0)
  }

  @Test func `harvests out of range are refused`() {
    for p in [
      [-1, 1, 0.1, 0.3, 0.1], [1, -1, 0.1, 0.3, 0.1], [1, 1, -1, 0.3, 0.1], [1, 1, 0.1, 1, 0.1],
      [1, 1, 0.1, 0.3, -0.1], [.nan, 1, 0.1, 0.3, 0.1], [1, 1e9, 1, 0.3, 0.1],
    ] {
      #expect(throws: NoReferenceSolution.self) {
        try HarvestedLoss(
          loss: p[0], years: p[1], annualReturn: p[2], shortRate: p[3], longRate: p[4])
      }
    }
  }
}

@Suite struct TaxDeferralTests {
  private func solved(
    _ change: (inout TaxDeferral.Parameters) -> Void
  ) throws -> TaxDeferral {
    var parameters = TaxDeferral.Parameters()
    change(&parameters)
    return try TaxDeferral(parameters)
  }

  private func cost(_ deferral: TaxDeferral, _ rule: TaxDeferral.Rule) throws -> TaxDeferral.Cost {
    try #require(deferral.costs[rule])
  }

  @Test func `one month sells until the tax of a unit outweighs its drift`() throws {
    // τ g = γσ²(v − w*)/12, and the basis steps up after.
    for gain in [0.005, 0.02, 0.05] {
      let deferral = try solved {
        ($0.months, $0.end, $0.gain, $0.monthsHeld) = (1, .stepUp, gain, 20)
      }
      let share = 1 - 1 / (1 + gain)
      let v = 0.6 + 0.15 * share * 12 / (5 * 0.1628 * 0.1628)
      // Half a node is .0006 of weight.
      #expect(abs(deferral.firstDestination - min(v, 0.8)) < 7e-4, "\(deferral.firstDestination)")
    }
  }

  @Test func `without tax the optimum is that of a sale that is free`() throws {
    let deferral = try solved {
      ($0.shortRate, $0.longRate, $0.months, $0.gain) = (0, 0, 24, 0.7)
    }
    let cost = try cost(deferral, .optimum)
    #expect(cost.tax == 0)
    #expect(abs(cost.total - Self.freeSales(months: 24)) < 1e-12)
    // The gain then does not matter at all.
    let other = try solved { ($0.shortRate, $0.longRate, $0.months, $0.gain) = (0, 0, 24, -0.4) }
    #expect(other.costs[.optimum] == cost)
  }

  /// The problem without tax, in one dimension: the price does not matter.
  private static func freeSales(months: Int) -> Double {
    let move = 0.1628 / 12.0.squareRoot()
    let rise = 0.5 + 0.0285 / 0.1628 / 12.0.squareRoot() / 2
    let places = 900
    let weights = (-places...places).map {
      1 / (1 + exp(-(log(1.5) + Double($0) * move / 10)))
    }
    func drift(_ v: Double) -> Double { 2.5 * 0.1628 * 0.1628 * (v - 0.6) * (v - 0.6) / 12 }
    var value = [Double](repeating: 0, count: weights.count)
    var held = value
    for _ in 0..<months {
      for j in weights.indices {
        held[j] =
          drift(weights[j]) + rise * value[min(j + 10, 2 * places)]
          + (1 - rise) * value[max(j - 10, 0)]
      }
      for j in weights.indices { value[j] = min(held[j], j > 0 ? value[j - 1] : .infinity) }
    }
    let last = weights.lastIndex { $0 < 0.8 } ?? 0
    return value[last]
  }

  @Test func `without drift cost and with a step-up no gain is ever realised`() throws {
    let deferral = try solved {
      ($0.riskAversion, $0.end, $0.gain, $0.months) = (0, .stepUp, 50, 24)
    }
    let optimum = try cost(deferral, .optimum)
    #expect(optimum.total == 0 && deferral.firstDestination == 0.8)
    #expect(try cost(deferral, .always).tax > 0)
  }

  @Test func `waiting for the long term saves the difference of the rates`() throws {
    // A price that hardly moves and no drift cost: all is sold at the end, at the long-term rate.
    let deferral = try solved {
      ($0.riskAversion, $0.volatility, $0.drift, $0.months) = (0, 0.01, 0, 12)
    }
    let tax = 0.8 / 3
    let never = try cost(deferral, .never)
    #expect(abs(never.total - 0.15 * tax) < 2e-4)
    #expect(try cost(deferral, .optimum).total <= never.total + 1e-15)
    let always = try cost(deferral, .always)
    #expect(abs(always.tax - (0.35 * 0.2 / 3 + 0.15 * 0.6 / 3)) < 2e-3)
    #expect(deferral.firstDestination == 0.8)
  }

  @Test(arguments: [(12, 0.35), (13, 0.15)])
  func `a gain is long term after more than twelve months`(_ held: Int, _ rate: Double) throws {
    // One month of a price that hardly moves: what is not sold now is sold at its end, long term.
    let deferral = try solved {
      ($0.riskAversion, $0.volatility, $0.drift, $0.months) = (0, 0.01, 0, 1)
      $0.monthsHeld = held
    }
    let always = try cost(deferral, .always)
    #expect(abs(always.tax - (rate * 0.2 / 3 + 0.15 * 0.6 / 3)) < 1e-4)
    let (never, once) = (try cost(deferral, .never), try cost(deferral, .onceLongTerm))
    #expect(once == (held > 12 ? always : never))
    #expect(abs(never.tax - 0.15 * 0.8 / 3) < 1e-4)
  }

  @Test func `a month of holding costs the drift of the weight itself, between nodes too`() throws {
    for weight in [0.8, 0.8003, 0.7001] {
      let deferral = try solved { ($0.months, $0.end, $0.weight) = (1, .stepUp, weight) }
      let drift = 2.5 * 0.1628 * 0.1628 * (weight - 0.6) * (weight - 0.6) / 12
      #expect(abs(try cost(deferral, .never).drift / drift - 1) < 1e-4)
      #expect(try cost(deferral, .never).tax == 0)
    }
  }

  @Test func `no rule costs less than the optimum, and its parts are its total`() throws {
    for end in TaxDeferral.End.allCases {
      for (gain, held) in [(0.5, 6), (0.05, 0), (-0.2, 6), (3, 40)] {
        let deferral = try solved {
          ($0.end, $0.gain, $0.monthsHeld, $0.months) = (end, gain, held, 36)
        }
        let optimum = try cost(deferral, .optimum).total
        for rule in TaxDeferral.Rule.allCases {
          #expect(try cost(deferral, rule).total >= optimum - 1e-12, "\(end) \(gain) \(rule)")
        }
      }
    }
  }

  @Test func `parameters of a deferral out of range are refused`() {
    let changes: [@Sendable (inout TaxDeferral.Parameters) -> Void] = [
      { $0.weight = 0 }, { $0.weight = 1 }, { $0.target = .nan }, { $0.gain = -1 },
      { $0.months = 0 }, { $0.months = 181 }, { $0.monthsHeld = -1 }, { $0.volatility = 0 },
      { $0.drift = 1 }, { $0.riskAversion = -1 }, { $0.shortRate = 1 }, { $0.longRate = -0.1 },
    ]
    for change in changes {
      #expect(throws: NoReferenceSolution.self) { try solved(change) }
    }
  }
}
