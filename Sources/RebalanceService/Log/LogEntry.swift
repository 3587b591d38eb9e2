public import Foundation

/// What an entry of the decision log says besides its place in the chain.
public struct LogAct: Sendable, Hashable {
  /// What kind of act it is.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// An answered request.
    case decision
    /// A pause, a kill or a release.
    case controls
    /// A version that became champion.
    case promotion
  }

  public var kind: Kind
  /// When it was taken up: ISO 8601 in UTC, to the millisecond.
  public var time: String
  /// Whose key it came with.
  public var keyID: String
  public var policy: PolicyIdentity
  /// The caller's; unique among a key's decisions.
  public var idempotencyKey: String?
  /// The exact bytes that came.
  public var request: Data
  /// The exact bytes of the service's controls that the request was decided under; empty: none.
  public var controls: Data
  /// The exact bytes that went back.
  public var response: Data

  public init(
    kind: Kind, time: String, keyID: String, policy: PolicyIdentity, idempotencyKey: String? = nil,
    request: Data, controls: Data = Data(), response: Data
  ) {
    self.kind = kind
    self.time = time
    self.keyID = keyID
    self.policy = policy
    self.idempotencyKey = idempotencyKey
    self.request = request
    self.controls = controls
    self.response = response
  }
}

/// Which policy decided: its name, version and the SHA-256 of its weights.
public struct PolicyIdentity: Sendable, Hashable, Codable {
  public var name: String
  public var version: String
  public var sha256: String

  public init(name: String, version: String, sha256: String) {
    self.name = name
    self.version = version
    self.sha256 = sha256
  }
}

/// An act with its place in the chain.
public struct LogEntry: Sendable, Hashable {
  /// Counted from 1, without gaps.
  public var sequence: Int64
  public var act: LogAct
  /// The hash of the entry before, 32 bytes; zeros for the first.
  public var previous: Data
  /// 32 bytes, see `LogHash`.
  public var hash: Data
}
