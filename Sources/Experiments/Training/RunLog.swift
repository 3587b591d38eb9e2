import Foundation
import Learning

/// How a training went: `run.json` and the curves, the only files of a run that hold times.
struct RunLog {
  /// The content of `run.json`.
  struct Document: Codable {
    var record: RunRecord
    var outcome: Outcome
    var steps: Int
    var totalSteps: Int
    var best: TrainingEvaluation?
    var wallClock: WallClock

    enum CodingKeys: String, CodingKey {
      case record, outcome, steps, best
      case totalSteps = "total_steps"
      case wallClock = "wall_clock"
    }
  }

  /// How a run has ended; one that was killed is left `running`.
  enum Outcome: String, Codable { case running, finished, stopped, failed }

  /// What differs between equal runs.
  struct WallClock: Codable {
    /// Of all sessions.
    var seconds: Double
    var sessions: [Session]
  }

  /// One start of the program.
  struct Session: Codable {
    var started: Date
    var ended: Date
    var firstStep: Int
    var lastStep: Int
    var threads: Int

    enum CodingKeys: String, CodingKey {
      case started, ended, threads
      case firstStep = "first_step"
      case lastStep = "last_step"
    }
  }

  private let file: URL
  private let events: EventFile
  private let now: @Sendable () -> Date
  private var document: Document
  /// Environment steps between two points of a curve.
  private let interval: Int
  private var last: (steps: Int, time: Date)

  /// Continues the log of a folder, or begins it.
  ///
  /// - Parameter now: the clock.
  init(
    _ folder: RunFolder, record: RunRecord, steps: Int, totalSteps: Int, threads: Int,
    now: @escaping @Sendable () -> Date = { Date() }
  ) throws {
    let time = now()
    file = folder.runFile
    self.now = now
    events = try EventFile(in: folder.log, restartingAt: steps + 1, at: time)
    interval = max(totalSteps / 1000, 1)
    last = (steps, time)
    document = Document(
      record: record, outcome: .running, steps: steps, totalSteps: totalSteps,
      wallClock: WallClock(seconds: 0, sessions: Self.earlierSessions(file)))
    document.wallClock.sessions.append(
      Session(started: time, ended: time, firstStep: steps, lastStep: steps, threads: threads))
    try write()
  }

  /// Seconds of wall clock that the run in a folder took, all sessions together; 0 where no log is left.
  static func seconds(of folder: RunFolder) -> Double {
    earlierSessions(folder.runFile).reduce(0) { $0 + $1.ended.timeIntervalSince($1.started) }
  }

  private static func earlierSessions(_ file: URL) -> [Session] {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    // A log that is lost or damaged is no reason not to continue.
    guard let data = try? Data(contentsOf: file),
      let document = try? decoder.decode(Document.self, from: data)
    else { return [] }
    return document.wallClock.sessions
  }

  /// Notes an update, about a thousand times in a run.
  mutating func note(_ report: UpdateReport, before: Int) throws {
    guard report.stepsDone / interval > before / interval else { return }
    let time = now()
    let seconds = time.timeIntervalSince(last.time)
    var scalars = [EventFile.Scalar("rollout/mean_reward", report.meanReward)]
    for (name, value) in report.figures.sorted(by: { $0.key < $1.key }) {
      scalars.append(.init("train/\(name)", value))
    }
    if seconds > 0 {
      scalars.append(
        .init("time/steps_per_second", Double(report.stepsDone - last.steps) / seconds))
    }
    last = (report.stepsDone, time)
    try events.add(scalars, step: report.stepsDone, at: time)
  }

  /// Notes an evaluation.
  func note(_ evaluation: TrainingEvaluation) throws {
    let scalars = [
      EventFile.Scalar("eval/mean_reward", evaluation.meanReward),
      .init("eval/standard_error", evaluation.standardError),
      .init("eval/cost_bp_per_year", evaluation.cost),
    ]
    try events.add(scalars, step: evaluation.steps, at: now())
  }

  /// Notes how far the run is, in `run.json`.
  mutating func note(
    _ outcome: Outcome, steps: Int, best: TrainingEvaluation?
  ) throws {
    document.outcome = outcome
    document.steps = steps
    document.best = best
    document.wallClock.sessions[document.wallClock.sessions.count - 1].ended = now()
    document.wallClock.sessions[document.wallClock.sessions.count - 1].lastStep = steps
    try write()
  }

  private mutating func write() throws {
    document.wallClock.seconds = document.wallClock.sessions.reduce(0) {
      $0 + $1.ended.timeIntervalSince($1.started)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    try (try encoder.encode(document) + Data("\n".utf8)).write(to: file, options: .atomic)
  }
}
