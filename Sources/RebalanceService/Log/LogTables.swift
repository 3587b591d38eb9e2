import Foundation
import GRDB

/// The tables of the decision log, and the way between rows and values.
enum LogTables {
  /// Makes the tables. The triggers refuse what only a mistake would do; against intent there is the
  /// chain.
  static func create(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS entries (
          sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, time TEXT NOT NULL, key_id TEXT NOT NULL,
          policy_name TEXT NOT NULL, policy_version TEXT NOT NULL, policy_sha256 TEXT NOT NULL,
          idempotency_key TEXT, request_sha256 BLOB NOT NULL, request BLOB NOT NULL,
          controls BLOB NOT NULL, response BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX IF NOT EXISTS entry_by_key ON entries (key_id, idempotency_key)
          WHERE idempotency_key IS NOT NULL;
        CREATE INDEX IF NOT EXISTS entry_of_controls ON entries (kind, sequence)
          WHERE kind <> 'decision';
        CREATE TABLE IF NOT EXISTS checkpoints (
          sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, time TEXT NOT NULL,
          public_key BLOB NOT NULL, signature BLOB NOT NULL
        ) STRICT;
        CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE UPDATE ON entries
          BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END;
        CREATE TRIGGER IF NOT EXISTS entries_remain BEFORE DELETE ON entries
          BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END;
        """)
  }

  static func insert(_ entry: LogEntry, _ db: Database) throws {
    let act = entry.act
    try db.cachedStatement(sql: "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)").execute(
      arguments: [
        entry.sequence, act.kind.rawValue, act.time, act.keyID, act.policy.name,
        act.policy.version, act.policy.sha256, act.idempotencyKey, LogHash.digest(act.request),
        act.request, act.controls, act.response, entry.previous, entry.hash,
      ])
  }

  static func insert(_ checkpoint: LogCheckpoint, _ db: Database) throws {
    try db.cachedStatement(sql: "INSERT OR IGNORE INTO checkpoints VALUES (?,?,?,?,?)").execute(
      arguments: [
        checkpoint.sequence, checkpoint.hash, checkpoint.time, checkpoint.publicKey,
        checkpoint.signature,
      ])
  }

  static func last(_ db: Database) throws -> LogEntry? {
    try EntryRow.fetchOne(db, sql: "SELECT * FROM entries ORDER BY sequence DESC LIMIT 1")?.entry
  }

  static func entry(_ sequence: Int64, _ db: Database) throws -> LogEntry? {
    try EntryRow.fetchOne(
      db.cachedStatement(sql: "SELECT * FROM entries WHERE sequence = ?"), arguments: [sequence])?
      .entry
  }

  static func entry(key: String, idempotencyKey: String, _ db: Database) throws -> LogEntry? {
    try EntryRow.fetchOne(
      db.cachedStatement(
        sql: "SELECT * FROM entries WHERE key_id = ? AND idempotency_key = ?"),
      arguments: [key, idempotencyKey])?.entry
  }

  static func last(_ kind: LogAct.Kind, _ db: Database) throws -> LogEntry? {
    try EntryRow.fetchOne(
      db, sql: "SELECT * FROM entries WHERE kind = ? ORDER BY sequence DESC LIMIT 1",
      arguments: [kind.rawValue])?.entry
  }

  static func lastCheckpoint(_ db: Database) throws -> LogCheckpoint? {
    try CheckpointRow.fetchOne(
      db, sql: "SELECT * FROM checkpoints ORDER BY sequence DESC LIMIT 1")?.checkpoint
  }
}

/// An entry as a row has it; GRDB's protocols are no part of what others see.
struct EntryRow: FetchableRecord {
  let entry: LogEntry

  init(row: Row) {
    let kind: String = row["kind"]
    entry = LogEntry(
      sequence: row["sequence"],
      act: LogAct(
        // A kind that is not known was written over; its hash says so.
        kind: LogAct.Kind(rawValue: kind) ?? .decision, time: row["time"], keyID: row["key_id"],
        policy: PolicyIdentity(
          name: row["policy_name"], version: row["policy_version"],
          sha256: row["policy_sha256"]),
        idempotencyKey: row["idempotency_key"], request: row["request"],
        controls: row["controls"], response: row["response"]),
      previous: row["previous"], hash: row["hash"])
  }
}

/// A checkpoint as a row has it.
struct CheckpointRow: FetchableRecord {
  let checkpoint: LogCheckpoint

  init(row: Row) {
    checkpoint = LogCheckpoint(
      sequence: row["sequence"], hash: row["hash"], time: row["time"],
      publicKey: row["public_key"], signature: row["signature"])
  }
}
