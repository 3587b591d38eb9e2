import Algebra
import Foundation
import Markets
import Testing

/// The monthly stock and bond regimes of `envs/stock-bond-regimes-v0.yaml`.
let stockBondRegimes = [
  RegimeMarket<Double>.Regime(
    name: "calm", mean: [0.01361, 0.00458], volatility: [0.03010, 0.01538],
    correlation: [[1, 0.165], [0.165, 1]]),
  RegimeMarket<Double>.Regime(
    name: "stress", mean: [0.00032, 0.00692], volatility: [0.05735, 0.02127],
    correlation: [[1, -0.174], [-0.174, 1]]),
]
let stockBondTransition = [[0.9834, 0.0166], [0.0343, 0.9657]]

func stockBondMarket(
  _ kind: ReturnKind = .log, start: RegimeMarket<Double>.Start = .stationary
) throws -> Market<Double> {
  .regimes(
    try RegimeMarket(
      stockBondRegimes, transition: stockBondTransition, start: start, returnKind: kind,
      stepsPerYear: 12))
}

@Suite struct RegimeMarketTests {
  @Test func `the stationary law is that of the published fit`() throws {
    guard case .regimes(let market) = try stockBondMarket() else { return }
    // p₂₁ / (p₁₂ + p₂₁).
    #expect(abs(market.stationary[0] - 0.0343 / 0.0509) < 1e-14)
    #expect(abs(market.stationary[0] - 0.673) < 0.001)
    #expect(abs(market.stationary[1] - 0.327) < 0.001)
  }

  @Test func `the average covariance is that of the regimes by how long they last`() throws {
    let market = try stockBondMarket()
    let covariance = try #require(market.averageCovariance)
    let calm = 0.0343 / 0.0509
    let expected = [
      12 * (calm * 0.03010 * 0.03010 + (1 - calm) * 0.05735 * 0.05735),
      12 * (calm * 0.165 * 0.03010 * 0.01538 - (1 - calm) * 0.174 * 0.05735 * 0.02127),
    ]
    #expect(abs(covariance[0] - expected[0]) < 1e-14)
    #expect(abs(covariance[1] - expected[1]) < 1e-14)
    #expect(abs(covariance[1] - covariance[2]) < 1e-14)
    #expect(market.constantCovariance == nil)
  }

  @Test func `a cyclic chain of three has the law that solves its balance`() throws {
    let regimes = Array(repeating: stockBondRegimes[0], count: 3)
    let market = try RegimeMarket<Double>(
      regimes, transition: [[0.9, 0.1, 0], [0, 0.8, 0.2], [0.4, 0, 0.6]], stepsPerYear: 12)
    // The flow is the same everywhere: π ∝ 1/0.1, 1/0.2, 1/0.4.
    for (probability, expected) in zip(market.stationary, [10 / 17.5, 5 / 17.5, 2.5 / 17.5]) {
      #expect(abs(probability - expected) < 1e-14)
    }
  }

  @Test func `a chain with two laws is refused`() {
    #expect(throws: LinearAlgebraError.self) {
      try RegimeMarket<Double>(
        stockBondRegimes, transition: [[1, 0], [0, 1]], stepsPerYear: 12)
    }
  }

  @Test(arguments: ReturnKind.allCases)
  func `returns have the moments of their regime`(_ kind: ReturnKind) throws {
    let sample = Sample(try stockBondMarket(kind), paths: 2_000, steps: 100)
    let rows = (kind == .log ? sample.log : sample.simple).flatMap { $0 }
    let regimes = sample.regimes.flatMap { $0 }
    for (k, regime) in stockBondRegimes.enumerated() {
      let moments = Moments(zip(rows, regimes).filter { $1 == k }.map(\.0))
      for i in 0..<2 {
        let sigma = regime.volatility[i]
        #expect(abs(moments.means[i] - regime.mean[i]) < moments.fourErrors(sigma))
        #expect(
          abs(moments.covariances[i][i] - sigma * sigma)
            < moments.fourErrors(2.0.squareRoot() * sigma * sigma))
      }
      let rho = regime.correlation[0][1]
      #expect(abs(moments.correlation(0, 1) - rho) < moments.fourErrors(1 - rho * rho))
    }
  }

  @Test func `every step is stationary: the regimes keep their shares`() throws {
    let paths = 20_000.0
    let sample = Sample(try stockBondMarket(), paths: Int(paths), steps: 40)
    let share = 0.0343 / 0.0509
    for step in [0, 1, 20, 39] {
      let calm = sample.regimes.count { $0[step] == 0 }
      let error = (share * (1 - share) / paths).squareRoot()
      #expect(abs(Double(calm) / paths - share) < 4 * error)
    }
    // From one step to the next the regime stays with its probability, so that a sojourn is
    // geometric, and correlations fall by 1 − p₁₂ − p₂₁ a step.
    let pairs = sample.regimes.flatMap { Array(zip($0, $0.dropFirst())) }
    for (k, leaving) in [0.0166, 0.0343].enumerated() {
      let from = pairs.filter { $0.0 == k }
      let left = Double(from.count { $0.1 != k }) / Double(from.count)
      let error = (leaving * (1 - leaving) / Double(from.count)).squareRoot()
      #expect(abs(left - leaving) < 4 * error)
    }
    let distance = 10
    let x = sample.regimes.map { Double($0[5]) - (1 - share) }
    let y = sample.regimes.map { Double($0[5 + distance]) - (1 - share) }
    let rho = zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } / paths / (share * (1 - share))
    #expect(abs(rho - pow(1 - 0.0509, Double(distance))) < 4 / paths.squareRoot())
  }

  @Test func `sojourns last 1 over the probability of leaving`() throws {
    let sample = Sample(try stockBondMarket(), paths: 80, steps: 20_000)
    for (k, leaving) in [0.0166, 0.0343].enumerated() {
      var lengths: [Double] = []
      for path in sample.regimes {
        var length = 0.0
        var isWhole = false
        for (regime, next) in zip(path, path.dropFirst()) {
          length += regime == k ? 1 : 0
          if regime == k, next != k {
            if isWhole { lengths.append(length) }
            length = 0
          }
          if regime != k, next == k { isWhole = true }
        }
      }
      let mean = lengths.reduce(0, +) / Double(lengths.count)
      let error = (1 - leaving).squareRoot() / leaving / Double(lengths.count).squareRoot()
      #expect(abs(mean - 1 / leaving) < 4 * error)
      #expect(lengths.count > 10_000)
    }
  }

  @Test func `a given regime begins every path`() throws {
    let sample = Sample(try stockBondMarket(start: .regime(1)), paths: 800, steps: 2)
    #expect(sample.regimes.allSatisfy { $0[0] == 1 })
    let walk = Walk<Double>(try stockBondMarket(start: .regime(1)))
    #expect(walk.regimeProbabilities == [0, 1])
  }

  @Test func `the covariance is that of the regime in force`() throws {
    var walk = Walk<SIMD8<Double>>(try stockBondMarket())
    for _ in 0..<200 {
      for lane in 0..<8 {
        let regime = stockBondRegimes[Int(walk.regime[lane])]
        for (entry, (i, j)) in [(0, 0), (0, 1), (1, 0), (1, 1)].enumerated() {
          let expected =
            12 * regime.volatility[i] * regime.correlation[i][j] * regime.volatility[j]
          #expect(abs(walk.covariance[entry][lane] - expected) < 1e-15)
        }
      }
      walk.step()
    }
  }

  // MARK: - Filter

  /// log N(x; μ, Σ) of two assets, written out.
  private func density(_ x: [Double], _ regime: RegimeMarket<Double>.Regime) -> Double {
    let u = (x[0] - regime.mean[0]) / regime.volatility[0]
    let v = (x[1] - regime.mean[1]) / regime.volatility[1]
    let rho = regime.correlation[0][1]
    let square = (u * u - 2 * rho * u * v + v * v) / (1 - rho * rho)
    return Foundation.exp(-square / 2)
      / (2 * .pi * regime.volatility[0] * regime.volatility[1] * (1 - rho * rho).squareRoot())
  }

  @Test(arguments: ReturnKind.allCases)
  func `the filter is the recursion of Bayes`(_ kind: ReturnKind) throws {
    for copy in 0..<5 as Range<UInt32> {
      var walk = Walk<Double>(try stockBondMarket(kind), firstCopy: copy)
      var prior = [0.0343 / 0.0509, 0.0166 / 0.0509]
      for _ in 0..<300 {
        #expect(abs(walk.regimeProbabilities[0] - prior[0]) < 1e-11)
        #expect(abs(walk.regimeProbabilities[1] - prior[1]) < 1e-11)
        // The spread of the mixture, from its own definition.
        for i in 0..<2 {
          let mean = prior[0] * stockBondRegimes[0].mean[i] + prior[1] * stockBondRegimes[1].mean[i]
          let square = zip(prior, stockBondRegimes).reduce(0) {
            $0 + $1.0 * ($1.1.volatility[i] * $1.1.volatility[i] + $1.1.mean[i] * $1.1.mean[i])
          }
          #expect(abs(walk.volatility[i] - (12 * (square - mean * mean)).squareRoot()) < 1e-11)
        }
        walk.step()
        let x = kind == .log ? walk.logReturns : walk.growth.map { $0 - 1 }
        let joint = zip(prior, stockBondRegimes).map { $0 * density(x, $1) }
        let posterior = joint.map { $0 / (joint[0] + joint[1]) }
        prior = (0..<2).map { to in
          posterior[0] * stockBondTransition[0][to] + posterior[1] * stockBondTransition[1][to]
        }
      }
    }
  }

  @Test func `the filter's probabilities are calibrated`() throws {
    var probabilities: [Double] = []
    var truth: [Double] = []
    for first in 0..<2_500 as Range<UInt32> {
      var walk = Walk<SIMD8<Double>>(try stockBondMarket(), firstCopy: 8 * first)
      for _ in 0..<60 { walk.step() }
      for lane in 0..<8 {
        probabilities.append(walk.regimeProbabilities[1][lane])
        truth.append(walk.regime[lane])
      }
    }
    let count = Double(truth.count)
    let mean = probabilities.reduce(0, +) / count
    #expect(abs(mean - 0.0166 / 0.0509) < 4 * 0.45 / count.squareRoot())
    // Wherever the filter says p, a share p is in stress.
    for bin in 0..<5 {
      let members = probabilities.indices.filter { Int(probabilities[$0] * 5) == bin }
      let size = Double(members.count)
      let expected = members.reduce(0) { $0 + probabilities[$1] } / size
      let found = members.reduce(0) { $0 + truth[$1] } / size
      #expect(abs(found - expected) < 4 * (expected * (1 - expected) / size).squareRoot())
    }
    // And it tells something: it is often sure, and mostly right.
    let brier = zip(probabilities, truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / count
    #expect(brier < 0.6 * 0.673 * 0.327)
  }

  @Test(arguments: [[-0.9, 0.5], [5, -0.9], [0, 0]])
  func `the filter survives any return`(_ returns: [Double]) throws {
    // Three regimes, one that is never left: a probability is exactly 0.
    let market = try RegimeMarket<Float>(
      stockBondRegimes.map {
        .init(name: $0.name, mean: $0.mean, volatility: $0.volatility, correlation: $0.correlation)
      },
      transition: [[1, 0], [0.5, 0.5]], start: .regime(0), stepsPerYear: 12)
    var walk = Walk<Float>(.regimes(market))
    for _ in 0..<50 { walk.step() }
    #expect(walk.regimeProbabilities == [1, 0])
    var state = walk.state
    var span = state.mutableSpan
    let x = returns.map { Float($0) }
    market.filter(x.span, at: 0, state: &span, at: 0)
    #expect(state[1] == 1 && state[2] == 0)
  }
}
