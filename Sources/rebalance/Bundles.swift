import ArgumentParser
import Deployment
import Experiments
import Foundation
import Learning
import Rebalancing

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn a checkpoint into a policy bundle for production.",
    discussion: "Example: rebalance export checkpoints/ppo-1 --out checkpoints/ppo-1-bundle")

  @Argument(help: "The checkpoint's folder.")
  var checkpoint: String

  @Option(help: "The folder for the bundle.")
  var out: String

  @Option(help: "The policy's name; the checkpoint's folder if absent.")
  var name: String?

  @Option(name: .customLong("policy-version"), help: "The policy's semantic version.")
  var version = "1.0.0"

  @Flag(help: "Print a JSON document.")
  var json = false

  func run() throws {
    let source = URL(fileURLWithPath: checkpoint)
    let folder = URL(fileURLWithPath: out)
    try PolicyExport.write(
      Checkpoint(contentsOf: source), name: name ?? source.lastPathComponent, version: version,
      to: folder)
    try VerifiedBundle(out).show(json: json)
  }
}

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a bundle's digests and replay its conformance vectors.",
    discussion: "Example: rebalance verify checkpoints/001-two-asset/bundle")

  @Argument(help: "The bundle's folder.")
  var bundle: String

  @Flag(help: "Print a JSON document.")
  var json = false

  func run() throws { try VerifiedBundle(bundle).show(json: json) }
}

/// A bundle that has passed all checks.
private struct VerifiedBundle: Encodable {
  let bundle: String
  let name: String
  let version: String
  let environment: String
  let conformanceVectors: Int

  enum CodingKeys: String, CodingKey {
    case bundle, name, version, environment
    case conformanceVectors = "conformance_vectors"
  }

  init(_ path: String) throws {
    let (loaded, vectors) = try PolicyBundle.load(URL(fileURLWithPath: path))
    bundle = path
    name = loaded.manifest.name
    version = loaded.manifest.version
    environment = loaded.manifest.environment.id
    conformanceVectors = vectors
  }

  func show(json: Bool) throws {
    if json { return try printJSON(self) }
    print("\(bundle): \(name) \(version), trained on \(environment)")
    print("digests agree, \(conformanceVectors) conformance vectors met")
  }
}

struct Decide: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer a decision request: JSON on standard input, JSON on standard output.",
    discussion: """
      Example: rebalance decide --policy checkpoints/001-two-asset/bundle < request.json

      A request holds date, assets, holdings (currency) and target_weights, and where the policy \
      needs them last_trade, waiting_since, basis, last_log_returns and facts. A rule is made for \
      an environment's costs and assets: --policy 'rule:closed_form' --env two-asset-daily-v0.
      """)

  @Option(help: "The bundle's folder, or a rule.")
  var policy: String

  @Option(help: "The environment that a rule is made for: its file, or its name in envs/.")
  var env: String?

  @Flag(help: "Answer each line as a request of its own; a refused one gives an error line.")
  var stream = false

  @Flag(help: "Print a JSON document; it always does.")
  var json = false

  func run() throws {
    let decider = try decider()
    guard stream else {
      // A closed input or a folder is an empty request, which is refused like one.
      let request = (try? FileHandle.standardInput.readToEnd()) ?? Data()
      return try printJSON(try decider.decide(request: request))
    }
    var refused = false
    while let line = readLine() {
      do throws(RequestError) {
        let response = try decider.decide(request: Data(line.utf8))
        try? printJSON(response, pretty: false)
      } catch {
        refused = true
        try? printJSON(["error": error.description], pretty: false)
      }
    }
    if refused { throw ExitCode(65) }
  }

  /// What answers: a bundle's policy or a rule.
  private func decider() throws -> any RequestDecider {
    guard policy.hasPrefix("rule:") else {
      if env != nil { throw ValidationError("--env is for a rule; a bundle has its environment") }
      return try PolicyBundle.load(URL(fileURLWithPath: policy)).bundle
    }
    guard let env else {
      throw ValidationError("a rule needs --env, the environment that it is made for")
    }
    let task = try EnvironmentSpec(path: EnvironmentName.path(env)).task
    return RuleService(try RuleCatalog.rule(policy, for: task))
  }
}
