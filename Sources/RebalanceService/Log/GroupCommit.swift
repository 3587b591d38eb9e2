import Foundation
import GRDB

/// How far the log has come.
struct LogHead: Sendable, Hashable {
  var sequence: Int64
  var hash: Data
}

/// Writes acts in groups: all that wait while one transaction reaches the disk share the next.
///
/// A caller goes on only when its entry is durable: one `fsync` for each group, none saved.
actor GroupCommit {
  /// What became of an act.
  struct Outcome: Sendable {
    var entry: LogEntry
    /// False where the idempotency key was known and the entry is the earlier one.
    var isNew: Bool
  }

  private struct Waiting {
    let act: LogAct
    let answer: CheckedContinuation<Outcome, any Error>
  }

  private let pool: DatabasePool
  private let signer: LogSigner
  /// A checkpoint is made after as many entries.
  private let interval: Int64
  /// Told of each checkpoint after it is durable.
  private let announce: @Sendable (LogCheckpoint) -> Void
  private var head: LogHead
  private var waiting: [Waiting] = []
  private var isWriting = false

  init(
    pool: DatabasePool, head: LogHead, signer: LogSigner, interval: Int64,
    announce: @escaping @Sendable (LogCheckpoint) -> Void
  ) {
    self.pool = pool
    self.head = head
    self.signer = signer
    self.interval = interval
    self.announce = announce
  }

  /// Appends an act, or finds the entry that has its idempotency key; returns when it is durable.
  func append(_ act: LogAct) async throws -> Outcome {
    try await withCheckedThrowingContinuation { answer in
      waiting.append(Waiting(act: act, answer: answer))
      if !isWriting {
        isWriting = true
        Task { await writeAll() }
      }
    }
  }

  /// Signs where the log is now, if it has moved since the last checkpoint.
  func checkpoint(time: String) async throws {
    guard head.sequence > 0 else { return }
    let checkpoint = signer.checkpoint(at: head, time: time)
    let isNew = try await pool.write { db in
      try LogTables.insert(checkpoint, db)
      return db.changesCount > 0
    }
    if isNew { announce(checkpoint) }
  }

  private func writeAll() async {
    while !waiting.isEmpty {
      let group = waiting
      waiting = []
      do {
        let outcomes = try await commit(group.map(\.act))
        for (one, outcome) in zip(group, outcomes) { one.answer.resume(returning: outcome) }
      } catch {
        for one in group { one.answer.resume(throwing: error) }
      }
    }
    isWriting = false
  }

  /// One transaction: all of the group, or nothing of it.
  private func commit(_ acts: [LogAct]) async throws -> [Outcome] {
    let (before, signer, interval) = (head, signer, interval)
    let (outcomes, after, checkpoint) = try await pool.write { db in
      var head = before
      let outcomes = try acts.map { try Self.write($0, after: &head, db) }
      var checkpoint: LogCheckpoint?
      if head.sequence / interval > before.sequence / interval, let time = acts.last?.time {
        let made = signer.checkpoint(at: head, time: time)
        try LogTables.insert(made, db)
        checkpoint = made
      }
      return (outcomes, head, checkpoint)
    }
    head = after
    if let checkpoint { announce(checkpoint) }
    return outcomes
  }

  private static func write(
    _ act: LogAct, after head: inout LogHead, _ db: Database
  ) throws -> Outcome {
    if let key = act.idempotencyKey,
      let known = try LogTables.entry(key: act.keyID, idempotencyKey: key, db)
    {
      return Outcome(entry: known, isNew: false)
    }
    let sequence = head.sequence + 1
    let entry = LogEntry(
      sequence: sequence, act: act, previous: head.hash,
      hash: LogHash.of(act, sequence: sequence, after: head.hash))
    try LogTables.insert(entry, db)
    head = LogHead(sequence: sequence, hash: entry.hash)
    return Outcome(entry: entry, isNew: true)
  }
}
