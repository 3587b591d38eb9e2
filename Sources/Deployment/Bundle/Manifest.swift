public import Rebalancing

extension PolicyBundle {
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
    /// Why a file that bundles have is not in this one, by name.
    public var absent: [String: String]?
    /// SHA-256 of the manifest itself, taken while 64 zeros stand in this place: finds damage; who
    /// made the bundle is for a signature to say.
    public var sha256: String

    /// An environment, by its name and the digest of its resolved specification.
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
      case format, name, version, actions, environment, provenance, files, absent, sha256
      case formatVersion = "format_version"
      case actionFamily = "action_family"
    }

    /// SHA-256 of the policy's weights.
    public var policyDigest: String { files[PolicyBundle.policyName] ?? "" }
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
}
