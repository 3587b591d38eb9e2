import Deployment
public import Foundation

/// A signed statement of how far the log had come: what is cut off before it is missed.
public struct LogCheckpoint: Sendable, Hashable, Codable {
  /// The last entry's number.
  public var sequence: Int64
  /// The last entry's hash.
  public var hash: Data
  public var time: String
  /// Ed25519, 32 bytes.
  public var publicKey: Data
  /// Ed25519 over `signed`, 64 bytes.
  public var signature: Data

  enum CodingKeys: String, CodingKey {
    case sequence, hash, time, signature
    case publicKey = "public_key"
  }

  /// The bytes that are signed.
  fileprivate static func signed(_ sequence: Int64, _ hash: Data, _ time: String) -> Data {
    Data("rebalance checkpoint 1\n\(sequence)\n\(hash.base64EncodedString())\n\(time)\n".utf8)
  }

  /// Whether the signature is that of a key; of the one that it names, if none is given.
  public func isSigned(by key: Data? = nil) -> Bool {
    guard key ?? publicKey == publicKey, let key = VerifyingKey(bytes: publicKey) else {
      return false
    }
    return key.isValid(signature, of: Self.signed(sequence, hash, time))
  }

  /// The id of the key that it names, as `rebalance keys show` has it.
  var keyID: String { VerifyingKey(bytes: publicKey)?.id ?? "none" }
}

/// Who signs checkpoints: an Ed25519 key in a file that only its owner can read.
public struct LogSigner: Sendable {
  private let key: SigningKey
  private let file: URL
  /// Whether the file has it already.
  private let isKept: Bool

  /// The key in a file, as `rebalance keys create` makes it; a new one where there is no file yet, which
  /// `keep` writes.
  public init(file: URL) throws(LogError) {
    self.file = file
    isKept = FileManager.default.fileExists(atPath: file.path)
    if isKept { key = try Self.read(file) } else { key = SigningKey() }
  }

  /// What verifies its signatures.
  var verifyingKey: VerifyingKey { key.verifyingKey }
  /// 32 bytes.
  public var publicKey: Data { key.verifyingKey.bytes }

  private static func read(_ file: URL) throws(LogError) -> SigningKey {
    if let key = try? SigningKey(contentsOf: file) { return key }
    // What logs had before: the bare 32 bytes.
    let text = FileManager.default.contents(atPath: file.path) ?? Data()
    let line = String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    if let key = Data(base64Encoded: line).flatMap({ SigningKey(bytes: $0) }) { return key }
    throw LogError(
      "\(file.path): no private Ed25519 key; valid is a file of rebalance keys create, "
        + "or 32 bytes in Base64")
  }

  /// Writes a new key to its file; a key that was read is there already.
  func keep() throws(LogError) {
    guard !isKept else { return }
    do { try key.write(to: file) } catch { throw LogError(error.description) }
  }

  func checkpoint(at entry: LogHead, time: String) -> LogCheckpoint {
    // Ed25519 fails only where its library lacks memory; an unsigned checkpoint is then found as one.
    let signed = LogCheckpoint.signed(entry.sequence, entry.hash, time)
    let signature = (try? key.signature(of: signed)) ?? Data()
    return LogCheckpoint(
      sequence: entry.sequence, hash: entry.hash, time: time, publicKey: publicKey,
      signature: signature)
  }
}
