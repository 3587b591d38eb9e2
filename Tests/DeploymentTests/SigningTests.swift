import Deployment
import Foundation
import Learning
import Rebalancing
import Testing

private let builder = ObservationBuilder(
  features: [.scaledDeviation(halfWidth: 0.05)], assetCount: 2)

/// A folder that is removed again.
private func withFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}

@Suite struct SigningTests {
  private func write(_ folder: URL, signedBy key: SigningKey?) throws {
    try PolicyBundle.write(
      identity("steps"), policy: network(builder), schema: schema(builder), actions: [0, 0.5, 1],
      signedBy: key, to: folder)
  }

  @Test func `keeps the private key to its owner and gives no second one`() throws {
    try withFolder { folder in
      let file = folder.appending(path: "key")
      let made = try SigningKey.create(at: file)
      let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
      #expect((mode as? NSNumber)?.intValue == 0o600)
      let bytes = try Data(contentsOf: file)
      let error = #expect(throws: KeyError.self) { try SigningKey.create(at: file) }
      #expect(error?.problem.contains("not overwritten") == true)
      #expect(try Data(contentsOf: file) == bytes)
      #expect(try SigningKey(contentsOf: file).verifyingKey.id == made.id)
      let pub = file.appendingPathExtension("pub")
      #expect(try VerifyingKey(contentsOf: pub).id == made.id)
      #expect(made.id.count == 16)
    }
  }

  @Test func `does not write a private key beside another's public one`() throws {
    try withFolder { folder in
      let file = folder.appending(path: "key")
      try Data("mine".utf8).write(to: file.appendingPathExtension("pub"))
      #expect(throws: KeyError.self) { try SigningKey.create(at: file) }
      #expect(!FileManager.default.fileExists(atPath: file.path))
    }
  }

  /// Test 1 of RFC 8032, section 7.1, in the form of RFC 8410.
  @Test func `reads and signs as other programs do`() throws {
    try withFolder { folder in
      let published = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----
        """
      let file = folder.appending(path: "key")
      try Data(published.utf8).write(to: file)
      let key = try SigningKey(contentsOf: file)
      #expect(
        key.verifyingKey.text.contains(
          "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="))
      let first = "5VZDAMNgrHKQhuLMgG6CioSHfx615dl02HPgZSJJAVVf"
      let second = "uIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="
      let known = try #require(Data(base64Encoded: first + second))
      #expect(try key.signature(of: Data()) == known)
      #expect(key.verifyingKey.isValid(known, of: Data()))
      #expect(!key.verifyingKey.isValid(known, of: Data([0])))
    }
  }

  @Test(arguments: ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "{}"])
  func `refuses a file that is no key`(text: String) throws {
    try withFolder { folder in
      let file = folder.appending(path: "key")
      try Data(text.utf8).write(to: file)
      #expect(throws: KeyError.self) { try SigningKey(contentsOf: file) }
      #expect(throws: KeyError.self) { try VerifyingKey(contentsOf: file) }
    }
  }

  @Test func `loads what a trusted key has signed, and nothing else`() throws {
    let (own, other) = (SigningKey(), SigningKey())
    try withFolder { folder in
      let bundle = folder.appending(path: "bundle")
      try write(bundle, signedBy: own)
      let keys = [other.verifyingKey, own.verifyingKey]
      #expect(throws: Never.self) { try PolicyBundle.load(bundle, trusting: keys) }
      #expect(throws: Never.self) { try PolicyBundle.load(bundle) }
      let stranger = #expect(throws: BundleError.self) {
        try PolicyBundle.load(bundle, trusting: [other.verifyingKey])
      }
      #expect(stranger?.file == "manifest.sig")
      #expect(stranger?.problem.hasPrefix("signed by \(own.verifyingKey.id)") == true)
    }
  }

  @Test func `refuses an unsigned bundle where a key is trusted`() throws {
    let key = SigningKey()
    try withFolder { folder in
      let bundle = folder.appending(path: "bundle")
      try write(bundle, signedBy: nil)
      let error = #expect(throws: BundleError.self) {
        try PolicyBundle.load(bundle, trusting: [key.verifyingKey])
      }
      #expect(error?.file == "manifest.sig")
    }
  }

  @Test func `refuses a signature under another key's id`() throws {
    let (own, other) = (SigningKey(), SigningKey())
    try withFolder { folder in
      let bundle = folder.appending(path: "bundle")
      try write(bundle, signedBy: other)
      try change("manifest.sig", in: bundle, other.verifyingKey.id, own.verifyingKey.id)
      let error = #expect(throws: BundleError.self) {
        try PolicyBundle.load(bundle, trusting: [own.verifyingKey])
      }
      #expect(error?.problem.hasPrefix("the signature is not of this manifest") == true)
    }
  }

  @Test func `refuses changed digests that were not signed`() throws {
    let key = SigningKey()
    try withFolder { folder in
      let bundle = folder.appending(path: "bundle")
      try write(bundle, signedBy: key)
      try change("manifest.json", in: bundle, "1.2.3", "1.2.4")
      try renewDigests(bundle)
      let error = #expect(throws: BundleError.self) {
        try PolicyBundle.load(bundle, trusting: [key.verifyingKey])
      }
      #expect(error?.file == "manifest.sig")
    }
  }
}
