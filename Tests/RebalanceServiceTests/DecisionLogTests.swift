import Deployment
import Foundation
import GRDB
import Hummingbird
import HummingbirdTesting
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

  @Test func `a log that was cut with its checkpoints is not gone on with, and LOG head stays`()
    async throws
  {
    let place = try Workplace()
    try await fill(place, 16)
    let head = try Data(contentsOf: place.head)
    try tamper(
      place, "DELETE FROM entries WHERE sequence > 12", "DELETE FROM checkpoints")
    let error = #expect(throws: LogError.self) { try place.openLog() }
    #expect(
      error?.description.contains(
        "the log ends at entry 12, and decisions.sqlite.head has entry 16 signed") == true)
    #expect(error?.description.contains("put the log and its key back") == true)
    #expect(try Data(contentsOf: place.head) == head)
  }

  @Test func `a log that was made anew is not gone on with`() async throws {
    let place = try Workplace()
    try await fill(place, 16)
    try tamper(
      place, "UPDATE entries SET hash = zeroblob(32) WHERE sequence = 16",
      "DELETE FROM checkpoints")
    let error = #expect(throws: LogError.self) { try place.openLog() }
    #expect(error?.description.contains("entry 16 is not the one that is signed in") == true)
  }

  @Test(arguments: [
    "UPDATE entries SET response = X'00' WHERE sequence = 5",
    "UPDATE entries SET kind = 'other' WHERE sequence = 5",
    "UPDATE entries SET request_sha256 = X'00' WHERE sequence = 5",
    "DELETE FROM entries WHERE sequence = 5",
    "UPDATE entries SET previous = zeroblob(32) WHERE sequence = 5",
  ])
  func `an entry that was changed is named, and the log not gone on with`(change: String)
    async throws
  {
    let place = try Workplace()
    try await fill(place, 25)
    try tamper(place, change)
    let error = #expect(throws: LogError.self) { try place.openLog() }
    #expect(error?.description.contains("entry 5 ") == true, "\(error?.description ?? "")")
  }

  @Test func `entries since the last signature are looked at however many`() async throws {
    let place = try Workplace()
    do {
      let log = try place.openLog(interval: 100_000)
      _ = try await log.append(act(1))
      try await log.checkpoint()
      try await withThrowingTaskGroup { group in
        for i in 2...12_000 { group.addTask { _ = try await log.append(act(i)) } }
        try await group.waitForAll()
      }
    }
    try tamper(place, "UPDATE entries SET response = X'00' WHERE sequence = 3")
    let error = #expect(throws: LogError.self) { try place.openLog() }
    #expect(error?.description.contains("entry 3 was changed") == true)
  }

  @Test func `a log is not gone on with under another key, and none is made for it`() async throws {
    let place = try Workplace()
    try await fill(place, 3)
    let key = place.folder.appending(path: "log.key")
    try FileManager.default.removeItem(at: key)
    let error = #expect(throws: LogError.self) { try place.openLog() }
    #expect(error?.description.contains("is not signed by this log's key") == true)
    #expect(!FileManager.default.fileExists(atPath: key.path))
  }

  @Test func `a copy of the last checkpoint that a crash kept from being written is written`()
    async throws
  {
    let place = try Workplace()
    try await fill(place, 10)
    let head = try Data(contentsOf: place.head)
    try FileManager.default.removeItem(at: place.head)
    _ = try place.openLog()
    #expect(try Data(contentsOf: place.head) == head)
  }

  @Test func `a key of keys create signs, and the 32 bytes that logs had before`() throws {
    let place = try Workplace()
    let file = place.folder.appending(path: "release.key")
    let made = try SigningKey.create(at: file)
    #expect(try LogSigner(file: file).publicKey == made.bytes)
    let old = place.folder.appending(path: "old.key")
    try Data((Data(repeating: 7, count: 32).base64EncodedString() + "\n").utf8).write(to: old)
    #expect(throws: Never.self) { try LogSigner(file: old) }
    let error = #expect(throws: LogError.self) {
      try LogSigner(file: file.appendingPathExtension("pub"))
    }
    #expect(error?.description.contains("rebalance keys create") == true)
  }

  @Test func `only the owner reads the log and what is beside it`() async throws {
    let place = try Workplace()
    let log = try place.openLog()
    _ = try await log.append(act(1))
    try await log.checkpoint()
    let names = ["", "-wal", "-shm", ".head", ".lock"].map { place.log.path + $0 }
    for name in names + [place.folder.appending(path: "log.key").path] {
      let rights = try FileManager.default.attributesOfItem(atPath: name)[.posixPermissions]
      #expect(rights as? Int == 0o600, "\(name)")
    }
    withExtendedLifetime(log) {}
  }

  @Test func `a file that is no decision log is refused, and nothing is left beside it`() throws {
    let place = try Workplace()
    let text = Data("# A text that is none of ours\n".utf8)
    try text.write(to: place.log)
    let error = #expect(throws: LogError.self) { try place.openLog() }
    #expect(error?.description.contains("it is no decision log") == true)
    try FileManager.default.removeItem(at: place.log)
    try DatabaseQueue(path: place.log.path).write { try $0.execute(sql: "CREATE TABLE a (b)") }
    #expect(throws: LogError.self) { try place.openLog() }
    let names = try FileManager.default.contentsOfDirectory(atPath: place.folder.path)
    #expect(names == ["decisions.sqlite"])
  }
}

@Suite struct CheckpointTests {
  /// Waits until `LOG.head` has an entry.
  private func waitForHead(_ place: Workplace, _ sequence: Int64) async throws -> Bool {
    for _ in 0..<200 {
      if let data = FileManager.default.contents(atPath: place.head.path),
        let head = try? JSONDecoder().decode(LogCheckpoint.self, from: data),
        head.sequence == sequence
      {
        return true
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  @Test func `what a crash left unsigned is signed at the start`() async throws {
    let place = try Workplace()
    do { _ = try await place.openLog().append(act(1)) }
    #expect(!FileManager.default.fileExists(atPath: place.head.path))
    try await withService(place, over: .live) { _ in
      let isSigned = try await waitForHead(place, 1)
      #expect(isSigned)
    }
  }

  @Test func `new entries are signed after a time`() async throws {
    let place = try Workplace()
    var settings = RebalanceService.Settings()
    settings.checkpointTime = .milliseconds(50)
    try await withService(place, settings: settings, over: .live) { client in
      for number in 1...2 {
        _ = try await client.decide(request([Double(number), 1]), key: "\(number)")
        #expect(try await waitForHead(place, Int64(number)))
      }
    }
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
