public import Foundation
import GRDB

/// What an audit of a decision log has found.
public struct AuditReport: Sendable, Hashable, Codable {
  public var entries = 0
  public var checkpoints = 0
  /// The last entry's number and hash, in hexadecimal: to be compared with what others have kept.
  public var head = Head(sequence: 0, sha256: LogHash.origin.hexadecimal)
  /// The ids of the keys that the checkpoints name.
  public var signers: [String] = []
  /// Whose word the signatures are.
  public var trust = Trust.log

  /// Where the key comes from by which the signatures were checked.
  public enum Trust: String, Sendable, Hashable, Codable {
    /// It was given: who has not got it cannot have signed.
    case given
    /// The log names it itself, which proves nothing about who made the log.
    case log
  }
  /// Whatever is wrong, in order; empty: the log is whole as far as it is signed.
  public var findings: [Finding] = []

  public struct Head: Sendable, Hashable, Codable {
    public var sequence: Int64
    public var sha256: String
  }

  /// One thing that is wrong.
  public struct Finding: Sendable, Hashable, Codable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable, Codable {
      case changed, removed, reordered, truncated, forged
    }
    public var kind: Kind
    /// The entry's number.
    public var entry: Int64
    public var description: String
  }
}

/// Goes through a log from its first entry to its last.
public enum LogAudit {
  /// Checks every hash, every link and every signature; writes nothing.
  ///
  /// - Parameters:
  ///   - publicKey: who must have signed the checkpoints; `nil`: whoever they name.
  ///   - head: the last checkpoint as it was kept elsewhere.
  public static func verify(
    file: URL, publicKey: Data? = nil, head: LogCheckpoint? = nil
  ) throws(LogError) -> AuditReport {
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw LogError("\(file.path): there is no decision log")
    }
    do {
      var configuration = Configuration()
      configuration.readonly = true
      let database = try DatabaseQueue(path: file.path, configuration: configuration)
      return try database.read { db in
        try LogTables.check(db, of: file)
        var walk = AuditWalk()
        let entries = try EntryRow.fetchCursor(db, sql: "SELECT * FROM entries ORDER BY sequence")
        while let row = try entries.next() { walk.take(row) }
        let signed = try CheckpointRow.fetchAll(
          db, sql: "SELECT * FROM checkpoints ORDER BY sequence"
        ).map(\.checkpoint)
        var report = walk.report
        report.checkpoints = signed.count
        report.signers = Set(signed.map(\.keyID)).sorted()
        report.trust = publicKey == nil ? .log : .given
        for checkpoint in signed + (head.map { [$0] } ?? []) {
          let row = try LogTables.row(checkpoint.sequence, db)
          report.check(checkpoint, at: row, signedBy: publicKey)
        }
        return report
      }
    } catch { throw LogError(error, at: file) }
  }
}

/// The state of a walk along the chain.
struct AuditWalk {
  private(set) var entries = 0
  /// Where the walk has come to.
  private(set) var head: LogHead
  private var findings: [AuditReport.Finding] = []
  /// Entries whose hash is not that of their content at their number.
  private var suspects: [LogEntry] = []
  private var missing: [Int64] = []

  /// - Parameter head: where the walk begins.
  init(after head: LogHead = LogHead(sequence: 0, hash: LogHash.origin)) { self.head = head }

  mutating func take(_ row: EntryRow) {
    entries += 1
    let gap = head.sequence + 1..<max(row.sequence, head.sequence + 1)
    // A number far beyond the end is a change of the number, not as many removed entries.
    missing += gap.prefix(1000)
    if !gap.isEmpty { findings.append(.removed(gap)) }
    check(row, follows: gap.isEmpty)
    head = LogHead(sequence: row.sequence, hash: row.hash)
  }

  private mutating func check(_ row: EntryRow, follows: Bool) {
    guard let entry = try? row.entry() else {
      return findings.append(.changed(row.sequence, ": there is no such kind of entry"))
    }
    guard LogHash.of(entry.act, sequence: row.sequence, after: row.previous) == row.hash else {
      return suspects.append(entry)
    }
    if follows, row.previous != head.hash { findings.append(.unlinked(row.sequence)) }
    // The chain holds the digest of the request itself, not the column beside it.
    if row.requestDigest != LogHash.digest(entry.act.request) {
      findings.append(.changed(row.sequence, ": request_sha256 is not that of its request"))
    }
  }

  var report: AuditReport {
    var report = AuditReport()
    report.entries = entries
    report.head = .init(sequence: head.sequence, sha256: head.hash.hexadecimal)
    let places = suspects.map(\.sequence) + missing
    report.findings = findings + suspects.map { .of($0, places: places) }
    // A link that only fails because the entry before was itself changed says nothing new.
    let changed = Set(suspects.map(\.sequence))
    report.findings.removeAll { $0.isLink && changed.contains($0.entry - 1) }
    report.findings.sort { $0.entry < $1.entry }
    return report
  }
}

extension AuditReport.Finding {
  private static let link = "does not follow the entry before it"
  var isLink: Bool { description.hasSuffix(Self.link) }

  static func removed(_ gap: Range<Int64>) -> Self {
    let last = gap.upperBound - 1
    let which =
      gap.lowerBound == last ? "entry \(last) is" : "entries \(gap.lowerBound) to \(last) are"
    return .init(kind: .removed, entry: gap.lowerBound, description: "\(which) missing")
  }

  static func unlinked(_ sequence: Int64) -> Self {
    .init(kind: .removed, entry: sequence, description: "entry \(sequence) \(link)")
  }

  /// An entry that does not have its hash: one from another place, or another content.
  static func of(_ entry: LogEntry, places: [Int64]) -> Self {
    let origin = places.first {
      LogHash.of(entry.act, sequence: $0, after: entry.previous) == entry.hash
    }
    if let origin {
      return .init(
        kind: .reordered, entry: entry.sequence,
        description: "entry \(entry.sequence) is what was entry \(origin)")
    }
    return .changed(entry.sequence)
  }

  /// - Parameter what: what shows it, after a colon.
  static func changed(_ sequence: Int64, _ what: String = "") -> Self {
    .init(kind: .changed, entry: sequence, description: "entry \(sequence) was changed\(what)")
  }
}

extension AuditReport {
  fileprivate mutating func check(
    _ checkpoint: LogCheckpoint, at row: EntryRow?, signedBy key: Data?
  ) {
    let number = checkpoint.sequence
    func find(_ kind: Finding.Kind, _ description: String) {
      let finding = Finding(kind: kind, entry: number, description: description)
      if !findings.contains(finding) { findings.append(finding) }
    }
    if !checkpoint.isSigned(by: key) {
      find(.forged, "the checkpoint at entry \(number) is not signed by the log's key")
    } else if number > head.sequence {
      find(.truncated, "the log ends at entry \(head.sequence), and entry \(number) was signed")
    } else if let row, row.hash != checkpoint.hash {
      find(.changed, "entry \(number) is not the one that was signed")
    }
  }
}

extension Data {
  /// Two digits a byte, in lower case.
  var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
