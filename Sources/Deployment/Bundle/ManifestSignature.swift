import Foundation

/// The content of `manifest.sig`: who vouches for a manifest, and with it for every file it lists.
struct ManifestSignature: Codable, Sendable, Hashable {
  /// Always `Ed25519`.
  var algorithm: String
  /// Of the key that signed, see `VerifyingKey.id`.
  var keyID: String
  /// 64 bytes, over the bytes of `manifest.json`.
  var signature: Data

  enum CodingKeys: String, CodingKey {
    case algorithm, signature
    case keyID = "key_id"
  }

  /// Signs a manifest.
  init(_ manifest: Data, by key: SigningKey) throws {
    algorithm = "Ed25519"
    keyID = key.verifyingKey.id
    signature = try key.signature(of: manifest)
  }

  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// Refuses a manifest that none of the keys has signed; without keys, a signature that is none.
  ///
  /// - Returns: the id of the key that is said to have signed; `nil` without a signature.
  static func check(
    _ files: BundleFiles, trusting keys: [VerifyingKey]
  ) throws(BundleError) -> String? {
    let name = BundleFiles.signatureName
    func refuse(_ problem: String) -> BundleError { BundleError(file: name, problem: problem) }
    let trusted = keys.map(\.id).joined(separator: ", ")
    guard let data = files.contents[name] else {
      if keys.isEmpty { return nil }
      throw refuse("missing; a signature by \(trusted) is needed")
    }
    let found: Self = try files.decoded(name)
    // One way of writing each: nothing can be changed without being seen.
    guard found.algorithm == "Ed25519", found.signature.count == 64, (try? found.encoded()) == data
    else { throw refuse("not a signature as bundles have it") }
    if keys.isEmpty { return found.keyID }
    guard let key = keys.first(where: { $0.id == found.keyID }) else {
      throw refuse("signed by \(found.keyID); \(trusted) is trusted")
    }
    guard key.isValid(found.signature, of: try files.data(BundleFiles.manifestName)) else {
      throw refuse("the signature is not of this manifest, or not by \(found.keyID)")
    }
    return found.keyID
  }
}
