import Foundation
import GRDB
import RebalanceService
import Testing

/// An act whose request names its number.
func act(_ number: Int, key: String? = nil) -> LogAct {
  LogAct(
    kind: .decision, time: "2026-01-31T12:00:00.000Z", keyID: "key",
    policy: PolicyIdentity(name: "steps", version: "1.0.0", sha256: "0"), idempotencyKey: key,
    request: Data("request \(number)".utf8), response: Data("response \(number)".utf8))
}

@Suite struct DecisionLogTests {
  @Test func `waits for the disk at every commit`() throws {
    let place = try Workplace()
    let log = try place.openLog()
    // 2 is FULL: the write-ahead log reaches the disk before a commit returns.
    let mode = try log.pool.writeWithoutTransaction {
      try Int.fetchOne($0, sql: "PRAGMA synchronous")
    }
    #expect(mode == 2)
    let journal = try log.pool.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
    #expect(journal == "wal")
  }

  @Test func `numbers entries from 1 and links each to the one before`() async throws {
    let place = try Workplace()
    let log = try place.openLog()
    let first = try await log.append(act(1)).entry
    let second = try await log.append(act(2)).entry
    #expect(first.sequence == 1)
    #expect(first.previous == Data(count: 32))
    #expect(second.sequence == 2)
    #expect(second.previous == first.hash)
    #expect(try await log.entry(2) == second)
    #expect(try await log.entry(3) == nil)
  }

  @Test func `goes on where it was`() async throws {
    let place = try Workplace()
    let last: Data
    do {
      let log = try place.openLog()
      last = try await log.append(act(1, key: "a")).entry.hash
    }
    let log = try place.openLog()
    #expect(try await log.append(act(2, key: "b")).entry.previous == last)
    #expect(try LogAudit.verify(file: place.log).findings.isEmpty)
  }

  @Test func `a known idempotency key gives the earlier entry and adds none`() async throws {
    let place = try Workplace()
    let log = try place.openLog()
    let first = try await log.append(act(1, key: "a"))
    let again = try await log.append(act(2, key: "a"))
    #expect(first.isNew)
    #expect(!again.isNew)
    #expect(again.entry == first.entry)
    #expect(try LogAudit.verify(file: place.log).entries == 1)
  }

  @Test func `many that wait share a transaction, each with its own entry`() async throws {
    let place = try Workplace()
    let log = try place.openLog(interval: 100)
    let entries = try await withThrowingTaskGroup { group in
      for i in 0..<500 { group.addTask { try await log.append(act(i, key: "\(i)")).entry } }
      return try await group.reduce(into: [LogEntry]()) { $0.append($1) }
    }
    #expect(Set(entries.map(\.sequence)) == Set(1...500))
    let report = try LogAudit.verify(file: place.log)
    #expect(report.entries == 500)
    #expect(report.checkpoints >= 1)
    #expect(report.findings.isEmpty)
  }

  @Test func `one process writes at a time`() throws {
    let place = try Workplace()
    let log = try place.openLog()
    #expect(throws: LogError.self) { try place.openLog() }
    withExtendedLifetime(log) {}
  }

  @Test func `SQL by mistake does not change it`() async throws {
    let place = try Workplace()
    let log = try place.openLog()
    _ = try await log.append(act(1))
    for statement in ["UPDATE entries SET time = ''", "DELETE FROM entries"] {
      #expect(throws: DatabaseError.self) { try log.pool.write { try $0.execute(sql: statement) } }
    }
  }

  @Test func `a log whose end was changed is not gone on with`() async throws {
    let place = try Workplace()
    try await fill(place, 3)
    try tamper(place, "UPDATE entries SET response = X'00' WHERE sequence = 3")
    #expect(throws: LogError.self) { try place.openLog() }
  }

  @Test func `a log that lost what was signed is not gone on with`() async throws {
    let place = try Workplace()
    try await fill(place, 3)
    try tamper(place, "DELETE FROM entries WHERE sequence = 3")
    #expect(throws: LogError.self) { try place.openLog() }
  }
}

/// Writes so many entries and signs the last.
func fill(_ place: Workplace, _ count: Int) async throws {
  let log = try place.openLog(interval: 10)
  for i in 1...count { _ = try await log.append(act(i, key: "\(i)")) }
  try await log.checkpoint()
}

/// Changes a log as one does who means to.
func tamper(_ place: Workplace, _ statements: String...) throws {
  let database = try DatabaseQueue(path: place.log.path)
  try database.write { db in
    try db.execute(sql: "DROP TRIGGER entries_stay; DROP TRIGGER entries_remain")
    for statement in statements { try db.execute(sql: statement) }
  }
}
