import Deployment
import Foundation
import GRDB

/// What a log must pass before it is gone on with.
///
/// It has what was signed last, in its own checkpoints and in `LOG.head`, and its chain holds from there on,
/// and over its last entries. The whole chain is for `audit verify`: a start does not take longer the
/// longer the log is.
struct LogStart {
  let file: URL
  /// Who signs the log.
  let signer: VerifyingKey
  /// The checkpoint in `LOG.head`.
  let kept: LogCheckpoint?
  /// So many entries at the end are looked at in any case.
  static let entries: Int64 = 10_000

  /// Refuses a file that is there and is no decision log, before anything is made beside it.
  static func checkFile(_ file: URL) throws {
    let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
    guard let attributes else { return }
    guard attributes[.type] as? FileAttributeType != .typeDirectory else {
      throw LogError("\(file.path): it is a folder; the file of a decision log is expected")
    }
    try DatabaseQueue(path: file.path).read { db in
      // One without tables has not been begun.
      if try !LogTables.isEmpty(db) { try LogTables.check(db, of: file) }
    }
  }

  /// - Returns: where the log ends, and its last checkpoint.
  func check(_ db: Database) throws -> (head: LogHead, signed: LogCheckpoint?) {
    let end = try LogTables.lastSequence(db)
    let signed = try LogTables.lastCheckpoint(db)
    if let kept { try check(kept, from: file.lastPathComponent + ".head", end: end, db) }
    if let signed { try check(signed, from: "the log", end: end, db) }
    let last = max(kept?.sequence ?? 0, signed?.sequence ?? 0)
    let first = max(1, min(last, end - Self.entries + 1))
    let before =
      first > 1 ? try LogTables.row(first, db)?.previous ?? LogHash.origin : LogHash.origin
    var walk = AuditWalk(after: LogHead(sequence: first - 1, hash: before))
    // From the start, an entry of a number below 1 is one too many.
    let rows = try EntryRow.fetchCursor(
      db, sql: "SELECT * FROM entries WHERE sequence >= ? ORDER BY sequence",
      arguments: [first > 1 ? first : .min])
    while let row = try rows.next() { walk.take(row) }
    if let finding = walk.report.findings.first { throw refusal("\(finding)") }
    return (walk.head, signed)
  }

  private func check(
    _ checkpoint: LogCheckpoint, from source: String, end: Int64, _ db: Database
  ) throws {
    let number = checkpoint.sequence
    guard checkpoint.isSigned(by: signer.bytes) else {
      throw refusal(
        "the checkpoint at entry \(number) in \(source) is not signed by this log's key, which is "
          + "\(signer.id); it names \(checkpoint.keyID)")
    }
    guard number <= end else {
      throw refusal("the log ends at entry \(end), and \(source) has entry \(number) signed")
    }
    guard try LogTables.row(number, db)?.hash == checkpoint.hash else {
      throw refusal("entry \(number) is not the one that is signed in \(source)")
    }
  }

  private func refusal(_ finding: String) -> LogError {
    LogError(
      "\(file.path): \(finding); the service does not go on with this log, which is unchanged. Run "
        + "rebalance audit verify; put the log and its key back as they were, or move LOG, LOG.key and "
        + "LOG.head away and begin a new one")
  }
}
