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
  ///   - signer: who signs checkpoints; a new key is kept where the log may be gone on with.
  ///   - interval: entries between two checkpoints.
  ///   - announce: told of each checkpoint.
  /// - Throws: where another process writes it, or it is not what was last signed; the file is as it was.
  public init(
    file: URL, signer: LogSigner, interval: Int = 1000,
    announce: @escaping @Sendable (LogCheckpoint) -> Void = { _ in }
  ) throws(LogError) {
    let headFile = HeadFile(of: file)
    self.headFile = headFile.file
    publicKey = signer.publicKey
    do {
      try LogStart.checkFile(file)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      lock = try LockFile(file.appendingPathExtension("lock"))
      try PrivateFile.begin(file)
      pool = try DatabasePool(path: file.path)
      // The pool sets NORMAL when it opens, which loses the last commits with the power.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      try pool.write(LogTables.create)
      let kept = try headFile.read()
      let start = LogStart(file: file, signer: signer.verifyingKey, kept: kept)
      let (head, signed) = try pool.read(start.check)
      try signer.keep()
      // A crash came between a checkpoint and its copy.
      if let signed, signed.sequence > kept?.sequence ?? 0 { try headFile.write(signed) }
      commits = GroupCommit(
        pool: pool, head: head, signer: signer, interval: Int64(max(1, interval)),
        announce: {
          try? headFile.write($0)
          announce($0)
        })
    } catch { throw LogError(error, at: file) }
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
}
