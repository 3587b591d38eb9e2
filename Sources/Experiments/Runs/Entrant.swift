import Learning
import Markets
import Rebalancing

/// One policy of a case: a rule, or what an agent became with one seed; in a walk, on each fold.
struct Entrant: Sendable {
  /// `ppo-seed-1`, or the rule as it is written.
  let name: String
  /// `ppo`, or the rule.
  let family: String
  let seed: UInt64?
  /// What was learned, in the order of time; none of a rule.
  private(set) var choices: [Choice]

  /// What an agent became, and where it is used.
  struct Choice: Sendable {
    let checkpoint: Checkpoint<RunRecord>
    /// The first day of its test set; `nil` where there is no walk.
    var first: CalendarDate?
  }

  /// - Parameter checkpoint: `nil` for a rule.
  init(name: String, family: String, seed: UInt64?, checkpoint: Checkpoint<RunRecord>?) {
    (self.name, self.family, self.seed) = (name, family, seed)
    choices = checkpoint.map { [Choice(checkpoint: $0)] } ?? []
  }

  /// The policy that goes through the test sets of a walk, each time with what was learned before it.
  ///
  /// - Parameter folds: of each fold the first day of its test set, and the same policies in one order.
  static func walking(_ folds: [(first: CalendarDate, entrants: [Entrant])]) -> [Entrant] {
    guard let first = folds.first else { return [] }
    return first.entrants.indices.map { index in
      var entrant = first.entrants[index]
      entrant.choices = folds.flatMap { fold in
        fold.entrants[index].choices.map { Choice(checkpoint: $0.checkpoint, first: fold.first) }
      }
      return entrant
    }
  }

  /// The first that was learned.
  var checkpoint: Checkpoint<RunRecord>? { choices.first?.checkpoint }

  /// A rule that an agent found; `nil` for other policies.
  var found: String? {
    if case .rule(let rule)? = checkpoint?.policy { rule } else { nil }
  }

  /// Whether it decides by a rule.
  var isRule: Bool { checkpoint == nil || found != nil }

  func policy(for task: RebalancingTask) throws -> any Trigger {
    let policies = try choices.map { choice in
      (
        first: choice.first,
        policy: try PolicyReference.policy(of: choice.checkpoint, name: name, for: task)
      )
    }
    guard let only = policies.first else { return try RuleCatalog.rule(name, for: task) }
    let stages = policies.compactMap { stage in
      stage.first.map { (first: $0, policy: stage.policy) }
    }
    return stages.isEmpty ? only.policy : SuccessivePolicies(name: name, stages: stages)
  }
}

extension Entrant {
  /// - Parameter optimum: that of the evaluation.
  func score(_ row: ExactEvaluation.Row, _ optimum: ExactEvaluation.Optimum) -> StoredScore {
    score(
      [
        .anyTradeGap: row.cost.map { ($0 / optimum.unrestricted - 1) * 100 },
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
