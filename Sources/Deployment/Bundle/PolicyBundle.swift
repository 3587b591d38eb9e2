public import Foundation
public import Learning
public import Rebalancing

/// A policy as it goes into production: a folder of files that vouch for each other.
///
/// | file | what |
/// |---|---|
/// | `manifest.json` | names the policy and the SHA-256 of every file |
/// | `feature_schema.json` | what the policy sees |
/// | `policy.safetensors` | its weights |
/// | `conformance.jsonl` | what it must answer |
/// | `policy.onnx` | the same as a graph, for other runtimes |
/// | `evaluation.json`, `MODEL_CARD.md` | how it compares with rules; the same in words |
/// | `guards.json`, `environment.json` | what guards and facts are built from, where they are given |
/// | `manifest.sig` | an Ed25519 signature of the manifest, where it was signed |
///
/// Loading checks sizes, manifest, signature, digests, schema and all answers, in this order; any
/// failure refuses the bundle. A signature is checked against keys that the caller trusts; without any
/// it says nothing.
public struct PolicyBundle: Sendable {
  public let manifest: Manifest
  public let schema: FeatureSchema
  public let policy: LearnedPolicy
  /// How the policy compares with rules; `nil` where it was exported without.
  public let evaluation: EvaluationRecord?
  /// The optional files that others read, as they are: `guards.json`, `environment.json`,
  /// `MODEL_CARD.md`.
  public let attachments: [String: Data]
  /// What builds the facts of a request; `nil` where the bundle has no `environment.json`.
  public let facts: SnapshotFacts?
  /// The id of the key that the bundle says has signed it, true or not; `nil` for an unsigned one.
  public let signer: String?
  let learned: LearnedTrigger
  /// The policy behind guards; without `guards.json` they know nothing of its training.
  private(set) var guarded: GuardedTrigger

  static let schemaName = "feature_schema.json"
  static let policyName = "policy.safetensors"
  static let conformanceName = "conformance.jsonl"
  static let graphName = "policy.onnx"
  static let cardName = "MODEL_CARD.md"
  package static let guardsName = "guards.json"
  static let attachmentNames = [guardsName, "environment.json", cardName]

  /// The policy behind the trigger interface.
  public func trigger() throws(PolicyMismatch) -> LearnedTrigger { learned }

  /// - Throws: where the parts do not fit together.
  init(
    manifest: Manifest, schema: FeatureSchema, policy: LearnedPolicy,
    evaluation: EvaluationRecord?, facts: SnapshotFacts?, signer: String?,
    attachments: [String: Data]
  ) throws(PolicyMismatch) {
    (self.manifest, self.schema, self.policy) = (manifest, schema, policy)
    (self.evaluation, self.facts, self.attachments) = (evaluation, facts, attachments)
    self.signer = signer
    learned = try LearnedTrigger(
      name: "\(manifest.name) \(manifest.version)", policy: policy,
      observation: try schema.builder(), actions: manifest.actions,
      family: manifest.actionFamily ?? .list)
    guarded = GuardedTrigger(learned, assets: schema.assets)
  }

  /// - Throws: where the guards are of another policy.
  mutating func take(_ guards: GuardSettings) throws(PolicyMismatch) {
    guarded = try GuardedTrigger(
      learned, settings: guards, observation: learned.observation, assets: schema.assets)
  }
}

/// A bundle that is refused, and the file that is at fault.
public struct BundleError: Error, CustomStringConvertible, Sendable, Hashable {
  public let file: String
  public let problem: String
  public var description: String { "\(file): \(problem); the bundle is refused" }
}
