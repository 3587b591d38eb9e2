import ArgumentParser
import Foundation
import RebalanceService

struct APIKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "api-key", abstract: "Make keys for callers of the service.",
    discussion: "Example: rebalance api-key create --keys service/keys.json --scope decide",
    subcommands: [Create.self])
}

extension APIKeyCommand {
  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key and print it; the file keeps only its SHA-256.",
      discussion: """
        Example: rebalance api-key create --keys service/keys.json --scope decide --scope read

        decide: ask for decisions; read: read and replay them, controls, policies, metrics; release: \
        promote, pause, kill, release. A running service reads its keys when it starts.
        """)

    @Option(help: "The file of keys; begun where it is missing.")
    var keys: String

    @Option(
      help: "What the key may do: decide, read or release; repeatable.",
      transform: { (text: String) throws -> Scope in
        if let scope = Scope(rawValue: text) { return scope }
        throw ValidationError("valid are decide, read, release")
      })
    var scope: [Scope]

    @Flag(help: "Print a JSON document.")
    var json = false

    private struct Document: Encodable {
      var id: String
      var scopes: [Scope]
      var key: String
    }

    func validate() throws {
      if scope.isEmpty { throw ValidationError("give at least one --scope: decide, read, release") }
    }

    func run() throws {
      let file = URL(fileURLWithPath: keys)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      var known = try APIKeys(file: file)
      let scopes = Scope.allCases.filter(scope.contains)
      let (key, token) = APIKey.create(scopes)
      try known.add(key, to: file)
      if json { return try printJSON(Document(id: key.id, scopes: scopes, key: token)) }
      print(token)
      let names = scopes.map(\.rawValue).joined(separator: ", ")
      FileHandle.standardError.write(
        Data("key \(key.id) may \(names); it is shown this once\n".utf8))
    }
  }
}
