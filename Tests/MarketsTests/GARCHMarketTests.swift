import Algebra
import Foundation
import Markets
import Testing

@Suite struct GARCHMarketTests {
  /// Daily, in percent of percent: the stock of `envs/stock-bond-garch-v0.yaml` and a symmetric
  /// second asset.
  static let equations = [
    GARCHMarket<Double>.Equation(
      mean: 3.01e-4, omega: 0.02025e-4, alpha: 0, gamma: 0.18132, beta: 0.88976),
    GARCHMarket<Double>.Equation(
      mean: 1e-4, omega: 0.01e-4, alpha: 0.08, gamma: 0, beta: 0.87),
  ]

  private func market(
    _ equations: [GARCHMarket<Double>.Equation] = equations, correlation: Double = -0.3,
    degreesOfFreedom: Int? = nil, kind: ReturnKind = .log
  ) throws -> Market<Double> {
    .garch(
      try GARCHMarket(
        equations, correlation: [[1, correlation], [correlation, 1]], returnKind: kind,
        degreesOfFreedom: degreesOfFreedom, stepsPerYear: 252))
  }

  @Test func `the unconditional variance is ω over 1 − α − γ÷2 − β`() {
    #expect(abs(Self.equations[0].unconditionalVariance - 0.02025e-4 / 0.01958) < 1e-15)
    #expect(abs(Self.equations[0].unconditionalVariance.squareRoot() - 0.01017) < 1e-5)
    #expect(abs(Self.equations[1].unconditionalVariance - 0.2e-4) < 1e-18)
  }

  @Test(arguments: ReturnKind.allCases)
  func `the state is the naive recursion, and all that is known follows from it`(
    _ kind: ReturnKind
  ) throws {
    for copy in 0..<4 as Range<UInt32> {
      var walk = Walk<Double>(try market(kind: kind), firstCopy: copy)
      var variances = Self.equations.map(\.unconditionalVariance)
      for _ in 0..<500 {
        for i in 0..<2 {
          let deviation = (variances[i] * 252).squareRoot()
          #expect(abs(walk.state[i] / variances[i] - 1) < 1e-9)
          #expect(abs(walk.volatility[i] / deviation - 1) < 1e-9)
          #expect(abs(walk.covariance[3 * i] / deviation / deviation - 1) < 1e-9)
        }
        let cross = -0.3 * 252 * (variances[0] * variances[1]).squareRoot()
        #expect(abs(walk.covariance[1] / cross - 1) < 1e-9)
        #expect(walk.covariance[1] == walk.covariance[2])
        #expect(walk.volatilityIndex == 100 * walk.volatility[0])
        walk.step()
        for i in 0..<2 {
          let e = Self.equations[i]
          let shock = (kind == .log ? walk.logReturns[i] : walk.growth[i] - 1) - e.mean
          let weight = shock < 0 ? e.alpha + e.gamma : e.alpha
          variances[i] = e.omega + weight * shock * shock + e.beta * variances[i]
        }
      }
    }
  }

  @Test func `the variance stays at its mean, and innovations are correlated`() throws {
    let paths = 20_000
    let sample = Sample(try market(), paths: paths, steps: 60)
    for step in [0, 1, 10, 59] {
      let moments = Moments(sample.log.map { $0[step] })
      for i in 0..<2 {
        let e = Self.equations[i]
        let fourth = sample.log.reduce(0) { $0 + pow($1[step][i] - e.mean, 4) } / Double(paths)
        let variance = e.unconditionalVariance
        let error = (fourth - variance * variance).squareRoot()
        #expect(abs(moments.means[i] - e.mean) < moments.fourErrors(variance.squareRoot()))
        #expect(abs(moments.covariances[i][i] - variance) < moments.fourErrors(error))
      }
      if step == 0 { #expect(abs(moments.correlation(0, 1) + 0.3) < moments.fourErrors(0.91)) }
    }
  }

  @Test func `squared returns are correlated as in a GARCH(1,1)`() throws {
    // With kurtosis finite: ρ₁ = α (1 − β² − αβ) / (1 − β² − 2αβ), ρ_k = (α + β)^(k−1) ρ₁.
    let equation = GARCHMarket<Double>.Equation(
      mean: 0, omega: 1e-5, alpha: 0.1, gamma: 0, beta: 0.7)
    let sample = Sample(try market([equation, equation]), paths: 80, steps: 20_000)
    let (a, b) = (0.1, 0.7)
    let first = a * (1 - b * b - a * b) / (1 - b * b - 2 * a * b)
    for lag in [1, 2, 5, 10] {
      let values = sample.log.map { path in
        autocorrelation(path.map { $0[0] * $0[0] }, lag: lag)
      }
      let statistics = RunningStatistics(values)
      let expected = first * pow(a + b, Double(lag - 1))
      #expect(abs(statistics.mean - expected) < 4 * statistics.standardError)
      #expect(statistics.standardError < 0.1 * first)
    }
    let plain = RunningStatistics(sample.log.map { autocorrelation($0.map { $0[0] }, lag: 1) })
    #expect(abs(plain.mean) < 4 * plain.standardError)
    // Kurtosis 3 (1 − (α+β)²) / (1 − (α+β)² − 2α²).
    let kurtosis = 3 * (1 - 0.64) / (1 - 0.64 - 0.02)
    let found = RunningStatistics(
      sample.log.map { path in
        let fourth = path.reduce(0) { $0 + pow($1[0], 4) } / Double(path.count)
        let second = path.reduce(0) { $0 + pow($1[0], 2) } / Double(path.count)
        return fourth / second / second
      })
    #expect(abs(found.mean - kurtosis) < 4 * found.standardError)
  }

  @Test func `only losses of the first asset raise its variance`() throws {
    var walk = Walk<SIMD8<Double>>(try market())
    for _ in 0..<300 {
      let before = walk.state[0]
      walk.step()
      for lane in 0..<8 where walk.logReturns[0][lane] > Self.equations[0].mean + 1e-9 {
        let expected = 0.02025e-4 + 0.88976 * before[lane]
        #expect(abs(walk.state[0][lane] / expected - 1) < 1e-12)
      }
    }
  }

  @Test(arguments: [4, 6, 10])
  func `t innovations have unit variance, and their tails come together`(_ nu: Int) throws {
    let flat = GARCHMarket<Double>.Equation(mean: 0, omega: 1, alpha: 0, gamma: 0, beta: 0)
    let paths = 40_000
    let sample = Sample(
      try market([flat, flat], correlation: 0, degreesOfFreedom: nu, kind: .log), paths: paths,
      steps: 5)
    let rows = sample.log.flatMap { $0 }
    let moments = Moments(rows)
    // With ν = 4 the fourth moment is infinite: compare quantiles instead of second moments.
    if nu > 4 {
      let kurtosis = 3 + 6 / Double(nu - 4)
      let error = nu > 8 ? (kurtosis - 1).squareRoot() : 4
      #expect(abs(moments.covariances[0][0] - 1) < moments.fourErrors(error))
    }
    // P(|t₄| > 4.604) = P(|t₆| > 3.707) = P(|t₁₀| > 3.169) = 1 %.
    let limit = nu == 4 ? 4.604 : nu == 6 ? 3.707 : 3.169
    let scale = (Double(nu - 2) / Double(nu)).squareRoot()
    func tail(_ i: Int) -> [Bool] { rows.map { abs($0[i]) > limit * scale } }
    let count = Double(rows.count)
    for i in 0..<2 {
      let share = Double(tail(i).count { $0 }) / count
      #expect(abs(share - 0.01) < 4 * (0.01 * 0.99 / count).squareRoot())
    }
    let both = Double(zip(tail(0), tail(1)).count { $0 && $1 }) / count
    // Independent tails would meet once in ten thousand.
    #expect(both > 0.0004)
  }

  @Test func `equations without a mean variance are not stationary`() {
    func equation(_ omega: Double, _ alpha: Double, _ gamma: Double, _ beta: Double) -> Bool {
      GARCHMarket<Double>.Equation(
        mean: 0, omega: omega, alpha: alpha, gamma: gamma, beta: beta
      ).isStationary
    }
    #expect(equation(1, 0.1, 0.1, 0.8) && equation(1, 0.1, -0.1, 0.8))
    #expect(!equation(-1, 0.1, 0.1, 0.8) && !equation(1, -0.1, 0.1, 0.8))
    #expect(!equation(1, 0.1, -0.2, 0.8) && !equation(1, 0.1, 0.1, -0.1))
    #expect(!equation(1, 0.1, 0.1, 0.86))
  }
}
