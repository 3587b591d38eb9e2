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

  /// Whether nothing has been made in a database yet.
  static func isEmpty(_ db: Database) throws -> Bool {
    try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
  }

  /// Refuses a database that has not the tables that `create` makes.
  static func check(_ db: Database, of file: URL) throws {
    let fresh = try DatabaseQueue()
    try fresh.write(create)
    for table in ["entries", "checkpoints"] {
      let expected = try fresh.read { try columns(of: table, $0) }
      guard try db.tableExists(table), try columns(of: table, db) == expected else {
        throw LogError(
          "\(file.path): it is no decision log: the table \(table) is missing or is another one; "
            + "the file is unchanged")
      }
    }
  }

  private static func columns(of table: String, _ db: Database) throws -> [String] {
    try db.columns(in: table).map { "\($0.name) \($0.type) \($0.isNotNull)" }
  }

  /// The last entry's number; 0: there is none.
  static func lastSequence(_ db: Database) throws -> Int64 {
    try Int64.fetchOne(db, sql: "SELECT max(sequence) FROM entries") ?? 0
  }

  /// An entry as it stands there, for those who check it.
  static func row(_ sequence: Int64, _ db: Database) throws -> EntryRow? {
    try EntryRow.fetchOne(
      db.cachedStatement(sql: "SELECT * FROM entries WHERE sequence = ?"), arguments: [sequence])
  }

  static func entry(_ sequence: Int64, _ db: Database) throws -> LogEntry? {
    try row(sequence, db)?.entry()
  }

  static func entry(key: String, idempotencyKey: String, _ db: Database) throws -> LogEntry? {
    try EntryRow.fetchOne(
      db.cachedStatement(
        sql: "SELECT * FROM entries WHERE key_id = ? AND idempotency_key = ?"),
      arguments: [key, idempotencyKey])?.entry()
  }

  static func last(_ kind: LogAct.Kind, _ db: Database) throws -> LogEntry? {
    try EntryRow.fetchOne(
      db, sql: "SELECT * FROM entries WHERE kind = ? ORDER BY sequence DESC LIMIT 1",
      arguments: [kind.rawValue])?.entry()
  }

  static func lastCheckpoint(_ db: Database) throws -> LogCheckpoint? {
    try CheckpointRow.fetchOne(
      db, sql: "SELECT * FROM checkpoints ORDER BY sequence DESC LIMIT 1")?.checkpoint
  }
}

/// An entry as a row has it; GRDB's protocols are no part of what others see.
struct EntryRow: FetchableRecord {
  let sequence: Int64
  let previous: Data
  let hash: Data
  /// What the row says of its request.
  let requestDigest: Data
  /// `nil` where the kind is none that there is.
  let act: LogAct?

  init(row: Row) {
    sequence = row["sequence"]
    previous = row["previous"]
    hash = row["hash"]
    requestDigest = row["request_sha256"]
    act = LogAct.Kind(rawValue: row.text("kind")).map { kind in
      LogAct(
        kind: kind, time: row.text("time"), keyID: row.text("key_id"),
        policy: PolicyIdentity(
          name: row.text("policy_name"), version: row.text("policy_version"),
          sha256: row.text("policy_sha256")),
        idempotencyKey: row.optionalText("idempotency_key"), request: row["request"],
        controls: row["controls"], response: row["response"])
    }
  }

  /// The entry; one of an unknown kind is not taken for another.
  func entry() throws(LogError) -> LogEntry {
    guard let act else {
      throw LogError("entry \(sequence) is of an unknown kind; run rebalance audit verify")
    }
    return LogEntry(sequence: sequence, act: act, previous: previous, hash: hash)
  }
}

extension Row {
  /// A text with all its bytes: read as a C string it would end at the first zero, and what is behind it
  /// would be unseen.
  fileprivate func text(_ column: String) -> String {
    let bytes: Data = self[column]
    return String(decoding: bytes, as: UTF8.self)
  }

  fileprivate func optionalText(_ column: String) -> String? {
    let bytes: Data? = self[column]
    return bytes.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// A checkpoint as a row has it.
struct CheckpointRow: FetchableRecord {
  let checkpoint: LogCheckpoint

  init(row: Row) {
    checkpoint = LogCheckpoint(
      sequence: row["sequence"], hash: row["hash"], time: row.text("time"),
      publicKey: row["public_key"], signature: row["signature"])
  }
}
