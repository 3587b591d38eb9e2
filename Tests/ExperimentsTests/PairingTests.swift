import Algebra
import Experiments
import Foundation
import Oracles
import Rebalancing
import Statistics
import Testing

/// What playing on the same paths gains: a 5 % band against the optimum of RB-1.
@Suite struct PairingTests {
  /// Trades to the nearer end of the no-trade region.
  struct Region: Trigger {
    let name = "region"
    let bounds: ClosedRange<Double>

    func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
      let w = snapshot.weights[0]
      let destination = min(max(w, bounds.lowerBound), bounds.upperBound)
      return TriggerDecision(
        fraction: destination == w ? 0 : (destination - w) / (snapshot.targets[0] - w))
    }
  }

  /// Cost in basis points per year of each of so many ten-year paths.
  static func costs(_ task: RebalancingTask, _ policy: any Trigger, paths: Int) throws -> [Double] {
    try (0..<UInt32(paths)).map {
      let totals = try Simulation(task, policy: policy, seed: 17, episode: $0).totals
      return (totals.drift + totals.transaction + totals.tax) / 10
    }
  }

  @Test func `pairing on ten-year paths gains what it is known to gain`() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path
    let task = try EnvironmentSpec(path: "\(folder)/two-asset-daily-v0.yaml").task
    let chain = try TwoAssetChain(task)
    let band = try RuleCatalog.rule("rule:band(0.05)", for: task)
    let optimum = try chain.solve(.unrestricted)
    let pair = try PairedDifference(
      try Self.costs(task, band, paths: 800),
      try Self.costs(task, Region(bounds: optimum.noTrade), paths: 800))
    // Of 800 paths a standard deviation has an error of 3 to 4 %.
    #expect(abs(pair.standardDeviation / 0.163 - 1) < 0.12, "\(pair)")
    #expect(abs(pair.unpairedStandardDeviation / 0.278 - 1) < 0.12, "\(pair)")
    // Paths begin at the target, where the stationary law is not: a little less for ten years.
    let expected = try chain.score(band, in: task).score.costPerYear - optimum.score.costPerYear
    #expect(abs(pair.mean - expected) < 4 * pair.standardError + 0.01, "\(pair)")
  }

  @Test func `intervals of sampled differences are the normal ones where paths are many`() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path
    let task = try EnvironmentSpec(path: "\(folder)/two-asset-monthly-v0.yaml").task
    let rules = try ["rule:band(0.05)", "rule:band(0.03)", "rule:always"].map {
      try RuleCatalog.rule($0, for: task)
    }
    let evaluation = SampledEvaluation(task, policies: rules, episodes: 400, seed: 5, workers: 2)
    #expect(evaluation.pairs.count == 3)
    for pair in evaluation.pairs {
      let margin = 1.96 * pair.difference.standardError
      let (low, high) = (pair.interval[0], pair.interval[1])
      #expect(abs(low - (pair.difference.mean - margin)) < 0.25 * margin, "\(pair)")
      #expect(abs(high - (pair.difference.mean + margin)) < 0.25 * margin, "\(pair)")
    }
    let again = SampledEvaluation(task, policies: rules, episodes: 400, seed: 5, workers: 1)
    #expect(again.pairs.map(\.interval) == evaluation.pairs.map(\.interval))
  }
}
