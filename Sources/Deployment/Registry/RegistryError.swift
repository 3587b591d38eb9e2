/// Why a registry did not do what was asked; nothing has changed then.
public struct RegistryError: Error, CustomStringConvertible, Sendable, Hashable {
  /// What kind of refusal it is, for who answers over a protocol.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// No such policy, version or alias.
    case unknown
    /// Not a name or version that can be.
    case invalid
    /// Not allowed as things stand: a version that exists, a condition that is not met.
    case refused
    /// A bundle does not pass its checks.
    case damaged
    /// The file system failed.
    case storage
  }

  public let kind: Kind
  public let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
