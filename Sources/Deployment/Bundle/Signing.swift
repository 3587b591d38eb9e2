import Crypto
public import Foundation
import Learning

/// A key file that cannot be used or written, and why.
public struct KeyError: Error, CustomStringConvertible, Sendable, Hashable {
  public let path: String
  public let problem: String
  public var description: String { "\(path): \(problem)" }
}

/// An Ed25519 key that signs; kept in a file that only its owner reads.
public struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// A new key, from the system's random numbers.
  public init() { key = Curve25519.Signing.PrivateKey() }

  /// Reads the file that `create` writes, or any PKCS #8 file of an Ed25519 key.
  public init(contentsOf file: URL) throws(KeyError) {
    let bytes = try KeyFile.privateKey.bytes(file)
    do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes) } catch {
      throw KeyError(path: file.path, problem: "no Ed25519 key: \(error)")
    }
  }

  /// The key of 32 bytes; `nil` where they are none.
  package init?(bytes: Data) {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes) else { return nil }
    self.key = key
  }

  /// What verifies this key's signatures.
  public var verifyingKey: VerifyingKey { VerifyingKey(key.publicKey) }

  /// The signature of bytes, 64 bytes.
  public func signature(of data: Data) throws -> Data { try key.signature(for: data) }

  /// Writes a new key to a file, mode 0600, and its public part to `FILE.pub`; neither may exist, their
  /// folder need not.
  public static func create(at file: URL) throws(KeyError) -> VerifyingKey {
    let publicFile = file.appendingPathExtension("pub")
    guard !FileManager.default.fileExists(atPath: publicFile.path) else {
      throw KeyError(path: publicFile.path, problem: "it exists, and a key is not overwritten")
    }
    let key = SigningKey()
    try key.write(to: file)
    try KeyFile.publicKey.write(key.verifyingKey.bytes, to: publicFile, mode: 0o644)
    return key.verifyingKey
  }

  /// Writes the key to a file, mode 0600, which may not exist; its folder is made where it is missing.
  package func write(to file: URL) throws(KeyError) {
    do {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch { throw KeyError(path: file.path, problem: "its folder cannot be made: \(error)") }
    try KeyFile.privateKey.write(key.rawRepresentation, to: file, mode: 0o600)
  }
}

/// The public part of an Ed25519 key, which tells its signatures from others.
public struct VerifyingKey: Sendable {
  private let key: Curve25519.Signing.PublicKey

  init(_ key: Curve25519.Signing.PublicKey) { self.key = key }

  /// Reads a file `FILE.pub`, or any file of an Ed25519 public key in PEM.
  public init(contentsOf file: URL) throws(KeyError) {
    let bytes = try KeyFile.publicKey.bytes(file)
    do { key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes) } catch {
      throw KeyError(path: file.path, problem: "no Ed25519 key: \(error)")
    }
  }

  /// The key of 32 bytes; `nil` where they are none.
  package init?(bytes: Data) {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return nil }
    self.key = key
  }

  /// The key's 32 bytes.
  package var bytes: Data { key.rawRepresentation }

  /// The first 16 hexadecimal digits of the SHA-256 of the key's 32 bytes.
  public var id: String { String(sha256(bytes).prefix(16)) }

  /// The key as a file has it.
  public var text: String { KeyFile.publicKey.text(bytes) }

  /// Whether a signature is this key's, of these bytes.
  public func isValid(_ signature: Data, of data: Data) -> Bool {
    key.isValidSignature(signature, for: data)
  }
}

/// The form of key files: PEM of RFC 8410, which other programs read.
private enum KeyFile {
  case privateKey, publicKey

  private var label: String { self == .privateKey ? "PRIVATE KEY" : "PUBLIC KEY" }

  /// What stands before the 32 bytes: lengths, the number of Ed25519 (1.3.101.112), and tags.
  private var prefix: [UInt8] {
    switch self {
    case .privateKey:
      [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
      ]
    case .publicKey: [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
    }
  }

  func text(_ key: Data) -> String {
    let body = (Data(prefix) + key).base64EncodedString()
    return "-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n"
  }

  func bytes(_ file: URL) throws(KeyError) -> Data {
    guard let content = try? Data(contentsOf: file), content.count < 4096 else {
      throw KeyError(path: file.path, problem: "cannot be read as a key")
    }
    let lines = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isNewline)
    guard lines.first == "-----BEGIN \(label)-----", lines.last == "-----END \(label)-----",
      let data = Data(base64Encoded: lines.dropFirst().dropLast().joined()),
      data.starts(with: prefix), data.count == prefix.count + 32
    else {
      throw KeyError(
        path: file.path,
        problem: "not an Ed25519 \(label.lowercased()) in PEM; "
          + "`rebalance keys create` makes a pair")
    }
    return data.dropFirst(prefix.count)
  }

  /// Writes a file that must not exist, with its mode from the first moment.
  func write(_ key: Data, to file: URL, mode: mode_t) throws(KeyError) {
    let descriptor = unsafe open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else {
      let reason = errno == EEXIST ? "it exists, and a key is not overwritten" : "cannot be written"
      throw KeyError(path: file.path, problem: reason)
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      try handle.write(contentsOf: Data(text(key).utf8))
      try handle.synchronize()
    } catch {
      throw KeyError(path: file.path, problem: "cannot be written: \(systemReason(error))")
    }
  }
}
