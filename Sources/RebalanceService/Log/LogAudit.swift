import Crypto
public import Foundation
import GRDB

/// What an audit of a decision log has found.
public struct AuditReport: Sendable, Hashable, Codable {
  public var entries = 0
  public var checkpoints = 0
  /// The last entry's number and hash, in hexadecimal: to be compared with what others have kept.
  public var head = Head(sequence: 0, sha256: LogHash.origin.hexadecimal)
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
        var walk = AuditWalk()
        let entries = try EntryRow.fetchCursor(db, sql: "SELECT * FROM entries ORDER BY sequence")
        while let row = try entries.next() { walk.take(row.entry) }
        let signed = try CheckpointRow.fetchAll(
          db, sql: "SELECT * FROM checkpoints ORDER BY sequence"
        ).map(\.checkpoint)
        var report = walk.report
        report.checkpoints = signed.count
        for checkpoint in signed + (head.map { [$0] } ?? []) {
          let entry = try LogTables.entry(checkpoint.sequence, db)
          report.check(checkpoint, at: entry, signedBy: publicKey)
        }
        return report
      }
    } catch { throw LogError("\(file.path): \(error)") }
  }
}

/// The state of a walk along the chain.
private struct AuditWalk {
  private(set) var entries = 0
  private var head = LogHead(sequence: 0, hash: LogHash.origin)
  private var findings: [AuditReport.Finding] = []
  /// Entries whose hash is not that of their content at their number.
  private var suspects: [LogEntry] = []
  private var missing: [Int64] = []

  mutating func take(_ entry: LogEntry) {
    entries += 1
    let gap = head.sequence + 1..<max(entry.sequence, head.sequence + 1)
    // A number far beyond the end is a change of the number, not as many removed entries.
    missing += gap.prefix(1000)
    if !gap.isEmpty { findings.append(.removed(gap)) }
    if LogHash.of(entry.act, sequence: entry.sequence, after: entry.previous) != entry.hash {
      suspects.append(entry)
    } else if gap.isEmpty, entry.previous != head.hash {
      findings.append(.unlinked(entry.sequence))
    }
    head = LogHead(sequence: entry.sequence, hash: entry.hash)
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
    return .init(
      kind: .changed, entry: entry.sequence, description: "entry \(entry.sequence) was changed")
  }
}

extension AuditReport {
  fileprivate mutating func check(
    _ checkpoint: LogCheckpoint, at entry: LogEntry?, signedBy key: Data?
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
    } else if let entry, entry.hash != checkpoint.hash {
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
