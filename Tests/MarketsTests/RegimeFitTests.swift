import Algebra
import Markets
import Testing

@Suite struct RegimeFitTests {
  private func simulated(_ steps: Int, seed: UInt64 = 3) throws -> [[Double]] {
    Sample(try stockBondMarket(), paths: 8, steps: steps, seed: seed).log[0]
  }

  @Test func `a simulated model is recovered`() throws {
    let steps = 20_000
    let fit = try RegimeFit(
      returns: try simulated(steps), regimes: 2, search: .init(starts: 2, tolerance: 1e-8))
    #expect(fit.regimes.map(\.name) == ["calm", "stress"])
    for (k, truth) in stockBondRegimes.enumerated() {
      let count = Double(steps) * [0.673, 0.327][k]
      for i in 0..<2 {
        // Five errors: the regimes are not seen, which costs about as much as a third of the data.
        let error = 5 * truth.volatility[i] / count.squareRoot()
        #expect(abs(fit.regimes[k].mean[i] - truth.mean[i]) < error)
        #expect(abs(fit.regimes[k].volatility[i] - truth.volatility[i]) < error)
      }
      let rho = truth.correlation[0][1]
      #expect(abs(fit.regimes[k].correlation[0][1] - rho) < 5 / count.squareRoot())
      let leaving = stockBondTransition[k][1 - k]
      #expect(
        abs(fit.transition[k][1 - k] - leaving) < 8 * (leaving / count).squareRoot())
      #expect(abs(fit.transition[k][0] + fit.transition[k][1] - 1) < 1e-12)
    }
    #expect(abs(fit.stationary[0] - 0.673) < 0.05)
  }

  @Test(arguments: [2, 3])
  func `no iteration lowers the likelihood`(_ regimes: Int) throws {
    let fit = try RegimeFit(returns: try simulated(2_000), regimes: regimes)
    #expect(fit.logLikelihoods.count > 10)
    for (before, after) in zip(fit.logLikelihoods, fit.logLikelihoods.dropFirst()) {
      #expect(after >= before - 1e-9 * abs(before))
    }
    #expect(fit.startLikelihoods.allSatisfy { $0 <= fit.logLikelihood + 1e-6 * abs($0) })
  }

  @Test func `the likelihood is that of the formula`() throws {
    let returns = try simulated(40)
    let fit = try RegimeFit(
      returns: returns, regimes: 2, search: .init(starts: 4, tolerance: 1e-14))
    // At the maximum the first return has one regime for sure: the better of the two.
    func density(_ x: [Double], _ k: Int) -> Double {
      let r = fit.regimes[k]
      let u = (x[0] - r.mean[0]) / r.volatility[0]
      let v = (x[1] - r.mean[1]) / r.volatility[1]
      let rho = r.correlation[0][1]
      return Double.exp(-0.5 * (u * u - 2 * rho * u * v + v * v) / (1 - rho * rho))
        / (2 * .pi * r.volatility[0] * r.volatility[1] * (1 - rho * rho).squareRoot())
    }
    let byStart = (0..<2).map { first in
      var mass = [0.0, 0.0]
      mass[first] = density(returns[0], first)
      for x in returns.dropFirst() {
        mass = (0..<2).map { to in
          (mass[0] * fit.transition[0][to] + mass[1] * fit.transition[1][to]) * density(x, to)
        }
      }
      return Double.log(mass[0] + mass[1])
    }
    #expect(abs((byStart.max() ?? 0) - fit.logLikelihood) < 1e-4)
  }

  @Test func `a fit repeats to the bit, and another seed finds the same optimum`() throws {
    let returns = try simulated(1_500)
    let fits = try [1, 1, 2].map {
      try RegimeFit(returns: returns, regimes: 2, search: .init(starts: 4, seed: $0))
    }
    #expect(fits[0].transition == fits[1].transition && fits[0].regimes == fits[1].regimes)
    #expect(abs(fits[0].logLikelihood - fits[2].logLikelihood) < 1e-4)
  }

  @Test func `one law of all returns is no better than regimes, and few returns are refused`()
    throws
  {
    let returns = try simulated(2_000)
    let two = try RegimeFit(returns: returns, regimes: 2, search: .init(starts: 3))
    let three = try RegimeFit(returns: returns, regimes: 3, search: .init(starts: 3))
    #expect(three.logLikelihood > two.logLikelihood)
    let error = #expect(throws: RegimeFitError.self) {
      try RegimeFit(returns: Array(returns[..<29]), regimes: 2)
    }
    #expect(
      error?.description
        == "29 returns are too few: at least 30 are needed, and at least 2 regimes")
    let flat = [[Double]](repeating: [0.01, 0.01], count: 100)
    #expect(throws: RegimeFitError.degenerate) { try RegimeFit(returns: flat, regimes: 2) }
  }
}
