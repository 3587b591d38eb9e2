/// Where assets are held, which decides whether their gains are taxed.
public struct Account: Hashable, Sendable {
  /// The kinds of accounts.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Gains are taxed and losses count.
    case taxable
    /// An individual retirement account: no gain is taxed, no loss counts.
    case ira
  }

  /// The name, unique in a ledger.
  public let name: String
  /// Taxable or not.
  public let kind: Kind

  public init(_ name: String, _ kind: Kind = .taxable) {
    self.name = name
    self.kind = kind
  }
}
