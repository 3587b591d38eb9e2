import Deployment
import Foundation
import GRDB
import RebalanceService
import Testing

@Suite struct AuditTests {
  /// The findings in a log of 25 entries, with checkpoints at 10, 20 and 25, after a change.
  private func findings(
    _ statements: String..., head: LogCheckpoint? = nil, publicKey: Data? = nil
  ) async throws -> [String] {
    let place = try Workplace()
    try await fill(place, 25)
    let database = try DatabaseQueue(path: place.log.path)
    try await database.write { db in
      try db.execute(sql: "DROP TRIGGER entries_stay; DROP TRIGGER entries_remain")
      for statement in statements { try db.execute(sql: statement) }
    }
    let report = try LogAudit.verify(file: place.log, publicKey: publicKey, head: head)
    return report.findings.map { "\($0.kind.rawValue): \($0)" }
  }

  @Test func `finds nothing in a log that nobody touched`() async throws {
    #expect(try await findings() == [])
  }

  @Test(arguments: [
    "time = '2026-02-01T12:00:00.000Z'", "key_id = 'other'", "policy_name = 'other'",
    "policy_version = '2.0.0'", "policy_sha256 = '1'", "idempotency_key = 'other'",
    "idempotency_key = NULL", "request = X'01'", "controls = X'01'", "response = X'01'",
    "kind = 'controls'", "previous = zeroblob(32)", "hash = zeroblob(32)",
  ])
  func `says which entry was changed`(change: String) async throws {
    let found = try await findings("UPDATE entries SET \(change) WHERE sequence = 7")
    #expect(found.contains { $0.hasPrefix("changed: entry 7 ") })
  }

  @Test func `every column of every table is covered: a change of any one is found`() async throws {
    let place = try Workplace()
    try await fill(place, 25)
    let original = try Data(contentsOf: place.log)
    let tables = try await DatabaseQueue(path: place.log.path).read { db in
      try ["entries", "checkpoints"].map { ($0, try db.columns(in: $0)) }
    }
    #expect(tables.map(\.1.count) == [14, 5])
    for (table, columns) in tables {
      for column in columns {
        for change in try Self.changes(column.type) {
          // What is open of the log before has its own side files: each change has a place of its own.
          let other = try Workplace()
          try original.write(to: other.log)
          try Self.apply(change, to: column.name, of: table, other)
          let report = try LogAudit.verify(file: other.log)
          #expect(!report.findings.isEmpty, "\(table).\(column.name) \(change)")
        }
      }
    }
  }

  private enum Change: String {
    case number, zeroAndMore, more, lastByte, null
  }

  private static func changes(_ type: String) throws -> [Change] {
    switch type {
    case "INTEGER": [.number]
    case "TEXT": [.more, .zeroAndMore, .null]
    default: [.lastByte, .more]
    }
  }

  /// Changes one field at entry 20, which has a checkpoint.
  private static func apply(
    _ change: Change, to column: String, of table: String, _ place: Workplace
  ) throws {
    try DatabaseQueue(path: place.log.path).write { db in
      try db.execute(sql: "DROP TRIGGER entries_stay; DROP TRIGGER entries_remain")
      let row = "\(table) WHERE sequence = 20"
      let before = try #require(try Row.fetchOne(db, sql: "SELECT \(column) AS c FROM \(row)"))
      let value: (any DatabaseValueConvertible)?
      switch change {
      case .number: value = try #require(before["c"] as Int64?) + 1000
      case .null:
        // Where it may be; elsewhere SQLite itself refuses.
        guard column == "idempotency_key" else {
          value = "other"
          break
        }
        value = nil
      case .more where (before["c"] as DatabaseValue).storage.value is Data:
        value = try #require(before["c"] as Data?) + [0]
      case .more: value = try #require(before["c"] as String?) + "x"
      case .zeroAndMore:
        // A bound text would end at the zero.
        return try db.execute(
          sql: "UPDATE \(table) SET \(column) = \(column) || char(0) || 'x' WHERE sequence = 20")
      case .lastByte:
        var bytes = try #require(before["c"] as Data?)
        if bytes.isEmpty { bytes = Data([0]) } else { bytes[bytes.endIndex - 1] ^= 1 }
        value = bytes
      }
      try db.execute(
        sql: "UPDATE \(table) SET \(column) = ? WHERE sequence = 20", arguments: [value])
      #expect(db.changesCount == 1)
    }
  }

  @Test func `a kind that there is not is found, and not taken for another`() async throws {
    let found = try await findings("UPDATE entries SET kind = 'decisions' WHERE sequence = 7")
    #expect(found == ["changed: entry 7 was changed: there is no such kind of entry"])
  }

  @Test func `the digest of a request is compared with the request`() async throws {
    let found = try await findings(
      "UPDATE entries SET request_sha256 = zeroblob(32) WHERE sequence = 7")
    #expect(
      found == ["changed: entry 7 was changed: request_sha256 is not that of its request"])
  }

  @Test func `says whose word the signatures are`() async throws {
    let place = try Workplace()
    try await fill(place, 3)
    let key = try LogSigner(file: place.folder.appending(path: "log.key")).publicKey
    let alone = try LogAudit.verify(file: place.log)
    #expect(alone.trust == .log)
    #expect(alone.signers == [VerifyingKey(bytes: key)?.id])
    #expect(try LogAudit.verify(file: place.log, publicKey: key).trust == .given)
  }

  @Test func `a file that is no decision log is called that`() throws {
    let place = try Workplace()
    for (name, content) in [("empty", ""), ("text", "# A text\n")] {
      let file = place.folder.appending(path: name)
      try Data(content.utf8).write(to: file)
      let error = #expect(throws: LogError.self) { try LogAudit.verify(file: file) }
      #expect(error?.description.contains("no decision log") == true, "\(name)")
      #expect(error?.description.contains("SQLite error") == false)
    }
  }

  @Test func `says which entries were removed`() async throws {
    let found = try await findings("DELETE FROM entries WHERE sequence IN (3, 7, 8)")
    #expect(found == ["removed: entry 3 is missing", "removed: entries 7 to 8 are missing"])
  }

  @Test func `says which entries were reordered`() async throws {
    let found = try await findings(
      "UPDATE entries SET sequence = -1 WHERE sequence = 5",
      "UPDATE entries SET sequence = 5 WHERE sequence = 6",
      "UPDATE entries SET sequence = 6 WHERE sequence = -1")
    #expect(
      found == [
        "reordered: entry 5 is what was entry 6", "reordered: entry 6 is what was entry 5",
      ])
  }

  @Test func `says where a log was cut off`() async throws {
    let found = try await findings("DELETE FROM entries WHERE sequence > 22")
    #expect(found == ["truncated: the log ends at entry 22, and entry 25 was signed"])
  }

  @Test func `a chain that was made anew does not have the signed hashes`() async throws {
    let place = try Workplace()
    try await fill(place, 25)
    let signed = try LogAudit.verify(file: place.log)
    // The same entries with one other answer, hashes and links all in order.
    let other = try Workplace()
    let log = try other.openLog(interval: 10)
    for i in 1...25 {
      var changed = act(i, key: "\(i)")
      if i == 12 { changed.response = Data("another".utf8) }
      _ = try await log.append(changed)
    }
    let kept = try JSONDecoder().decode(
      LogCheckpoint.self, from: Data(contentsOf: place.log.appendingPathExtension("head")))
    let report = try LogAudit.verify(file: other.log, publicKey: kept.publicKey, head: kept)
    let kinds = report.findings.map(\.kind)
    #expect(signed.findings.isEmpty)
    #expect(kinds.contains(.changed))
    #expect(kinds.contains(.forged))
  }

  @Test func `a head kept elsewhere finds what was cut off with its checkpoints`() async throws {
    let place = try Workplace()
    try await fill(place, 25)
    let head = try JSONDecoder().decode(
      LogCheckpoint.self, from: Data(contentsOf: place.log.appendingPathExtension("head")))
    try tamper(
      place, "DELETE FROM entries WHERE sequence > 20",
      "DELETE FROM checkpoints WHERE sequence > 20")
    #expect(try LogAudit.verify(file: place.log).findings.isEmpty)
    let found = try LogAudit.verify(file: place.log, head: head).findings
    #expect(found.map(\.kind) == [.truncated])
    #expect(found.map(\.entry) == [25])
  }

  @Test func `a checkpoint that was changed is not signed`() async throws {
    let found = try await findings("UPDATE checkpoints SET time = 'x' WHERE sequence = 20")
    #expect(found == ["forged: the checkpoint at entry 20 is not signed by the log's key"])
  }

  @Test func `audit of no log says so`() throws {
    let place = try Workplace()
    #expect(throws: LogError.self) { try LogAudit.verify(file: place.log) }
  }
}
