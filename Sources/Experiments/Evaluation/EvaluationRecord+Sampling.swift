public import Deployment
public import Foundation
public import Learning
import Markets
import Oracles
import Rebalancing

extension EvaluationRecord {
  /// The rules that every policy is compared with.
  public static let usualRules = [
    "rule:never", "rule:always", "rule:calendar(quarterly)", "rule:calendar(annual)",
    "rule:band(0.01)", "rule:band(0.02)", "rule:band(0.03)", "rule:band(0.05)", "rule:band(0.10)",
    "rule:band(0.05,to=half)", "rule:relative_band(0.2,to=0.1)", "rule:closed_form",
  ]

  /// Plays a checkpoint's policy and rules on the same paths, and scores them exactly where the task
  /// has that.
  ///
  /// - Parameters:
  ///   - environment: where all are played; it may be another than that of the training.
  ///   - others: rules besides the usual ones; those must be playable.
  ///   - episodes: paths; data that is replayed from a fixed day has one.
  public init(
    of checkpoint: Checkpoint<RunRecord>, name: String, on environment: EnvironmentSpec,
    against others: [String] = [], episodes: Int, seed: UInt64, workers: Int = 2
  ) throws {
    let task = environment.task
    let policy = try PolicyReference.trigger(of: checkpoint, name: name)
    let (rules, leftOut) = try Self.rules(for: task, others)
    let policies = [try PolicyReference.fitting(policy, task)] + rules
    let sampled = SampledEvaluation(
      task, policies: policies, episodes: episodes, seed: seed, workers: workers)
    let comparisons = try Self.comparisons(sampled, task, name)
    guard let best = comparisons.indices.min(by: { comparisons[$0].cost < comparisons[$1].cost })
    else { throw EvaluationError("\(name): no rule can be played on \(task.id)") }
    self.init(
      policyDigest: checkpoint.policyDigest,
      environment: .init(id: task.id, sha256: environment.sha256),
      trainedOn: checkpoint.record.trainedOn, task: TaskDescription(task).lines,
      paths: Paths(sampled), policy: Score(sampled.policies[0]), rules: comparisons,
      bestRule: comparisons[best], leftOut: leftOut, exact: try Exact(task, policies),
      failures: Failures(Self.savings(sampled, task, of: best + 1)),
      provenance: checkpoint.record.provenance.words)
  }

  /// Writes it into a checkpoint's folder.
  public func write(to folder: URL) throws {
    let file = folder.appending(path: Self.fileName)
    do { try encoded().write(to: file, options: .atomic) } catch {
      throw FolderWritingError(path: file.path, reason: error.localizedDescription)
    }
  }

  /// The rules, and those of the usual ones that the task does not have.
  private static func rules(
    for task: RebalancingTask, _ others: [String]
  ) throws -> ([any Trigger], [LeftOut]) {
    var rules: [any Trigger] = []
    var leftOut: [LeftOut] = []
    for text in usualRules {
      do throws(RuleError) { rules.append(try RuleCatalog.rule(text, for: task)) } catch {
        leftOut.append(LeftOut(name: text, reason: error.description))
      }
    }
    for text in others.unique where !usualRules.contains(text) {
      rules.append(try RuleCatalog.rule(text, for: task))
    }
    return (rules, leftOut)
  }

  /// The first policy against each of the others.
  private static func comparisons(
    _ sampled: SampledEvaluation, _ task: RebalancingTask, _ name: String
  ) throws -> [Comparison] {
    let count = sampled.samples[0].count
    guard count > 1 else {
      throw EvaluationError(
        "\(name): \(count) sample on \(task.id), an interval needs 2 or more")
    }
    // Pairs go by the first of them: those of the policy stand first.
    return try sampled.policies.indices.dropFirst().map { index in
      let pair = sampled.pairs[index - 1]
      let row = sampled.policies[index]
      guard row.cost.mean.isFinite, pair.difference.mean.isFinite else {
        throw EvaluationError("\(row.name): its cost on \(task.id) is not finite")
      }
      let savings = savings(sampled, task, of: index)
      return Comparison(
        name: row.name, cost: row.cost.mean,
        saving: Estimate(
          mean: -pair.difference.mean, low: -pair.interval[1], high: -pair.interval[0]),
        cheaperShare: Double(savings.count { $0 > 0 }) / Double(count))
    }
  }

  /// Cost of a policy minus that of the first on each sample, bp a year.
  private static func savings(
    _ sampled: SampledEvaluation, _ task: RebalancingTask, of index: Int
  ) -> [Double] {
    zip(sampled.samples[index], sampled.samples[0]).map { other, own in
      (other.cost - own.cost) / own.steps * task.stepsPerYear * 1e4
    }
  }
}

extension EvaluationRecord.Paths {
  fileprivate init(_ sampled: SampledEvaluation) {
    self.init(
      seed: sampled.seed, sample: sampled.sample, count: sampled.samples[0].count,
      firstDate: sampled.firstDate.description, lastDate: sampled.lastDate.description)
  }
}

extension EvaluationRecord.Score {
  fileprivate init(_ row: SampledEvaluation.Row) {
    self.init(
      cost: row.cost.mean, transaction: row.transaction.mean, tax: row.tax.mean,
      drift: row.drift.mean, turnover: row.turnover.mean, trades: row.trades,
      trackingError: row.trackingError)
  }
}

extension EvaluationRecord.Failures {
  /// The five worst of the savings on each sample.
  fileprivate init(_ savings: [Double]) {
    let order = savings.indices.sorted { (savings[$0], $0) < (savings[$1], $1) }
    self.init(
      worseShare: Double(savings.count { $0 < 0 }) / Double(savings.count),
      worst: order.prefix(5).map { Sample(sample: $0, saving: savings[$0]) })
  }
}

extension EvaluationRecord.Exact {
  /// The gaps; `nil` where the task is not solved exactly.
  fileprivate init?(_ task: RebalancingTask, _ policies: [any Trigger]) throws {
    let exact: ExactEvaluation
    do { exact = try ExactEvaluation(task, policies: policies) } catch is NotExactlySolvable {
      return nil
    }
    self.init(
      ownActions: exact.optimum.ownActions, unrestricted: exact.optimum.unrestricted,
      gaps: exact.policies.map {
        .init(
          name: $0.name, percent: $0.gap, against: $0.gapAgainst?.rawValue, reason: $0.reason)
      })
  }
}

extension Checkpoint<RunRecord> {
  /// SHA-256 of the policy's weights as a bundle has them.
  public var policyDigest: String { sha256(Data(policy.safetensors.encoded())) }

  /// The record of an evaluation beside the checkpoint; `nil` where there is none.
  ///
  /// - Throws: where it cannot be read, or is of another policy.
  public static func evaluation(
    of checkpoint: Checkpoint<RunRecord>, in folder: URL
  ) throws(EvaluationError) -> EvaluationRecord? {
    let file = folder.appending(path: EvaluationRecord.fileName)
    guard let data = FileManager.default.contents(atPath: file.path) else { return nil }
    let record: EvaluationRecord
    do { record = try JSONDecoder().decode(EvaluationRecord.self, from: data) } catch {
      throw EvaluationError("\(file.path): not an evaluation record: \(error)")
    }
    do throws(EvaluationError) {
      try record.check(
        policyDigest: checkpoint.policyDigest, trainedOn: checkpoint.record.trainedOn)
    } catch { throw EvaluationError("\(file.path): \(error.description)") }
    return record
  }
}

extension RunRecord {
  /// Where it was trained, as manifests have it.
  var trainedOn: PolicyBundle.Manifest.Environment {
    .init(id: environment.id, sha256: environment.sha256)
  }
}

extension Provenance {
  /// The record's fields, by name.
  var words: [String: String] {
    ["version": version, "commit": commit, "compiler": compiler, "blas_core": blasCore]
  }
}

extension TaskDescription {
  /// What a card says of the task.
  var lines: [EvaluationRecord.Line] {
    let targets = assets.map { "\($0.name) \($0.target.percent)" }.joined(separator: ", ")
    let steps =
      "\(episode.horizon) steps, \(episode.stepsPerYear.short) a year; value "
      + "\(episode.initialValue.short) at the start"
    return [
      ("assets", targets), ("market", market.summary), ("costs", costs.joined(separator: "; ")),
      ("drift cost", driftCost), ("reward", reward), ("tax", tax), ("paid", payment),
      ("flows", flows), ("episode", steps),
    ].map { EvaluationRecord.Line(about: $0, text: $1) }
  }
}
