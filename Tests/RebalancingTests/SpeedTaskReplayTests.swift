import Algebra
import Foundation
import Gym
import Rebalancing
import Testing

/// R1 as one writes it with NumPy: plain formulas in `Double`, one portfolio, constants retyped.
private struct PlainSpeedTask {
  static let drift = [3e-4, 2.5e-4, 1e-4, 1.5e-4]
  static let volatility = [0.0115, 0.013, 0.004, 0.010]
  static let correlation = [
    [1, 0.8, -0.1, 0.1], [0.8, 1, -0.05, 0.15], [-0.1, -0.05, 1, 0.2], [0.1, 0.15, 0.2, 1],
  ]
  static let covariance = (0..<4).map { i in
    (0..<4).map { j in volatility[i] * correlation[i][j] * volatility[j] }
  }

  /// The lower factor, column after column (Cholesky–Banachiewicz).
  static let factor: [[Double]] = {
    var lower = [[Double]](repeating: [0, 0, 0, 0], count: 4)
    for i in 0..<4 {
      for j in 0...i {
        var rest = covariance[i][j]
        for k in 0..<j { rest -= lower[i][k] * lower[j][k] }
        lower[i][j] = i == j ? rest.squareRoot() : rest / lower[j][j]
      }
    }
    return lower
  }()

  var weights = [0.25, 0.25, 0.25, 0.25]
  var basis = [0.25, 0.25, 0.25, 0.25]
  var logReturns = [0.0, 0, 0, 0]

  var observation: [Double] {
    weights.map { $0 - 0.25 } + logReturns + zip(weights, basis).map { ($0 - $1) / $0 }
  }

  mutating func step(fraction: Double, normals: [Double]) -> Double {
    var tax = 0.0
    var cost = 0.0
    for i in 0..<4 {
      let trade = fraction * (0.25 - weights[i])
      let sold = max(-trade, 0)
      tax += 0.2 * sold * (weights[i] - basis[i]) / weights[i]
      cost += 1e-3 * abs(trade)
      basis[i] += max(trade, 0) - sold * basis[i] / weights[i]
      weights[i] += trade
    }
    var variance = 0.0
    for i in 0..<4 {
      for j in 0..<4 {
        variance += (weights[i] - 0.25) * Self.covariance[i][j] * (weights[j] - 0.25)
      }
    }
    for i in 0..<4 {
      logReturns[i] = Self.drift[i] - 0.5 * Self.volatility[i] * Self.volatility[i]
      for j in 0..<4 { logReturns[i] += Self.factor[i][j] * normals[j] }
    }
    for i in 0..<4 { weights[i] *= exp(logReturns[i]) }
    let total = weights.reduce(0, +)
    for i in 0..<4 {
      weights[i] /= total
      basis[i] /= total
    }
    return total - 1 - cost - tax - (variance * 252).squareRoot() / 252
  }
}

@Suite struct SpeedTaskReplayTests {
  @Test func `R1 is what its formulas say, over a thousand steps and four episodes`() throws {
    let task = try Shipped.task("four-asset-r1-v0")
    let count = 17
    let source = RandomSource(seed: 21)
    var environment = BatchedRebalancingEnvironment<SIMD16<Float>>(task, count: count)
    var transition = VectorTransition(for: environment)
    environment.reset(seed: 21, into: &transition)
    var plain = Array(repeating: PlainSpeedTask(), count: count)
    var worst = 0.0
    for step in 0..<1_000 {
      let actions = actions(0..<count, step: step, of: task)
      environment.step(actions, into: &transition)
      for copy in 0..<count {
        let (a, b, c, d): (Float, Float, Float, Float) = source.normals(
          .market, copy: UInt32(copy), episode: UInt32(step / 252), step: UInt32(step % 252),
          draw: 0)
        let reward = plain[copy].step(
          fraction: [0, 0.5, 1][Int(actions[copy])], normals: [a, b, c, d].map { Double($0) })
        worst = max(worst, abs(Double(transition.rewards[copy]) - reward))
        #expect(transition.truncated[copy] == (step % 252 == 251))
        var shown = transition.observation(of: copy)
        if transition.truncated[copy] {
          #expect(shown == Array(repeating: 0, count: 12))
          shown = Array(transition.finalObservations[copy * 12..<(copy + 1) * 12])
        }
        for (value, expected) in zip(shown, plain[copy].observation) {
          worst = max(worst, abs(Double(value) - expected))
        }
        if transition.truncated[copy] { plain[copy] = PlainSpeedTask() }
      }
    }
    #expect(worst < 1e-5)
  }
}
