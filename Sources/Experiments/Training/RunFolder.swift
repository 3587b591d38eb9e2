import Deployment
public import Foundation
import Learning

/// What a training keeps in its folder.
///
/// ```
/// policy.safetensors training.safetensors record.json    the last checkpoint
/// best/                                                  that of the best evaluation
/// evaluation.json                                        how a policy compares with rules, if asked
/// log/events.out.tfevents.*                              curves for TensorBoard
/// log/run.json                                           how the run went: times, threads
/// ```
/// All but `log` is a function of environment, agent, seed and options: equal runs have equal bytes.
public struct RunFolder: Sendable, Hashable {
  /// The folder itself, which is the last checkpoint.
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// The checkpoint of the best evaluation.
  public var best: URL { url.appending(path: "best") }
  var log: URL { url.appending(path: "log") }
  var runFile: URL { log.appending(path: "run.json") }

  /// Whether a training has been here.
  public var isTaken: Bool { Checkpoint<RunRecord>.isThere(url) }

  /// What the best checkpoint was chosen by, if there is one.
  public var bestEvaluation: TrainingEvaluation? {
    (try? Checkpoint<RunRecord>(contentsOf: best))?.record.evaluation
  }

  /// Prepares a new training: a folder with other files is none of ours.
  func prepare() throws {
    try checkNothingElse(
      in: url,
      than: Checkpoint<RunRecord>.fileNames.union(exchangeNames)
        .union(["best", "log", EvaluationRecord.fileName]))
    try createFolder(url)
    // Of a training that was killed before its first checkpoint.
    for leftover in [best, log, url.appending(path: EvaluationRecord.fileName)] {
      try? FileManager.default.removeItem(at: leftover)
    }
  }
}
