import Crypto
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
  private static func signed(_ sequence: Int64, _ hash: Data, _ time: String) -> Data {
    Data("rebalance checkpoint 1\n\(sequence)\n\(hash.base64EncodedString())\n\(time)\n".utf8)
  }

  /// Whether the signature is that of a key; of the one that it names, if none is given.
  public func isSigned(by key: Data? = nil) -> Bool {
    guard key ?? publicKey == publicKey,
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
    else { return false }
    return key.isValidSignature(signature, for: Self.signed(sequence, hash, time))
  }
}

/// Who signs checkpoints: an Ed25519 key in a file that only its owner can read.
public struct LogSigner: Sendable {
  private let key: Curve25519.Signing.PrivateKey
  /// 32 bytes.
  public var publicKey: Data { key.publicKey.rawRepresentation }

  /// The key in a file, 32 bytes in Base64; a new one where there is no file yet.
  public init(file: URL) throws(LogError) {
    if let text = FileManager.default.contents(atPath: file.path) {
      let line = String(decoding: text, as: UTF8.self).trimmingCharacters(
        in: .whitespacesAndNewlines)
      guard let bytes = Data(base64Encoded: line),
        let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
      else {
        throw LogError("\(file.path): no Ed25519 key: 32 bytes in Base64 are expected")
      }
      self.key = key
    } else {
      key = Curve25519.Signing.PrivateKey()
      do {
        try PrivateFile.write(
          Data("\(key.rawRepresentation.base64EncodedString())\n".utf8), to: file)
      } catch { throw LogError("\(file.path): cannot be written: \(error)") }
    }
  }

  func checkpoint(at entry: LogHead, time: String) -> LogCheckpoint {
    var checkpoint = LogCheckpoint(
      sequence: entry.sequence, hash: entry.hash, time: time, publicKey: publicKey,
      signature: Data())
    checkpoint.sign(key)
    return checkpoint
  }
}

extension LogCheckpoint {
  fileprivate mutating func sign(_ key: Curve25519.Signing.PrivateKey) {
    // Ed25519 fails only where its library lacks memory; an unsigned checkpoint is then found as one.
    signature = (try? key.signature(for: Self.signed(sequence, hash, time))) ?? Data()
  }
}
