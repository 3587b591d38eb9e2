import Experiments
import Foundation
import Oracles
import Rebalancing
import Testing

/// Totals over 36 months in bp for the author's parameters: an independent programme in another
/// language (five Gauss–Hermite nodes an asset) for destinations, a fine one for fractions.
private let totals: [(ThreeAssetProgramme.Actions, Double, Double)] = [
  (.anywhere, 0.01, 34.65), (.anywhere, 0.005, 31.91), (.fractions([0, 0.5, 1]), 0.005, 34.40),
]

@Suite struct ThreeAssetProgrammeTests {
  @Test(arguments: totals)
  func `costs what an independent programme found`(
    _ actions: ThreeAssetProgramme.Actions, _ step: Double, _ total: Double
  ) throws {
    let programme = try ThreeAssetProgramme(
      ThreeAssetProblem(), actions: actions, step: step, workers: 2)
    #expect(abs(programme.cost * 1e4 - total) < 0.1, "\(programme.cost * 1e4)")
  }

  @Test func `the result does not depend on the number of threads`() throws {
    let problem = try ThreeAssetProblem(months: 4)
    for actions in [ThreeAssetProgramme.Actions.anywhere, .fractions([0, 0.5])] {
      let costs = try [1, 2, 3].map {
        try ThreeAssetProgramme(problem, actions: actions, step: 0.05, workers: $0).cost
      }
      #expect(costs[0] == costs[1] && costs[0] == costs[2])
    }
  }

  @Test func `sweeps along three directions find the best of all trades`() throws {
    // One month: A is the drift cost, and the minimum over all pairs of nodes can be tried.
    let problem = try ThreeAssetProblem(
      target: [0.3, 0.5, 0.2], costs: [0.005, 0.001, 0.02], months: 1)
    let programme = try ThreeAssetProgramme(problem, actions: .anywhere, step: 0.05, workers: 1)
    let grid = programme.grid
    let nodes = (0..<grid.count).map(grid.weights)
    for w in nodes {
      let tried = nodes.map { problem.tradingCost($0 - w) + problem.driftCost($0) }.min() ?? 0
      #expect(abs(programme.value(months: 1, weights: w) - tried) < 1e-15)
      let v = programme.decision(months: 1, weights: w)
      #expect(abs(problem.tradingCost(v - w) + problem.driftCost(v) - tried) < 1e-15)
    }
    #expect(nodes.count == 231)
  }

  @Test func `trading that costs nothing costs nothing`() throws {
    let problem = try ThreeAssetProblem(costs: [0, 0, 0], months: 6)
    let programme = try ThreeAssetProgramme(problem, actions: .anywhere, step: 0.05, workers: 2)
    #expect(abs(programme.cost) < 1e-12)
    let w = SIMD3(0.55, 0.25, 0.2)
    let after = programme.decision(months: 6, weights: w) - problem.target
    #expect((after * after).sum() < 1e-20)
  }

  @Test func `more freedom, cheaper trades and fewer months never cost more`() throws {
    let problem = try ThreeAssetProblem(months: 8)
    func cost(_ fractions: [Double], _ problem: ThreeAssetProblem) throws -> Double {
      try ThreeAssetProgramme(problem, actions: .fractions(fractions), step: 0.02, workers: 2).cost
    }
    let halves = try cost([0, 0.5, 1], problem)
    #expect(try cost([0, 0.25, 0.5, 0.75, 1], problem) < halves)
    #expect(try cost([0, 1], problem) > halves)
    #expect(try cost([0, 0.5, 1], ThreeAssetProblem(months: 7)) < halves)
    #expect(
      try cost([0, 0.5, 1], ThreeAssetProblem(costs: [0.004, 0.003, 0.008], months: 8)) < halves)
  }

  @Test func `one month from the target costs the drift that a market move brings`() throws {
    // With fraction 0 alone and one month the cost is E drift(w'), here by sampling-free expansion:
    // d = (D − w 1ᵀD) r to first order, D = diag(w), so E dᵀΣd ≈ trace; second order is below 3 %.
    let problem = try ThreeAssetProblem(months: 1)
    let programme = try ThreeAssetProgramme(
      problem, actions: .fractions([0]), step: 0.01, workers: 1)
    let w = problem.target
    let map = (0..<3).map { i in (0..<3).map { j in (i == j ? w[i] : 0) - w[i] * w[j] } }
    var expected = 0.0
    for i in 0..<3 {
      for j in 0..<3 {
        var moment = 0.0
        for k in 0..<3 {
          for l in 0..<3 {
            let second =
              problem.covariance[k][l] / 12 + problem.monthlyMean[k] * problem.monthlyMean[l]
            moment += map[i][k] * map[j][l] * second
          }
        }
        expected += problem.lambda * problem.covariance[i][j] * moment
      }
    }
    #expect(abs(programme.cost - expected) < 0.03 * expected)
  }

  @Test(arguments: ["destination", "[0, 0.5, 1]"])
  func `its policy costs in the environment what the programme says`(_ family: String) throws {
    let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let task = try EnvironmentSpec(
      path: top.appending(path: "envs/three-asset-myrgren-v0.yaml").path,
      overrides: ["actions=\(family)"]
    ).task
    let actions: ThreeAssetProgramme.Actions =
      family == "destination" ? .anywhere : .fractions([0, 0.5, 1])
    let programme = try ThreeAssetProgramme(
      ThreeAssetProblem(), actions: actions, step: 0.005, workers: 2)
    let row = SampledEvaluation(
      task, policies: [ThreeAssetPolicy(programme)], episodes: 40_000, seed: 11
    ).policies[0]
    let total = row.cost.mean * 37 / 12
    let error = 4 * row.cost.standardError * 37 / 12
    // Between nodes a destination need not be one: the policy lies below the grid's value.
    if family == "destination" {
      #expect(total < programme.cost * 1e4 + error && total > 30.7, "\(total)")
    } else {
      #expect(abs(total - programme.cost * 1e4) < error + 0.05, "\(total)")
    }
  }

  @Test func `parameters out of range are refused with what is valid`() {
    func refusal(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return ""
    }
    #expect(refusal { _ = try ThreeAssetProblem(target: [0.5, 0.5]) }.hasPrefix("2 weights"))
    #expect(refusal { _ = try ThreeAssetProblem(target: [0.5, 0.4, 0.2]) }.contains("sum to"))
    #expect(refusal { _ = try ThreeAssetProblem(volatilities: [0.1, 0, 0.1]) }.contains("0.0 is"))
    #expect(
      refusal { _ = try ThreeAssetProblem(correlations: [-0.9, -0.9, -0.9]) }
        .contains("not positive definite"))
    #expect(refusal { _ = try ThreeAssetProblem(costs: [0, 0, 1]) }.contains("costs"))
    #expect(refusal { _ = try ThreeAssetProblem(lambda: -.infinity) }.hasPrefix("lambda is"))
    #expect(refusal { _ = try ThreeAssetProblem(months: 0) }.hasPrefix("there are 0 months"))
    for step in [0, -0.01, 0.03, 0.1, .nan, 1e-9] {
      #expect(
        refusal {
          _ = try ThreeAssetProgramme(
            ThreeAssetProblem(), actions: .anywhere, step: step, workers: 1)
        }.hasPrefix("the step is"))
    }
    for fractions in [[], [0.5, 1], [0, 2], [0, .nan]] {
      #expect(
        refusal {
          _ = try ThreeAssetProgramme(
            ThreeAssetProblem(), actions: .fractions(fractions), step: 0.05, workers: 1)
        }.hasPrefix("the actions are"))
    }
  }
}
