import Statistics
import Testing

/// Figures of SciPy 1.17.1, `scipy.stats.norm`.
@Suite struct NormalDistributionTests {
  @Test(arguments: [
    (-30, 4.906713927148e-198), (-5, 2.866515718791933e-07), (-1, 0.15865525393145707), (0, 0.5),
    (2, 0.9772498680518208), (8, 0.9999999999999993),
  ])
  func `probabilities keep their digits in the tails`(_ x: Double, _ expected: Double) {
    #expect(abs(NormalDistribution.cumulative(x) / expected - 1) < 1e-12)
  }

  @Test(arguments: [
    (1e-300, -37.0470962993612), (1e-20, -9.262340089798409), (1e-5, -4.264890793922825),
    (0.025, -1.9599639845400545), (0.9, 1.2815515655446004), (0.975, 1.959963984540054),
    (1 - 1e-10, 6.361340889697422),
  ])
  func `quantiles are those of SciPy`(_ probability: Double, _ expected: Double) {
    #expect(abs(NormalDistribution.quantile(probability) / expected - 1) < 1e-13)
  }

  @Test func `quantiles at and beyond the ends are not numbers by accident`() {
    #expect(abs(NormalDistribution.quantile(0.5)) < 1e-15)
    #expect(NormalDistribution.quantile(0) == -.infinity)
    #expect(NormalDistribution.quantile(1) == .infinity)
    #expect(NormalDistribution.quantile(1.1).isNaN && NormalDistribution.quantile(.nan).isNaN)
  }
}
