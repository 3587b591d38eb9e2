import Crypto
import Deployment
public import Foundation
import Learning

/// What a caller may do.
public enum Scope: String, Sendable, Hashable, Codable, CaseIterable {
  /// Ask for decisions.
  case decide
  /// Read decisions, replay them, read controls and metrics.
  case read
  /// Promote policies, pause, kill and release.
  case release
}

/// A caller's key as it is kept: what it may do, and the digest of its secret.
///
/// A secret is 256 random bits, so that nobody can guess one from its digest: a plain SHA-256 is
/// enough, where a password would need a slow hash.
public struct APIKey: Sendable, Hashable, Codable {
  /// Names the key in the log and in its own text; no secret.
  public var id: String
  public var scopes: [Scope]
  /// SHA-256 of the secret, in hexadecimal.
  public var sha256: String
  public var created: String

  /// Makes a key.
  ///
  /// - Returns: the key, and the text that the caller sends: it is kept nowhere.
  public static func create(_ scopes: [Scope]) -> (key: APIKey, token: String) {
    let secret = SymmetricKey(size: .bits256).bytes
    let id = SymmetricKey(size: .bits128).bytes.prefix(6).hexadecimal
    let key = APIKey(
      id: id, scopes: scopes, sha256: digest(secret).hexadecimal, created: Timestamp.now())
    return (key, "rebalance_\(id)_\(secret.base64URL)")
  }

  /// Whether a secret is this key's, in a time that does not depend on where they differ.
  func isOpened(by secret: Data) -> Bool {
    Self.isEqual(Data(Self.digest(secret).hexadecimal.utf8), Data(sha256.utf8))
  }

  private static func digest(_ secret: Data) -> Data { Data(SHA256.hash(data: secret)) }

  private static func isEqual(_ a: Data, _ b: Data) -> Bool {
    a.count == b.count && zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

/// The keys that a service knows.
public struct APIKeys: Sendable {
  public private(set) var keys: [APIKey]
  /// Compared with where no key has the name, so that the time does not tell which names there are.
  private let decoy = APIKey.create([]).key

  public init(_ keys: [APIKey]) { self.keys = keys }

  /// The keys in a file; none where there is no file.
  public init(file: URL) throws(AccessError) {
    guard FileManager.default.fileExists(atPath: file.path) else {
      self.init([])
      return
    }
    let data: Data
    do { data = try Data(contentsOf: file) } catch {
      throw AccessError("\(file.path): cannot be read: \(systemReason(error))")
    }
    do { self.init(try JSONDecoder().decode([APIKey].self, from: data)) } catch {
      throw AccessError("\(file.path): not a file of keys: \(problem(in: data, error))")
    }
  }

  /// Adds a key and writes the file as a whole, for its owner only.
  public mutating func add(_ key: APIKey, to file: URL) throws(AccessError) {
    keys.append(key)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do { try PrivateFile.write(encoder.encode(keys) + Data("\n".utf8), to: file) } catch {
      throw AccessError("\(file.path): cannot be written: \(systemReason(error)); it is unchanged")
    }
  }

  /// The key that a text is, if it is one.
  public func key(_ token: Substring) -> APIKey? {
    let parts = token.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "rebalance", let secret = Data(base64URL: parts[2]) else {
      return nil
    }
    let key = keys.first { $0.id == parts[1] }
    let isOpened = (key ?? decoy).isOpened(by: secret)
    return isOpened ? key : nil
  }
}

/// A file of keys that cannot be used, and why.
public struct AccessError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  init(_ description: String) { self.description = description }
}

extension SymmetricKey {
  fileprivate var bytes: Data { unsafe withUnsafeBytes { unsafe Data($0) } }
}

extension Data {
  fileprivate var base64URL: String {
    String(
      base64EncodedString().compactMap {
        switch $0 {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: $0
        }
      })
  }

  fileprivate init?(base64URL text: Substring) {
    let plain = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
    self.init(
      base64Encoded: String(plain) + String(repeating: "=", count: (4 - plain.count % 4) % 4))
  }
}
