import ArgumentParser
import Experiments
import Foundation
import Learning

/// Seeds as they are written on the command line: `1..10`, `1,3,7`, or both.
enum SeedList {
  static func read(_ text: String) throws -> [UInt64] {
    let fault = ValidationError("--seeds \(text): valid are 1..10 and 1,3,7, at most 10000 seeds")
    var seeds: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: ".", omittingEmptySubsequences: false).map { UInt64($0) }
      switch ends.count {
      case 1:
        guard let seed = ends[0] else { throw fault }
        seeds.append(seed)
      case 3:
        guard let first = ends[0], let last = ends[2], part.contains(".."), first <= last,
          last - first < 10_000
        else { throw fault }
        seeds += first...last
      default: throw fault
      }
    }
    guard Set(seeds).count == seeds.count else {
      throw ValidationError("--seeds \(text): a seed stands twice")
    }
    guard seeds.count <= 10_000 else { throw fault }
    return seeds
  }
}

/// How the trainings of several seeds ended.
struct SeedReport {
  let out: String
  let agent: String
  private let rows: [Row]
  private let failures: [(seed: UInt64, error: any Error)]
  private let totalSteps: Int

  private struct Document: Encodable {
    var out: String
    var agent: String
    var runs: [Row]
  }

  private struct Row: Encodable {
    var seed: UInt64
    var checkpoint: String
    /// `finished`, `stopped` or `failed`.
    var ending: String
    /// Of the checkpoint.
    var steps: Int
    var reward: Double?
    var best: TrainingEvaluation?
    var error: String?

    enum CodingKeys: String, CodingKey {
      case seed, checkpoint, ending, steps, best, error
      case reward = "training_reward"
    }
  }

  init(
    out: String, agent: String, runs: [TrainingRun],
    results: [Result<TrainingRun.Ending, any Error>], progress: TrainingProgress
  ) throws {
    self.out = out
    self.agent = agent
    totalSteps = runs[0].agent.totalSteps
    var failures: [(seed: UInt64, error: any Error)] = []
    rows = zip(runs, results).enumerated().map { index, pair in
      let (run, result) = pair
      var row = Row(
        seed: run.seed, checkpoint: "\(out)/\(run.folder.lastPathComponent)", ending: "failed",
        steps: (try? Checkpoint<RunRecord>(contentsOf: run.folder))?.steps ?? 0,
        reward: progress.reward(of: index), best: RunFolder(run.folder).bestEvaluation)
      switch result {
      case .success(let ending): row.ending = ending == .finished ? "finished" : "stopped"
      case .failure(let error):
        row.error = "\(error)"
        failures.append((run.seed, error))
      }
      return row
    }
    self.failures = failures
  }

  /// Prints the table or document, says what failed, and ends with a code that tells it.
  func show(json: Bool) throws {
    if json {
      try printJSON(Document(out: out, agent: agent, runs: rows))
    } else {
      print(table)
    }
    for (seed, error) in failures {
      FileHandle.standardError.write(Data("error: seed \(seed): \(error)\n".utf8))
    }
    let stopped = rows.filter { $0.ending == "stopped" }.count
    if stopped > 0 {
      Train.sayHowToResume(at: "\(rows.count - stopped) of \(rows.count) seeds")
    }
    if let failure = failures.first { throw ExitCode(Rebalance.exitCode(of: failure.error) ?? 64) }
    if stopped > 0 { throw ExitCode(130) }
  }

  private var table: String {
    var table = TextTable([
      "seed", "ending", ">steps", ">reward", ">best eval", ">± s.e.", ">at step",
    ])
    for row in rows {
      table.add(
        ["\(row.seed)", row.ending, "\(row.steps)", row.reward?.fixed(5) ?? "–"]
          + (row.best.map { [$0.meanReward.fixed(5), $0.standardError.fixed(5), "\($0.steps)"] }
            ?? ["–", "–", "–"]))
    }
    let best = rows.contains { $0.best != nil }
    return table.text + "\nreward: exploring, in training, over the last twentieth"
      + (best ? "\nbest eval: greedy, the largest of many on the same episodes" : "")
      + "\ncheckpoints: \(out)/seed-N"
  }
}
