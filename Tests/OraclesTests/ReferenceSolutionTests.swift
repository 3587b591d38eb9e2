import Oracles
import Testing

/// Parameters and what is published for them.
struct PublishedGrowth: Sendable, CustomTestStringConvertible {
  var mean, volatility, riskAversion, spread: Double
  /// π₋, π₊, loss in bp, share turnover, wealth turnover.
  var figures: [Double]
  var testDescription: String { "μ \(mean) σ \(volatility) γ \(riskAversion) ε \(spread)" }

  init(_ parameters: [Double], _ figures: [Double]) {
    (mean, volatility) = (parameters[0], parameters[1])
    (riskAversion, spread) = (parameters[2], parameters[3])
    self.figures = figures
  }
}

private let published = [
  PublishedGrowth([0.08, 0.16, 5, 0.0001], [0.61563, 0.63437, 0.0562, 0.12103, 0.07585]),
  PublishedGrowth([0.08, 0.16, 5, 0.001], [0.60485, 0.64515, 0.2598, 0.05788, 0.03662]),
  PublishedGrowth([0.08, 0.16, 5, 0.01], [0.58194, 0.66806, 1.1865, 0.03030, 0.01986]),
  PublishedGrowth([0.08, 0.16, 5, 0.05], [0.55259, 0.69741, 3.3554, 0.02183, 0.01510]),
  PublishedGrowth([0.05, 0.18, 3, 0.001], [0.48947, 0.53934, 0.3021, 0.07866, 0.04077]),
  PublishedGrowth([0.08, 0.16, 2, 0.01], [1.42093, 1.70407, 5.1306, 0.04531, 0.06740]),
]

@Suite struct ReferenceSolutionTests {
  @Test(arguments: published)
  func `long-run growth under proportional costs is as published`(
    _ example: PublishedGrowth
  ) throws {
    let optimum = try GrowthOptimum(
      mean: example.mean, volatility: example.volatility, riskAversion: example.riskAversion,
      spread: example.spread)
    let ours = [
      optimum.buyBoundary, optimum.sellBoundary, optimum.loss * 1e4, optimum.shareTurnover,
      optimum.wealthTurnover,
    ]
    // The loss has four decimals, the rest five.
    let tolerances = [1e-5, 1e-5, 1e-4, 1e-5, 1e-5]
    for (i, (figure, tolerance)) in zip(example.figures, tolerances).enumerated() {
      #expect(abs(ours[i] - figure) < tolerance, "figure \(i): \(ours[i])")
    }
  }

  @Test func `an investor of logarithmic utility is a special case`() throws {
    // Found by maximising growth over both boundaries, without the differential equation.
    let optimum = try GrowthOptimum(
      mean: 0.024, volatility: 0.2, riskAversion: 1, spread: 0.01)
    #expect(abs(optimum.buyBoundary - 0.525053) < 1e-6)
    #expect(abs(optimum.sellBoundary - 0.674947) < 1e-6)
    #expect(abs(optimum.equivalentSafeRate * 1e4 - 70.87657) < 1e-5)
  }

  private static let parameters: [([Double], Bool)] = [
    ([0.08, 0.16, 5, 0.01], false), ([0, 0.16, 5, 0.01], true), ([0.08, 0.16, 5, 0], true),
    ([0.08, 0.16, 5, 1], true), ([0.0512, 0.16, 2, 0.01], true), ([0.08, .nan, 5, 0.01], true),
  ]

  @Test(arguments: parameters)
  func `parameters without a solution are refused`(_ p: [Double], _ isRefused: Bool) {
    let optimum = try? GrowthOptimum(
      mean: p[0], volatility: p[1], riskAversion: p[2], spread: p[3])
    #expect((optimum == nil) == isRefused)
  }

  @Test func `trading under quadratic costs is as published`() throws {
    let optimum = try QuadraticCostOptimum(
      riskAversion: 2, tradingCost: 5, discount: 0.02,
      covariance: [[0.04, 0.012], [0.012, 0.09]], loadings: [[0.01, 0.005], [0.002, 0.01]],
      reversion: [[0.1, 0.02], [0, 0.03]])
    #expect(abs(optimum.rate - 0.4562685404) < 1e-10)
    let aims = [[0.11375985, 0.04365396], [-0.00519451, 0.04767681]]
    for (row, expected) in zip(optimum.aimLoadings, aims) {
      for (a, b) in zip(row, expected) { #expect(abs(a - b) < 1e-8) }
    }
    #expect(throws: NoReferenceSolution.self) {
      try QuadraticCostOptimum(
        riskAversion: 2, tradingCost: 5, discount: 0, covariance: [[1, 1], [1, 1]],
        loadings: [[1], [1]], reversion: [[0.1]])
    }
    #expect(throws: NoReferenceSolution.self) {
      try QuadraticCostOptimum(
        riskAversion: 2, tradingCost: 5, discount: 0, covariance: [[1]], loadings: [[1, 1]],
        reversion: [[0.1]])
    }
  }

  @Test func `rules for small costs have their known ratios to the optimum`() throws {
    let (s, sigma) = (0.1628 * 0.24, 0.1628)
    let forms = try SmallCostForms(
      target: 0.6, volatility: sigma, costPerUnit: 0.002, riskAversion: 5, fixedCost: 1e-5
    ).forms
    let ratios = forms.compactMap(\.ratio)
    let known = [1, 1.2599, 1.1079, 1.0357, 1.0068, 1.0015, 1.563]
    #expect(ratios.count == known.count)
    for (ratio, expected) in zip(ratios, known) {
      #expect(abs(ratio - expected) < (expected == 1.563 ? 5e-4 : 5e-5), "\(ratio)")
    }
    let products = forms.dropLast().map { $0.deviation * $0.turnover / (s * s) }
    let floors = [0.2887, 0.4082, 0.3367, 0.3043, 0.2916, 0.2893, 0.5642]
    for (product, expected) in zip(products, floors) {
      #expect(abs(product - expected) < 5e-5, "\(product)")
    }
    // 3 κ w²(1−w)² / (2γ) = 3.456e-5.
    #expect(abs(forms[0].parameter * forms[0].parameter * forms[0].parameter - 3.456e-5) < 1e-15)
    let k = 5 * sigma * sigma / 2
    #expect(abs(forms[0].cost - k * forms[0].parameter * forms[0].parameter) < 1e-12)
    let fixed = try #require(forms.last)
    #expect(abs(fixed.cost - k * fixed.parameter * fixed.parameter / 3) < 1e-12)
    #expect(
      abs(
        fixed.cost
          - (1e-5 * s * s / (fixed.parameter * fixed.parameter)
            + k * fixed.deviation * fixed.deviation)) < 1e-12)
  }
}
