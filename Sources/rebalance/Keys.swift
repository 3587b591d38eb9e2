import ArgumentParser
import Deployment
import Foundation

struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make and show the keys that sign policy bundles.",
    discussion: "Example: rebalance keys create --out release.key",
    subcommands: [CreateKey.self, ShowKey.self])
}

struct CreateKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make an Ed25519 key: KEY, for its owner only, and KEY.pub; neither may exist.",
    discussion: """
      Example: rebalance keys create --out release.key

      Both are PEM files as RFC 8410 has them, which other programs read too.
      """)

  @Option(help: "The file for the private key.")
  var out: String

  @Flag(help: "Print a JSON document.")
  var json = false

  func run() throws {
    let key = try SigningKey.create(at: URL(fileURLWithPath: out))
    try KeyDocument(key, privateFile: out, publicFile: out + ".pub").show(json: json)
  }
}

struct ShowKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the public part of a key and its id.",
    discussion: "Example: rebalance keys show release.key.pub")

  @Argument(help: "The file of a private or a public key.")
  var key: String

  @Flag(help: "Print a JSON document.")
  var json = false

  func run() throws {
    let file = URL(fileURLWithPath: key)
    if let own = try? SigningKey(contentsOf: file) {
      try KeyDocument(own.verifyingKey, privateFile: key, publicFile: nil).show(json: json)
    } else {
      let other = try VerifyingKey(contentsOf: file)
      try KeyDocument(other, privateFile: nil, publicFile: key).show(json: json)
    }
  }
}

/// What is told of a key; never its private part.
private struct KeyDocument: Encodable {
  let keyID: String
  let publicKey: String
  let privateFile: String?
  let publicFile: String?

  enum CodingKeys: String, CodingKey {
    case keyID = "key_id"
    case publicKey = "public_key"
    case privateFile = "private_file"
    case publicFile = "public_file"
  }

  init(_ key: VerifyingKey, privateFile: String?, publicFile: String?) {
    (keyID, publicKey) = (key.id, key.text)
    (self.privateFile, self.publicFile) = (privateFile, publicFile)
  }

  func show(json: Bool) throws {
    if json { return try printJSON(self) }
    print("key \(keyID)")
    if let privateFile { print("private: \(privateFile)") }
    if let publicFile { print("public: \(publicFile)") }
    print(publicKey, terminator: "")
  }
}

/// The public keys by one of which a bundle must be signed.
struct TrustOptions: ParsableArguments {
  @Option(
    name: .customLong("trust"),
    help: ArgumentHelp(
      "Refuse a bundle that is not signed by this public key; repeatable.", valueName: "key.pub"))
  var files: [String] = []

  var keys: [VerifyingKey] {
    get throws { try files.map { try VerifyingKey(contentsOf: URL(fileURLWithPath: $0)) } }
  }
}
