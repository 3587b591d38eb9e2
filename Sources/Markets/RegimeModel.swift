import Algebra
import Foundation

/// The parameters of a hidden Markov model with normal returns, and the steps that improve them.
struct RegimeModel {
  /// Probability of each regime for the first return.
  var initial: [Double]
  var transition: [[Double]]
  /// [regimes][assets].
  var means: [[Double]]
  /// [regimes][assets][assets].
  var covariances: [[[Double]]]

  /// Improves from given weights until the likelihood stands still.
  ///
  /// - Parameter weights: probability of each regime at each return, shape [steps, regimes].
  /// - Returns: the model and the likelihood before each iteration and at the end; `nil` where a
  ///   regime loses its covariance.
  static func fit(
    _ returns: [[Double]], weights: [Double], regimes count: Int, _ search: RegimeFit.Search
  ) -> (model: RegimeModel, likelihoods: [Double])? {
    let leaving = 0.05 / Double(count - 1)
    var model = RegimeModel(
      initial: Array(weights[..<count]),
      transition: (0..<count).map { from in
        (0..<count).map { $0 == from ? 0.95 : leaving }
      }, means: [], covariances: [])
    guard model.setMoments(returns, weights) else { return nil }
    var likelihoods: [Double] = []
    for _ in 0..<search.maximumIterations {
      guard let expected = model.expectation(returns) else { return nil }
      let gain = expected.logLikelihood - (likelihoods.last ?? -.infinity)
      likelihoods.append(expected.logLikelihood)
      if gain < search.tolerance * Double(returns.count) { break }
      model.initial = Array(expected.weights[..<count])
      model.transition = expected.transitions.map { row in
        let sum = row.reduce(0, +)
        return row.map { $0 / sum }
      }
      guard model.setMoments(returns, expected.weights) else { return nil }
    }
    return (model, likelihoods)
  }

  /// Sets means and covariances to the weighted moments of the returns.
  ///
  /// - Returns: `false` where a regime has hardly more returns than assets.
  private mutating func setMoments(_ returns: [[Double]], _ weights: [Double]) -> Bool {
    let count = initial.count
    means = []
    covariances = []
    for k in 0..<count {
      let own = returns.indices.map { weights[$0 * count + k] }
      let total = own.reduce(0, +)
      guard total > Double(returns[0].count + 1) else { return false }
      let mean = Self.mean(returns, own, total)
      means.append(mean)
      covariances.append(Self.covariance(returns, own, total, around: mean))
    }
    return true
  }

  private static func mean(
    _ returns: [[Double]], _ weights: [Double], _ total: Double
  ) -> [Double] {
    var sums = returns[0].map { _ in 0.0 }
    for (x, weight) in zip(returns, weights) {
      for i in x.indices { sums[i] += weight * x[i] }
    }
    return sums.map { $0 / total }
  }

  private static func covariance(
    _ returns: [[Double]], _ weights: [Double], _ total: Double, around mean: [Double]
  ) -> [[Double]] {
    let n = mean.count
    var sums = [Double](repeating: 0, count: n * n)
    for (x, weight) in zip(returns, weights) {
      for i in 0..<n {
        let scaled = weight * (x[i] - mean[i])
        for j in 0...i { sums[i * n + j] += scaled * (x[j] - mean[j]) }
      }
    }
    return (0..<n).map { i in (0..<n).map { j in sums[max(i, j) * n + min(i, j)] / total } }
  }

  /// What the returns say about the regimes behind them.
  struct Expectation {
    /// Probability of each regime at each return, shape [steps, regimes].
    var weights: [Double]
    /// Expected number of steps from a regime to another.
    var transitions: [[Double]]
    var logLikelihood: Double
  }

  /// Forward and backward through the returns, each step scaled to sum 1 (Rabiner 1989).
  ///
  /// - Returns: `nil` where a covariance is not positive definite.
  private func expectation(_ returns: [[Double]]) -> Expectation? {
    guard let (densities, logScale) = densities(returns),
      let (forward, scales) = forwardPass(densities)
    else { return nil }
    let count = initial.count
    let logLikelihood = scales.reduce(logScale) { $0 + log($1) }
    var weights = forward
    var transitions = transition.map { $0.map { _ in 0.0 } }
    var backward = [Double](repeating: 1, count: count)
    var next = backward
    for t in returns.indices.dropLast().reversed() {
      for k in 0..<count { next[k] = densities[(t + 1) * count + k] * backward[k] / scales[t + 1] }
      for from in 0..<count {
        var sum = 0.0
        for to in 0..<count {
          let flow = transition[from][to] * next[to]
          transitions[from][to] += forward[t * count + from] * flow
          sum += flow
        }
        backward[from] = sum
        weights[t * count + from] = forward[t * count + from] * sum
      }
    }
    return Expectation(weights: weights, transitions: transitions, logLikelihood: logLikelihood)
  }

  /// Probability of each regime given the returns up to its own, and the density of each return given
  /// those before.
  private func forwardPass(_ densities: [Double]) -> (forward: [Double], scales: [Double])? {
    let count = initial.count
    var forward = densities
    var scales: [Double] = []
    for first in stride(from: 0, to: densities.count, by: count) {
      var sum = 0.0
      for to in 0..<count {
        var prior = first == 0 ? initial[to] : 0
        if first > 0 {
          for from in 0..<count { prior += forward[first - count + from] * transition[from][to] }
        }
        forward[first + to] *= prior
        sum += forward[first + to]
      }
      guard sum > 0 else { return nil }
      for k in 0..<count { forward[first + k] /= sum }
      scales.append(sum)
    }
    return (forward, scales)
  }

  /// The density of each return in each regime over its largest, shape [steps, regimes], and the sum
  /// of the logarithms of the largest.
  private func densities(_ returns: [[Double]]) -> (relative: [Double], logScale: Double)? {
    let count = initial.count
    var logs = [Double](repeating: 0, count: returns.count * count)
    for k in 0..<count {
      guard let factor = try? choleskyFactor(covariances[k]) else { return nil }
      let inverse = inverse(ofLower: factor)
      let constant = factor.indices.reduce(-0.5 * Double(factor.count) * log(2 * .pi)) {
        $0 - log(factor[$1][$1])
      }
      for (t, x) in returns.enumerated() {
        logs[t * count + k] = constant - 0.5 * Self.squaredDistance(x, means[k], inverse)
      }
    }
    var logScale = 0.0
    for first in stride(from: 0, to: logs.count, by: count) {
      let largest = logs[first..<first + count].max() ?? 0
      logScale += largest
      for place in first..<first + count { logs[place] = exp(logs[place] - largest) }
    }
    return (logs, logScale)
  }

  /// |L⁻¹ (x − μ)|².
  private static func squaredDistance(
    _ x: [Double], _ mean: [Double], _ inverse: [[Double]]
  ) -> Double {
    var sum = 0.0
    for i in x.indices {
      var z = 0.0
      for j in 0...i { z += inverse[i][j] * (x[j] - mean[j]) }
      sum += z * z
    }
    return sum
  }

  /// The mean over assets of the variance relative to all regimes'.
  func totalVariance(_ regime: Int) -> Double {
    means[regime].indices.reduce(0) { sum, i in
      let all = covariances.reduce(0) { $0 + $1[i][i] }
      return sum + covariances[regime][i][i] / all
    }
  }

  func regime(_ index: Int, name: String) -> RegimeMarket<Double>.Regime {
    let covariance = covariances[index]
    let volatility = covariance.indices.map { covariance[$0][$0].squareRoot() }
    let correlation = covariance.indices.map { i in
      covariance.indices.map { j in
        i == j ? 1 : covariance[i][j] / (volatility[i] * volatility[j])
      }
    }
    return .init(name: name, mean: means[index], volatility: volatility, correlation: correlation)
  }
}

// MARK: - Starts

extension RegimeModel {
  /// Regimes to begin with, each return in one: by the size of returns in a window, or in random
  /// blocks.
  static func startWeights(
    _ returns: [[Double]], regimes count: Int, start: Int, source: RandomSource
  ) -> [Double] {
    let labels =
      start == 0
      ? labelsBySize(returns, regimes: count)
      : randomLabels(returns.count, regimes: count, start: start, source: source)
    return labels.flatMap { label in (0..<count).map { $0 == label ? 1 : 0 } }
  }

  /// The quantile of the mean squared return over 11 steps, in units of each asset's variance.
  private static func labelsBySize(_ returns: [[Double]], regimes count: Int) -> [Int] {
    let assets = returns[0].indices
    let variances = assets.map { i in RunningStatistics(returns.map { $0[i] }).variance }
    let sizes = returns.map { x in
      assets.reduce(0) { $0 + x[$1] * x[$1] / max(variances[$1], .leastNormalMagnitude) }
    }
    let smooth = sizes.indices.map { t in
      let window = sizes[max(0, t - 5)...min(sizes.count - 1, t + 5)]
      return window.reduce(0, +) / Double(window.count)
    }
    var labels = [Int](repeating: 0, count: returns.count)
    for (rank, t) in smooth.indices.sorted(by: { smooth[$0] < smooth[$1] }).enumerated() {
      labels[t] = rank * count / returns.count
    }
    return labels
  }

  /// Forty blocks in a row, each in a random regime.
  private static func randomLabels(
    _ length: Int, regimes count: Int, start: Int, source: RandomSource
  ) -> [Int] {
    (0..<length).map { t in
      source.integer(
        below: count, .initialState, copy: UInt32(start), step: UInt32(t * 40 / length))
    }
  }
}
