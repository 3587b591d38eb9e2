import Learning
import Rebalancing

/// One policy of a case: a rule, or what an agent became with one seed.
struct Entrant: Sendable {
  /// `ppo-seed-1`, or the rule as it is written.
  let name: String
  /// `ppo`, or the rule.
  let family: String
  let seed: UInt64?
  let checkpoint: Checkpoint<RunRecord>?

  /// A rule that an agent found; `nil` for other policies.
  var found: String? {
    if case .rule(let rule)? = checkpoint?.policy { rule } else { nil }
  }

  /// Whether it decides by a rule.
  var isRule: Bool { checkpoint == nil || found != nil }

  func policy(for task: RebalancingTask) throws -> any Trigger {
    guard let checkpoint else { return try RuleCatalog.rule(name, for: task) }
    return try PolicyReference.policy(of: checkpoint, name: name, for: task)
  }
}

extension Entrant {
  func score(_ row: ExactEvaluation.Row) -> StoredScore {
    score(
      [
        .cost: row.cost, .transaction: row.transaction, .drift: row.drift,
        .turnover: row.turnover, .trackingError: row.trackingError, .trades: row.trades,
        .gap: row.gap,
      ], [])
  }

  func score(_ row: SampledEvaluation.Row, _ samples: [PathSample]) -> StoredScore {
    score(
      [
        .cost: row.cost.mean, .transaction: row.transaction.mean, .drift: row.drift.mean,
        .tax: row.tax.mean, .turnover: row.turnover.mean, .trackingError: row.trackingError,
        .trades: row.trades,
      ], samples)
  }

  private func score(
    _ figures: [StoredScore.Figure: Double?], _ samples: [PathSample]
  ) -> StoredScore {
    StoredScore(
      policy: name, family: family, seed: seed.map { Int64(bitPattern: $0) }, isRule: isRule,
      figures: figures.compactMapValues { $0 }, samples: samples)
  }
}
