public import Foundation
public import Learning
public import Rebalancing

/// A policy as it goes into production: a folder of files that vouch for each other.
///
/// `manifest.json` names the policy and the SHA-256 of every file; `feature_schema.json` says
/// what the policy sees, `policy.safetensors` holds its weights, and `conformance.jsonl` what it must
/// answer. Loading checks sizes, manifest, digests, schema and all answers, in this order; any failure
/// refuses the bundle.
public struct PolicyBundle: Sendable {
  public let manifest: Manifest
  public let schema: FeatureSchema
  public let policy: LearnedPolicy

  /// The manifest: identity, contents and origin.
  public struct Manifest: Codable, Sendable, Hashable {
    /// Always `rebalancing-policy`.
    public var format: String
    public var formatVersion: Int
    public var name: String
    /// Semantic version of the policy.
    public var version: String
    /// Fraction of the way to target per action; index 0 is no action.
    public var actions: [Double]
    /// What an action says; absent for a list of fractions.
    public var actionFamily: ActionFamily?
    /// Where the policy was trained.
    public var environment: Environment
    /// How it came to be.
    public var provenance: [String: String]
    /// SHA-256 per file, in hexadecimal.
    public var files: [String: String]
    /// SHA-256 of the manifest itself, taken while 64 zeros stand in this place: finds damage; who
    /// made the bundle is for a signature to say.
    public var sha256: String

    public struct Environment: Codable, Sendable, Hashable {
      public var id: String
      /// Of the resolved specification.
      public var sha256: String
      public init(id: String, sha256: String) {
        self.id = id
        self.sha256 = sha256
      }
    }

    enum CodingKeys: String, CodingKey {
      case format, name, version, actions, environment, provenance, files, sha256
      case formatVersion = "format_version"
      case actionFamily = "action_family"
    }
  }

  /// What a bundle says about its policy besides its files.
  public struct Identity: Sendable {
    public var name: String
    public var version: String
    public var environment: Manifest.Environment
    public var provenance: [String: String]
    public init(
      name: String, version: String, environment: Manifest.Environment,
      provenance: [String: String]
    ) {
      self.name = name
      self.version = version
      self.environment = environment
      self.provenance = provenance
    }
  }

  static let manifestName = "manifest.json"
  static let schemaName = "feature_schema.json"
  static let policyName = "policy.safetensors"
  static let conformanceName = "conformance.jsonl"
  static let contents = [schemaName, policyName, conformanceName]
  /// Files that a bundle may hold besides.
  static let optional = ["evaluation.json", "facts.json"]
  /// No file of a bundle is larger, in bytes.
  static let sizeLimit = 64 << 20

  /// The policy behind the trigger interface.
  public func trigger() throws(PolicyMismatch) -> LearnedTrigger {
    try LearnedTrigger(
      name: "\(manifest.name) \(manifest.version)", policy: policy,
      observation: try schema.builder(), actions: manifest.actions,
      family: manifest.actionFamily ?? .list)
  }
}

/// A bundle that is refused, and the file that is at fault.
public struct BundleError: Error, CustomStringConvertible, Sendable, Hashable {
  public let file: String
  public let problem: String
  public var description: String { "\(file): \(problem); the bundle is refused" }
}

// MARK: - Writing

extension PolicyBundle {
  /// Writes a bundle as a whole: a reader finds the old one or the new one.
  public static func write(
    _ identity: Identity, policy: LearnedPolicy, schema: FeatureSchema, actions: [Double],
    family: ActionFamily = .list, to folder: URL
  ) throws {
    let vectors = conformanceObservations(schema, policy: policy).map {
      ConformanceVector(policy, at: $0)
    }
    let lines = try vectors.map { String(decoding: try encoder().encode($0), as: UTF8.self) }
    var files = [
      schemaName: try encoder(pretty: true).encode(schema) + newline,
      policyName: Data(policy.safetensors.encoded()),
      conformanceName: Data(lines.joined(separator: "\n").utf8) + newline,
    ]
    let manifest = Manifest(
      format: "rebalancing-policy", formatVersion: 1, name: identity.name,
      version: identity.version, actions: actions,
      actionFamily: family == .list ? nil : family, environment: identity.environment,
      provenance: identity.provenance, files: files.mapValues { sha256($0) },
      sha256: blankDigest)
    files[manifestName] = try sealed(encoder(pretty: true).encode(manifest) + newline)
    try writeFolder(files, to: folder)
  }

  /// A manifest with a blank digest, with its own in that place.
  private static func sealed(_ manifest: Data) -> Data {
    let digest = sha256(manifest)
    return replacing(blankDigest, by: digest, in: manifest)
  }

  private static let blankDigest = String(repeating: "0", count: 64)

  private static func replacing(_ digest: String, by other: String, in manifest: Data) -> Data {
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

// MARK: - Loading

extension PolicyBundle {
  /// Reads a bundle and checks everything in it.
  ///
  /// - Returns: the bundle, and how many conformance vectors it has met.
  public static func load(
    _ folder: URL
  ) throws(BundleError) -> (bundle: PolicyBundle, vectors: Int) {
    var files: [String: Data] = [:]
    for name in [manifestName] + contents { files[name] = try read(folder, name) }
    let manifest: Manifest = try decode(files[manifestName], manifestName)
    for name in optional where manifest.files[name] != nil { files[name] = try read(folder, name) }
    try check(manifest, files)
    let schema: FeatureSchema = try decode(files[schemaName], schemaName)
    let policy: LearnedPolicy
    do {
      policy = try LearnedPolicy(Safetensors(decoding: Array(files[policyName] ?? Data())))
    } catch {
      throw BundleError(file: policyName, problem: "\(error)")
    }
    let bundle = PolicyBundle(manifest: manifest, schema: schema, policy: policy)
    do { _ = try bundle.trigger() } catch {
      throw BundleError(file: schemaName, problem: "\(error)")
    }
    let vectors = try bundle.replay(files[conformanceName] ?? Data())
    return (bundle, vectors)
  }

  private static func read(_ folder: URL, _ name: String) throws(BundleError) -> Data {
    let path = folder.appending(path: name).path
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
      throw BundleError(file: name, problem: "missing in \(folder.path)")
    }
    guard size <= sizeLimit else {
      throw BundleError(file: name, problem: "\(size) bytes, at most \(sizeLimit) are allowed")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw BundleError(file: name, problem: "cannot be read")
    }
    return data
  }

  private static func decode<T: Decodable>(_ data: Data?, _ name: String) throws(BundleError) -> T {
    do { return try JSONDecoder().decode(T.self, from: data ?? Data()) } catch {
      throw BundleError(file: name, problem: "not as a bundle has it: \(error)")
    }
  }

  private static func check(
    _ manifest: Manifest, _ files: [String: Data]
  ) throws(BundleError) {
    guard manifest.format == "rebalancing-policy", manifest.formatVersion == 1 else {
      throw BundleError(
        file: manifestName,
        problem: "format \(manifest.format) \(manifest.formatVersion), "
          + "rebalancing-policy 1 is known")
    }
    let isList = manifest.actionFamily ?? .list == .list
    guard isList ? manifest.actions.first == 0 : manifest.actions.isEmpty,
      manifest.actions.allSatisfy({ (0...1).contains($0) })
    else {
      throw BundleError(
        file: manifestName,
        problem: "actions \(manifest.actions): fractions, the first 0, are valid")
    }
    guard Set(contents).isSubset(of: manifest.files.keys),
      Set(contents + optional).isSuperset(of: manifest.files.keys)
    else {
      throw BundleError(
        file: manifestName, problem: "lists \(manifest.files.keys.sorted()), not \(contents)")
    }
    let blank = replacing(manifest.sha256, by: blankDigest, in: files[manifestName] ?? Data())
    try check(sha256(blank), manifest.sha256, manifestName)
    for name in manifest.files.keys.sorted() {
      try check(sha256(files[name] ?? Data()), manifest.files[name] ?? "nothing", name)
    }
  }

  private static func check(
    _ found: String, _ expected: String, _ file: String
  ) throws(BundleError) {
    guard found == expected else {
      throw BundleError(file: file, problem: "SHA-256 is \(found), the manifest says \(expected)")
    }
  }

  private func replay(_ data: Data) throws(BundleError) -> Int {
    let lines = data.split(separator: UInt8(ascii: "\n"))
    guard lines.count >= 2000 else {
      throw BundleError(
        file: Self.conformanceName, problem: "\(lines.count) vectors, at least 2000 are needed")
    }
    for (number, line) in lines.enumerated() {
      let vector: ConformanceVector = try Self.decode(Data(line), Self.conformanceName)
      guard vector.isMet(by: policy) else {
        throw BundleError(
          file: Self.conformanceName, problem: "line \(number + 1) is not what the policy answers")
      }
    }
    return lines.count
  }
}
