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
  /// - Parameter weights: probability of each regime at each return, [steps][regimes].
  /// - Returns: the model and the likelihood before each iteration and at the end; `nil` where a
  ///   regime loses its covariance.
  static func fit(
    _ returns: [[Double]], weights: [[Double]], _ search: RegimeFit.Search
  ) -> (model: RegimeModel, likelihoods: [Double])? {
    let count = weights[0].count
    let even = [[Double]](
      repeating: [Double](repeating: 0.05 / Double(max(count - 1, 1)), count: count), count: count)
    var model = RegimeModel(
      initial: weights[0],
      transition: (0..<count).map { from in
        (0..<count).map { $0 == from ? 0.95 : even[from][$0] }
      }, means: [], covariances: [])
    guard model.setMoments(returns, weights) else { return nil }
    var likelihoods: [Double] = []
    for _ in 0..<search.maximumIterations {
      guard let expected = model.expectation(returns) else { return nil }
      let gain = expected.logLikelihood - (likelihoods.last ?? -.infinity)
      likelihoods.append(expected.logLikelihood)
      if gain < search.tolerance * Double(returns.count) { break }
      model.initial = expected.weights[0]
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
  private mutating func setMoments(_ returns: [[Double]], _ weights: [[Double]]) -> Bool {
    let assets = returns[0].indices
    means = []
    covariances = []
    for k in weights[0].indices {
      let total = weights.reduce(0) { $0 + $1[k] }
      guard total > Double(assets.count + 1) else { return false }
      var mean = assets.map { _ in 0.0 }
      for (x, weight) in zip(returns, weights) { for i in assets { mean[i] += weight[k] * x[i] } }
      mean = mean.map { $0 / total }
      var covariance = assets.map { _ in assets.map { _ in 0.0 } }
      for (x, weight) in zip(returns, weights) {
        for i in assets {
          let scaled = weight[k] * (x[i] - mean[i])
          for j in 0...i { covariance[i][j] += scaled * (x[j] - mean[j]) }
        }
      }
      for i in assets {
        for j in 0...i {
          covariance[i][j] /= total
          covariance[j][i] = covariance[i][j]
        }
      }
      means.append(mean)
      covariances.append(covariance)
    }
    return true
  }

  /// What the returns say about the regimes behind them.
  struct Expectation {
    /// Probability of each regime at each return, [steps][regimes].
    var weights: [[Double]]
    /// Expected number of steps from a regime to another.
    var transitions: [[Double]]
    var logLikelihood: Double
  }

  /// Forward and backward through the returns, each step scaled to sum 1 (Rabiner 1989).
  ///
  /// - Returns: `nil` where a covariance is not positive definite.
  private func expectation(_ returns: [[Double]]) -> Expectation? {
    guard let densities = densities(returns) else { return nil }
    let regimes = initial.indices
    var forward = densities.relative
    var logLikelihood = densities.logScales.reduce(0, +)
    var scales: [Double] = []
    for t in returns.indices {
      var sum = 0.0
      for k in regimes {
        let prior =
          t == 0
          ? initial[k] : regimes.reduce(0) { $0 + forward[t - 1][$1] * transition[$1][k] }
        forward[t][k] *= prior
        sum += forward[t][k]
      }
      guard sum > 0 else { return nil }
      for k in regimes { forward[t][k] /= sum }
      scales.append(sum)
      logLikelihood += log(sum)
    }
    var weights = forward
    var transitions = transition.map { $0.map { _ in 0.0 } }
    var backward = regimes.map { _ in 1.0 }
    for t in returns.indices.dropLast().reversed() {
      let next = regimes.map { densities.relative[t + 1][$0] * backward[$0] / scales[t + 1] }
      for k in regimes {
        var sum = 0.0
        for to in regimes {
          let flow = transition[k][to] * next[to]
          transitions[k][to] += forward[t][k] * flow
          sum += flow
        }
        backward[k] = sum
        weights[t][k] = forward[t][k] * sum
      }
    }
    return Expectation(weights: weights, transitions: transitions, logLikelihood: logLikelihood)
  }

  /// The density of each return in each regime, relative to its largest, whose logarithm is apart.
  private func densities(
    _ returns: [[Double]]
  ) -> (relative: [[Double]], logScales: [Double])? {
    var inverses: [[[Double]]] = []
    var constants: [Double] = []
    for covariance in covariances {
      guard let factor = try? choleskyFactor(covariance) else { return nil }
      inverses.append(inverse(ofLower: factor))
      constants.append(
        factor.indices.reduce(-0.5 * Double(factor.count) * log(2 * .pi)) {
          $0 - log(factor[$1][$1])
        })
    }
    var relative: [[Double]] = []
    var logScales: [Double] = []
    for x in returns {
      let logs = constants.indices.map { k in
        constants[k] - 0.5 * Self.squaredDistance(x, means[k], inverses[k])
      }
      let scale = logs.max() ?? 0
      relative.append(logs.map { exp($0 - scale) })
      logScales.append(scale)
    }
    return (relative, logScales)
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
  ) -> [[Double]] {
    let labels =
      start == 0
      ? labelsBySize(returns, regimes: count)
      : randomLabels(returns.count, regimes: count, start: start, source: source)
    return labels.map { label in (0..<count).map { $0 == label ? 1 : 0 } }
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
