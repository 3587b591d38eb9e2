import ArgumentParser
import Deployment
import Experiments
import Foundation
import Learning
import Rebalancing

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn a checkpoint into a policy bundle for production.",
    discussion: """
      Example: rebalance export checkpoints/ppo-1 --out checkpoints/ppo-1-bundle

      The checkpoint must have been compared with rules: rebalance evaluate --policy CHECKPOINT \
      --record.
      """)

  @Argument(help: "The checkpoint's folder.")
  var checkpoint: String

  @Option(help: "The folder for the bundle.")
  var out: String

  @Option(help: "The policy's name; the checkpoint's folder if absent.")
  var name: String?

  @Option(name: .customLong("policy-version"), help: "The policy's semantic version.")
  var version = "1.0.0"

  @Option(help: "A private key that signs the manifest; see: rebalance keys create.")
  var key: String?

  @Flag(help: "Export without an evaluation record; the manifest then says so.")
  var unevaluated = false

  @Flag(help: "Print a JSON document.")
  var json = false

  func run() throws {
    let source = URL(fileURLWithPath: checkpoint)
    let key = try key.map { try SigningKey(contentsOf: URL(fileURLWithPath: $0)) }
    try PolicyExport.write(
      checkpoint: source, name: name, version: version, unevaluated: unevaluated, signedBy: key,
      to: URL(fileURLWithPath: out))
    try VerifiedBundle(out, trusting: key.map { [$0.verifyingKey] } ?? []).show(json: json)
  }
}

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a bundle's signature and digests and replay its conformance vectors.",
    discussion: """
      Example: rebalance verify checkpoints/001-two-asset/bundle

      With --observations and --scores also answers many observations at once, for comparison with \
      another runtime. Both files are safetensors: `observation` F32 [batch, features] and, where \
      actions are forbidden, `action_mask` U8 [batch, actions]; `scores` F32 and `action` I64.
      """)

  @Argument(help: "The bundle's folder.")
  var bundle: String

  @OptionGroup var trust: TrustOptions

  @Option(help: ArgumentHelp("Observations to answer.", valueName: "safetensors"))
  var observations: String?

  @Option(help: ArgumentHelp("The file for the answers.", valueName: "safetensors"))
  var scores: String?

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    guard (observations == nil) == (scores == nil) else {
      throw ValidationError("--observations and --scores belong together")
    }
  }

  func run() throws {
    let verified = try VerifiedBundle(bundle, trusting: try trust.keys)
    if let observations, let scores {
      try verified.answer(observations, into: scores)
    }
    try verified.show(json: json)
  }
}

/// A bundle that has passed all checks.
private struct VerifiedBundle: Encodable {
  let bundle: String
  let name: String
  let version: String
  let environment: String
  let conformanceVectors: Int
  let signer: String?
  let isSigned: Bool
  let isEvaluated: Bool
  let warnings: [String]
  private let loaded: PolicyBundle

  enum CodingKeys: String, CodingKey {
    case bundle, name, version, environment, warnings
    case signer = "signed_by"
    case conformanceVectors = "conformance_vectors"
    case isSigned = "signature_verified"
    case isEvaluated = "evaluated"
  }

  init(_ path: String, trusting keys: [VerifyingKey]) throws {
    (loaded, conformanceVectors) = try PolicyBundle.load(
      URL(fileURLWithPath: path), trusting: keys)
    bundle = path
    name = loaded.manifest.name
    version = loaded.manifest.version
    environment = loaded.manifest.environment.id
    signer = loaded.signer
    isSigned = !keys.isEmpty
    isEvaluated = loaded.evaluation != nil
    let unchecked = keys.isEmpty ? loaded.signer : nil
    warnings =
      (unchecked.map { ["signature by \($0) not checked: give --trust"] } ?? [])
      + (isEvaluated ? [] : ["unevaluated: nothing is known of how it compares with rules"])
  }

  /// Answers a file of observations.
  func answer(_ observations: String, into scores: String) throws {
    let batch: Safetensors
    do { batch = try Safetensors(contentsOf: URL(fileURLWithPath: observations)) } catch {
      throw BatchError("\(observations): \(systemReason(error))")
    }
    try loaded.answers(to: batch).write(to: URL(fileURLWithPath: scores))
  }

  func show(json: Bool) throws {
    if json { return try printJSON(self) }
    print("\(bundle): \(name) \(version), trained on \(environment)")
    print(
      "\(isSigned ? "signature and " : "")digests agree, \(conformanceVectors) conformance vectors met"
    )
    for warning in warnings { print(warning) }
  }
}

struct Decide: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer a decision request: JSON on standard input, JSON on standard output.",
    discussion: """
      Example: rebalance decide --policy checkpoints/001-two-asset/bundle < request.json

      A request holds date, assets, holdings in currency (or units and prices) and target_weights, \
      and where the policy needs them last_trade, waiting_since, basis, last_log_returns. Facts are \
      built from lots, tax_position and indicators; given ones must agree. A rule is made for an \
      environment's costs and assets: --policy 'rule:closed_form' --env two-asset-daily-v0.
      """)

  @Option(help: "The bundle's folder, or a rule.")
  var policy: String

  @Option(help: "The environment that a rule is made for: its file, or its name in envs/.")
  var env: String?

  @OptionGroup var trust: TrustOptions

  @Flag(help: "Answer each line as a request of its own; a refused one gives an error line.")
  var stream = false

  @Flag(help: "Print a JSON document; it always does.")
  var json = false

  func run() throws {
    let decider = try decider()
    guard stream else {
      // A closed input or a folder is an empty request, which is refused like one.
      let request = (try? FileHandle.standardInput.readToEnd()) ?? Data()
      return try show(try decider.decide(request: request))
    }
    var refused = false
    while let line = readLine() {
      do {
        try show(try decider.decide(request: Data(line.utf8)))
      } catch let error as RequestError {
        refused = true
        try printJSON(["error": error.description], pretty: false)
      }
    }
    if refused { throw ExitCode(65) }
  }

  /// The same bytes as in process and over HTTP, and a line's end.
  private func show(_ response: DecisionResponse) throws {
    try StandardOutput.write(response.encoded() + Data("\n".utf8))
  }

  /// What answers: a bundle's policy or a rule.
  private func decider() throws -> any RequestDecider {
    guard policy.hasPrefix("rule:") else {
      if env != nil { throw ValidationError("--env is for a rule; a bundle has its environment") }
      // A registry's alias may move while files are read: it is followed once.
      let folder = URL(fileURLWithPath: policy).resolvingSymlinksInPath()
      return try PolicyBundle.load(folder, trusting: try trust.keys).bundle
    }
    guard let env else {
      throw ValidationError("a rule needs --env, the environment that it is made for")
    }
    let task = try EnvironmentSpec(path: EnvironmentName.path(env)).task
    return try RuleService(RuleCatalog.rule(policy, for: task), for: task)
  }
}
