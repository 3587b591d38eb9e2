import Foundation
import GRDB
import Learning
import Rebalancing

/// A training that is finished.
struct StoredTraining: Codable, Sendable, Hashable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "training"
  static let persistenceConflictPolicy = PersistenceConflictPolicy(insert: .replace)
  var caseName: String
  /// −1 where the case does not walk forward.
  var fold: Int
  var agent: String
  var seed: Int64
  /// Below the experiment's results.
  var folder: String
  var environmentDigest: String
  var agentDigest: String
  var steps: Int
  /// Of wall clock, all sessions together.
  var seconds: Double
  /// A tuned rule with its parameters; empty for what is no rule.
  var found: String
  /// Candidates that a tuned rule was chosen from; 1 of other agents.
  var trials: Int
  var commit: String
  var blasCore: String

  enum CodingKeys: String, CodingKey {
    case fold, agent, seed, folder, steps, seconds, found, trials, commit
    case caseName = "case_name"
    case environmentDigest = "environment_sha256"
    case agentDigest = "agent_sha256"
    case blasCore = "blas_core"
  }
}

extension StoredTraining {
  init(
    _ run: TrainingRun, _ entrant: Entrant, caseName: String, fold: Int, below output: URL
  ) throws {
    let record = try RunRecord(environment: run.environment, agent: run.agent, seed: run.seed)
    self.init(
      caseName: caseName, fold: fold, agent: entrant.family,
      seed: Int64(bitPattern: run.seed),
      folder: String(run.folder.path.dropFirst(output.path.count + 1)),
      environmentDigest: record.environment.sha256, agentDigest: record.agent.sha256,
      steps: entrant.checkpoint?.steps ?? 0, seconds: RunLog.seconds(of: RunFolder(run.folder)),
      found: entrant.found ?? "", trials: run.trials(in: entrant.checkpoint?.steps ?? 0),
      commit: entrant.checkpoint?.record.provenance.commit ?? "",
      blasCore: entrant.checkpoint?.record.provenance.blasCore ?? "")
  }
}

extension TrainingRun {
  /// Candidates that a search looked at in so many steps.
  fileprivate func trials(in steps: Int) -> Int {
    guard case .crossEntropy(let search, _) = agent.algorithm else { return 1 }
    return steps / max(search.episodes * environment.task.horizon, 1)
  }
}
