public import Foundation
public import Learning
public import Rebalancing

extension PolicyBundle {
  /// Writes a bundle as a whole: a reader finds the old one or the new one.
  ///
  /// - Parameters:
  ///   - evaluation: of this very policy; without, the manifest says that there is none.
  ///   - attachments: `guards.json`, `environment.json`.
  ///   - key: signs the manifest.
  public static func write(
    _ identity: Identity, policy: LearnedPolicy, schema: FeatureSchema, actions: [Double],
    family: ActionFamily = .list, evaluation: EvaluationRecord? = nil,
    attachments: [String: Data] = [:], signedBy key: SigningKey? = nil, to folder: URL
  ) throws {
    var files = attachments
    files[schemaName] = try encoder(pretty: true).encode(schema) + newline
    files[policyName] = Data(policy.safetensors.encoded())
    files[conformanceName] = try conformance(schema, policy)
    let digest = sha256(files[policyName] ?? Data())
    var absent: [String: String] = [:]
    files[graphName] = try PolicyGraph(
      policy, name: "\(identity.name) \(identity.version)",
      words: words(identity, schema, actions, family, digest))?.encoded()
    if files[graphName] == nil { absent[graphName] = "the policy is a rule, which has no graph" }
    if let evaluation {
      try evaluation.check(policyDigest: digest, trainedOn: identity.environment)
      files[EvaluationRecord.fileName] = try evaluation.encoded()
    } else {
      absent[EvaluationRecord.fileName] = "unevaluated: exported without an evaluation record"
    }
    files[cardName] = Data(
      ModelCard(identity, schema, policyDigest: digest, evaluation: evaluation).text.utf8)
    let manifest = Manifest(
      format: "rebalancing-policy", formatVersion: 1, name: identity.name,
      version: identity.version, actions: actions,
      actionFamily: family == .list ? nil : family, environment: identity.environment,
      provenance: identity.provenance, files: files.mapValues { sha256($0) },
      absent: absent.isEmpty ? nil : absent, sha256: blankDigest)
    let sealed = try sealed(encoder(pretty: true).encode(manifest) + newline)
    files[BundleFiles.manifestName] = sealed
    if let key {
      files[BundleFiles.signatureName] = try ManifestSignature(sealed, by: key).encoded()
    }
    try writeFolder(files, replacing: Set(BundleFiles.all), to: folder)
  }

  /// What the policy must answer, a line each.
  private static func conformance(_ schema: FeatureSchema, _ policy: LearnedPolicy) throws -> Data {
    let encoder = encoder()
    let lines = try conformanceVectors(schema, policy: policy).map {
      String(decoding: try encoder.encode($0), as: UTF8.self)
    }
    return Data(lines.joined(separator: "\n").utf8) + newline
  }

  /// What the graph says of itself.
  private static func words(
    _ identity: Identity, _ schema: FeatureSchema, _ actions: [Double], _ family: ActionFamily,
    _ digest: String
  ) throws -> [String: String] {
    func json(_ value: some Encodable) throws -> String {
      String(decoding: try encoder().encode(value), as: UTF8.self)
    }
    return [
      "name": identity.name, "version": identity.version, "policy_sha256": digest,
      "environment": identity.environment.id,
      "environment_sha256": identity.environment.sha256, "action_family": family.rawValue,
      "actions": try json(actions), "features": try json(schema.columns.map(\.name)),
    ]
  }

  /// A manifest with a blank digest, with its own in that place.
  package static func sealed(_ manifest: Data) -> Data {
    replacing(blankDigest, by: sha256(manifest), in: manifest)
  }

  static let blankDigest = String(repeating: "0", count: 64)

  static func replacing(_ digest: String, by other: String, in manifest: Data) -> Data {
    let text = String(decoding: manifest, as: UTF8.self)
    return Data(text.replacingOccurrences(of: "\"\(digest)\"", with: "\"\(other)\"").utf8)
  }

  private static var newline: Data { Data("\n".utf8) }

  private static func encoder(pretty: Bool = false) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return encoder
  }
}
