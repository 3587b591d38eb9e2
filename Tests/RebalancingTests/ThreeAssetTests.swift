import Experiments
import Markets
import Rebalancing
import Testing

/// Trades to the target at every so many steps.
private struct Periodic: Trigger {
  let name: String
  let months: Int
  func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    let start = (snapshot.date.year - 2000) * 12 + snapshot.date.month - 1
    return start > 0 && start % months == 0
      ? TriggerDecision(fraction: 1) : .noAction("not yet")
  }
}

@Suite struct ThreeAssetTests {
  /// Published totals over 36 months, in bp: S. Myrgren's testOptReb.m, recomputed.
  private static let published: [(String, Double)] = [
    ("rule:always", 49.26), ("3", 57.80), ("6", 94.39), ("12", 181.67), ("rule:band(0.01)", 43.69),
    ("rule:band(0.02)", 39.71), ("rule:band(0.03)", 44.10), ("rule:band(0.04)", 54.64),
    ("rule:band(0.05)", 69.92),
  ]

  @Test func `rules cost what is published for the task`() throws {
    let task = try Shipped.task("three-asset-myrgren-v0")
    let rules: [any Trigger] = try Self.published.map { text, _ in
      if let months = Int(text) { return Periodic(name: text, months: months) }
      return try RuleCatalog.rule(String(text.dropFirst(5)), for: task)
    }
    let rows = SampledEvaluation(task, policies: rules, episodes: 4_000, seed: 11).policies
    for (row, (name, total)) in zip(rows, Self.published) {
      let scale = 37.0 / 12
      // 0.1 bp is the tolerance of the published figures.
      let margin = 4 * row.cost.standardError * scale + 0.1
      #expect(abs(row.cost.mean * scale - total) < margin, "\(name)")
      #expect(margin < 0.08 * total, "\(name)")
    }
  }

  @Test func `the quadratic heuristic costs what is published, and less when tuned`() throws {
    let task = try Shipped.task("three-asset-myrgren-v0", ["actions=destination"])
    let rules = try ["quadratic(0.2)", "quadratic(0.15)"].map {
      try RuleCatalog.rule($0, for: task)
    }
    let rows = SampledEvaluation(task, policies: rules, episodes: 40_000, seed: 11).policies
    let totals = rows.map { $0.cost.mean * 37 / 12 }
    #expect(abs(totals[0] - 31.6) < 0.1, "\(totals)")
    #expect(totals[1] < 31.45, "\(totals)")
  }
}
