import Crypto
import Foundation

/// The hash of an entry: `SHA-256(domain ‖ previous ‖ sequence ‖ field ‖ field ‖ …)`.
///
/// Numbers are 8 bytes, big-endian; every field is preceded by its length, so that no byte can move
/// from one field to the next; an idempotency key that is absent has the length 2⁶⁴ − 1.
enum LogHash {
  /// What the first entry follows.
  static let origin = Data(count: 32)
  private static let domain = Data("rebalance decision log 1".utf8)

  static func of(_ act: LogAct, sequence: Int64, after previous: Data) -> Data {
    var hash = SHA256()
    hash.update(data: domain)
    hash.update(data: previous)
    hash.update(UInt64(bitPattern: sequence))
    for text in [
      act.kind.rawValue, act.time, act.keyID, act.policy.name, act.policy.version,
      act.policy.sha256, act.idempotencyKey,
    ] { hash.update(field: text.map { Data($0.utf8) }) }
    for bytes in [digest(act.request), act.request, act.controls, act.response] {
      hash.update(field: bytes)
    }
    return Data(hash.finalize())
  }

  /// The SHA-256 of a request's bytes, by which a repeated request is known.
  static func digest(_ bytes: Data) -> Data { Data(SHA256.hash(data: bytes)) }
}

extension SHA256 {
  fileprivate mutating func update(_ number: UInt64) {
    update(data: (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) })
  }

  fileprivate mutating func update(field: Data?) {
    update(field.map { UInt64($0.count) } ?? .max)
    if let field { update(data: field) }
  }
}
