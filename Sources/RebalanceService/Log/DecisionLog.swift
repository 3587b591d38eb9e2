public import Foundation
public import GRDB

/// Every decision and every act that changes decisions: appended to, durable before it is answered,
/// each entry chained to the one before by its hash, checkpoints signed.
///
/// One process writes at a time; it holds `FILE.lock` while it does.
public final class DecisionLog: Sendable {
  /// SQLite with a write-ahead log, `synchronous` FULL.
  public let pool: DatabasePool
  /// The last checkpoint outside of the database, which finds a log that was cut or put back.
  public let headFile: URL
  public let publicKey: Data
  private let commits: GroupCommit
  private let lock: LockFile

  /// What became of an act that was handed in.
  public typealias Outcome = (entry: LogEntry, isNew: Bool)

  /// Opens the log in a file, or begins it.
  ///
  /// - Parameters:
  ///   - signer: who signs checkpoints.
  ///   - interval: entries between two checkpoints.
  ///   - announce: told of each checkpoint.
  /// - Throws: where another process writes it, or its end is not what was last signed.
  public init(
    file: URL, signer: LogSigner, interval: Int = 1000,
    announce: @escaping @Sendable (LogCheckpoint) -> Void = { _ in }
  ) throws(LogError) {
    lock = try LockFile(file.appendingPathExtension("lock"))
    let headFile = file.appendingPathExtension("head")
    self.headFile = headFile
    publicKey = signer.publicKey
    do {
      pool = try DatabasePool(path: file.path)
      // The pool sets NORMAL when it opens, which loses the last commits with the power.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      try pool.write(LogTables.create)
      let head = try pool.read(Self.checkedHead)
      commits = GroupCommit(
        pool: pool, head: head, signer: signer, interval: Int64(max(1, interval)),
        announce: {
          try? PrivateFile.write(ServiceJSON.encode($0) + Data("\n".utf8), to: headFile)
          announce($0)
        })
    } catch let error as LogError {
      throw error
    } catch {
      throw LogError("\(file.path): \(error)")
    }
  }

  /// Appends an act and returns when it is durable.
  ///
  /// - Returns: its entry, or the earlier one that has its idempotency key.
  public func append(_ act: LogAct) async throws(LogError) -> Outcome {
    do {
      let outcome = try await commits.append(act)
      return (outcome.entry, outcome.isNew)
    } catch { throw LogError("the decision log cannot be written: \(error)") }
  }

  /// Signs where the log is now.
  public func checkpoint() async throws(LogError) {
    do { try await commits.checkpoint(time: Timestamp.now()) } catch {
      throw LogError("the checkpoint cannot be written: \(error)")
    }
  }

  /// The entry of a number.
  public func entry(_ sequence: Int64) async throws(LogError) -> LogEntry? {
    try await read { try LogTables.entry(sequence, $0) }
  }

  /// The decision of a caller's idempotency key.
  public func entry(keyID: String, idempotencyKey: String) async throws(LogError) -> LogEntry? {
    try await read { try LogTables.entry(key: keyID, idempotencyKey: idempotencyKey, $0) }
  }

  /// The last act of a kind.
  public func last(_ kind: LogAct.Kind) throws(LogError) -> LogEntry? {
    do { return try pool.read { try LogTables.last(kind, $0) } } catch {
      throw LogError("the decision log cannot be read: \(error)")
    }
  }

  private func read<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(LogError) -> Value {
    do { return try await pool.read(body) } catch {
      throw LogError("the decision log cannot be read: \(error)")
    }
  }

  /// Where the log ends; the whole chain is for `audit verify`, its end is looked at here.
  private static func checkedHead(_ db: Database) throws -> LogHead {
    let last = try LogTables.last(db)
    let checkpoint = try LogTables.lastCheckpoint(db)
    if let last, LogHash.of(last.act, sequence: last.sequence, after: last.previous) != last.hash {
      throw LogError("entry \(last.sequence) of the log was changed; run rebalance audit verify")
    }
    if let checkpoint, checkpoint.sequence > last?.sequence ?? 0 {
      throw LogError(
        "the log ends at entry \(last?.sequence ?? 0), and entry \(checkpoint.sequence) was signed; "
          + "run rebalance audit verify")
    }
    return LogHead(sequence: last?.sequence ?? 0, hash: last?.hash ?? LogHash.origin)
  }
}
