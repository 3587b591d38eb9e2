import Algebra
import Foundation
import Statistics
import Testing

@Suite struct SharpeTests {
  struct Variant: Sendable {
    var kernel: HACKernel
    var isPrewhitened: Bool
    /// Standard error and p-value.
    var expected: (Double, Double)
  }

  /// From a NumPy 2.4.6 program of the paper's formulas, with `lstsq`, `svd` and `inv`.
  static let variants = [
    Variant(
      kernel: .quadraticSpectral, isPrewhitened: true,
      expected: (0.061539046473648294, 0.06173945934227184)),
    Variant(
      kernel: .quadraticSpectral, isPrewhitened: false,
      expected: (0.06120044999851083, 0.060313069531282536)),
    Variant(
      kernel: .parzen, isPrewhitened: true,
      expected: (0.06131804029731214, 0.06080708894875417)),
    Variant(
      kernel: .parzen, isPrewhitened: false,
      expected: (0.062273485247954716, 0.06487339243875873)),
  ]

  @Test(arguments: variants)
  func `errors of a difference are those of an independent program`(_ variant: Variant) throws {
    let (first, second) = returns(500)
    #expect(isClose(first.reduce(0, +), 0.6439773647545377, 1e-13))
    let test = try SharpeComparison(
      first, second, kernel: variant.kernel, isPrewhitened: variant.isPrewhitened)
    #expect(isClose(test.first, 0.16791959588616773, 1e-12))
    #expect(isClose(test.second, 0.05295467257294223, 1e-12))
    #expect(isClose(test.difference, 0.1149649233132255, 1e-12))
    #expect(isClose(test.standardError, variant.expected.0, 1e-10))
    #expect(isClose(test.pValue, variant.expected.1, 1e-9))
  }

  @Test(arguments: [
    (HACKernel.quadraticSpectral, 0.3031687215215607), (.parzen, 0.3098102684223692),
  ])
  func `a nearly unstable autoregression is limited`(
    _ kernel: HACKernel, _ expected: Double
  ) throws {
    let (first, second) = returns(500)
    let mean = first.reduce(0, +) / 500
    var (sum, walk) = (0.0, [Double]())
    for value in first.prefix(200) {
      sum += value - mean
      walk.append(sum * 0.01 + 0.0005)
    }
    let test = try SharpeComparison(walk, Array(second.prefix(200)), kernel: kernel)
    #expect(isClose(test.difference, 0.9371451418739581, 1e-11))
    #expect(isClose(test.standardError, expected, 1e-9))
  }

  @Test func `percent or fractions make no difference, and the order only the sign`() throws {
    let (first, second) = returns(300)
    let test = try SharpeComparison(first, second)
    let percent = try SharpeComparison(first.map { $0 * 100 }, second.map { $0 * 100 })
    #expect(isClose(test.pValue, percent.pValue, 1e-10))
    let reversed = try SharpeComparison(second, first)
    #expect(isClose(test.pValue, reversed.pValue, 1e-10))
    #expect(isClose(test.difference, -reversed.difference, 1e-13))
  }

  @Test func `of independent normal returns the error is Jobson and Korkie's`() throws {
    let (first, second) = (normals(5_000, seed: 1), normals(5_000, seed: 2))
    let (a, b) = (first.map { $0 + 0.5 }, second.map { $0 + 0.1 })
    let test = try SharpeComparison(a, b)
    // Variance of each: (1 + SR²/2)/n.
    let expected = ((2 + test.first * test.first / 2 + test.second * test.second / 2) / 5_000)
      .squareRoot()
    #expect(abs(test.standardError / expected - 1) < 0.05)
  }

  @Test func `the test rejects equal ratios as often as it says`() throws {
    var rejections = 0
    for copy in 0..<UInt32(1_000) {
      let common = normals(250, seed: 3, copy: copy)
      let own = [4, 5].map { normals(250, seed: $0, copy: copy) }
      let pair = own.map { zip($0, common).map { 0.1 + $0 + 0.7 * $1 } }
      rejections += try SharpeComparison(pair[0], pair[1]).pValue < 0.05 ? 1 : 0
    }
    // 50 by the limit, a few more in a sample of 250; four standard deviations are 28.
    #expect((25...85).contains(rejections), "\(rejections)")
  }

  @Test func `the block bootstrap agrees with the limit, and repeats for any workers`() throws {
    let (first, second) = returns(500)
    func pValue(seed: UInt64, workers: Int) throws -> Double {
      try SharpeComparison(
        first, second, blockLength: 5, resamples: 4_999, source: RandomSource(seed: seed),
        workers: workers
      ).pValue
    }
    let value = try pValue(seed: 1, workers: 2)
    // 0.0665 ± 0.0018 by a NumPy program with 20 000 draws of its own.
    #expect(abs(value - 0.0665) < 4 * 0.0040, "\(value)")
    #expect(try value == pValue(seed: 1, workers: 1))
    #expect(try value != pValue(seed: 2, workers: 2))
  }

  @Test func `faults of returns are said`() throws {
    let (first, second) = returns(20)
    #expect(
      message { _ = try SharpeComparison(first, Array(second.dropLast())) }
        == "20 and 19 returns are given: both must be of the same periods, at least 20")
    #expect(
      message { _ = try SharpeComparison(first, second.map { _ in 0.5 }) }
        == "the second returns are all 0.5: no Sharpe ratio")
    #expect(
      message { _ = try SharpeComparison(first, first.map { 2 * $0 }) }?.hasPrefix(
        "the series cannot be prewhitened: its variables are linearly dependent") == true)
    #expect(
      message {
        _ = try SharpeComparison(
          first, second, blockLength: 11, source: RandomSource(seed: 1))
      } == "a block length of 11 is given for 20 returns, 1 to 10 are valid")
  }

  @Test func `the deflated ratio of the published example`() throws {
    // Annual SR 2.5, five years of 250 days, 100 trials of variance ½ a year, skewness −3, kurtosis 10.
    let ratio = SharpeRatio(
      value: 2.5 / 250.0.squareRoot(), count: 1_250, skewness: -3, kurtosis: 10)
    let deflated = try ratio.deflated(trials: 100, trialVariance: 0.5 / 250)
    #expect(isClose(deflated.benchmark, 0.11317200186513214, 1e-13))
    #expect(isClose(deflated.probability, 0.9003968344493903, 1e-12))
    #expect(isClose(ratio.probability(), 0.9999968595078976, 1e-13))
    // One trial needs no deflation, and luck grows with trials.
    let alone = try ratio.deflated(trials: 1, trialVariance: 0.5 / 250)
    #expect(alone.benchmark == 0 && alone.probability == ratio.probability())
    let more = try ratio.deflated(trials: 1_000, trialVariance: 0.5 / 250)
    #expect(more.probability < deflated.probability)
    #expect(
      message { _ = try ratio.deflated(trials: 0, trialVariance: 1) }
        == "0 trials are given, at least the one that is judged is needed")
    #expect(
      message { _ = try ratio.deflated(trials: 5, trialVariance: -1) }
        == "the variance among trials is -1.0, 0 or a positive number is valid")
  }

  @Test func `the largest ratio of trials without skill is what formula and simulation say`() throws
  {
    var sum = 0.0
    for copy in 0..<UInt32(4_000) { sum += normals(50, seed: 9, copy: copy).max() ?? 0 }
    let expected = try SharpeRatio.expectedMaximum(trials: 50, trialVariance: 1)
    // The formula is an approximation: 2.2606 where the truth is 2.2491.
    #expect(abs(sum / 4_000 - expected) < 0.05)
  }

  @Test func `moments are those of SciPy`() throws {
    let ratio = try SharpeRatio(returns(500).first)
    #expect(isClose(ratio.value, 0.16791959588616773, 1e-12))
    #expect(isClose(ratio.skewness, -0.07071891515921425, 1e-11))
    #expect(isClose(ratio.kurtosis, 5.006313688561196, 1e-11))
    #expect(
      message { _ = try SharpeRatio([0.1, 0.1]) }
        == "2 returns that do not differ are given: no Sharpe ratio")
  }
}
