import Foundation

/// One change of an alias, a line of `history.jsonl`.
///
/// It is written before the link moves. An entry took effect where the entry after it, or at the end the
/// link, continues from its version; what a crash kept from moving is thereby passed over.
struct RegistryEntry: Codable, Sendable {
  enum Action: String, Codable, Sendable {
    case promote, rollback
  }

  var action: Action
  /// `champion` or `challenger`.
  var alias: String
  var version: String
  /// What the alias meant before.
  var previous: String?
  /// SHA-256 of the version's manifest.
  var sha256: String
  /// SHA-256 of the shadow report, where one was needed.
  var shadow: String?
  /// When, ISO 8601; for people, nothing is decided by it.
  var time: String

  /// Reads the entries of one alias; lines that a crash has cut short are none.
  static func read(_ file: URL, alias: PolicyRegistry.Alias) -> [RegistryEntry] {
    let data = FileManager.default.contents(atPath: file.path) ?? Data()
    return data.split(separator: UInt8(ascii: "\n")).compactMap {
      try? JSONDecoder().decode(RegistryEntry.self, from: $0)
    }.filter { $0.alias == alias.description }
  }

  /// What was champion before the current one: promotions and rollbacks undo each other like brackets.
  static func championBefore(_ current: String, in entries: [RegistryEntry]) -> String? {
    var promotions: [RegistryEntry] = []
    for (number, entry) in entries.enumerated() {
      let next = number + 1 < entries.count ? entries[number + 1].previous : current
      guard next == entry.version else { continue }
      switch entry.action {
      case .promote: promotions.append(entry)
      case .rollback: _ = promotions.popLast()
      }
    }
    guard let last = promotions.last, last.version == current else { return nil }
    return last.previous
  }

  func encoded() -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // A struct of strings always encodes.
    return (try? encoder.encode(self)) ?? Data()
  }
}
