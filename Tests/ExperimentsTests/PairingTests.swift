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

  static func scores(
    _ step: String, paths: Int
  ) throws -> (band: [Double], optimum: [Double], expected: Double) {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path
    let task = try EnvironmentSpec(path: "\(folder)/two-asset-\(step)-v0.yaml").task
    let chain = try TwoAssetChain(task)
    let band = try RuleCatalog.rule("rule:band(0.05)", for: task)
    let optimum = try chain.solve(.unrestricted)
    let expected = try chain.score(band, in: task).score.costPerYear - optimum.score.costPerYear
    return (
      try costs(task, band, paths: paths),
      try costs(task, Region(bounds: optimum.noTrade), paths: paths), expected
    )
  }

  @Test func `pairing on ten-year paths gains what it is known to gain`() throws {
    for step in ["daily", "monthly"] {
      let (band, optimum, expected) = try Self.scores(step, paths: step == "daily" ? 300 : 3_000)
      let pair = try PairedDifference(band, optimum)
      print("PAIRING", step, pair, expected)
    }
  }
}
