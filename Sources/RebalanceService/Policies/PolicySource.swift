public import Deployment
import Foundation

/// A policy that can decide, and who it is.
public struct ServedPolicy: Sendable {
  public let identity: PolicyIdentity
  public let decider: any RequestDecider
  /// The bundle whose network can be asked for bare scores; `nil` for a rule.
  public let bundle: PolicyBundle?

  /// A bundle's policy.
  public init(_ bundle: PolicyBundle) {
    let manifest = bundle.manifest
    identity = PolicyIdentity(
      name: manifest.name, version: manifest.version,
      sha256: manifest.files["policy.safetensors"] ?? "")
    decider = bundle
    self.bundle = bundle
  }

  /// A rule under the name by which it answers.
  public init(rule: RuleService, name: String) {
    identity = PolicyIdentity(name: name, version: "rule", sha256: "")
    decider = rule
    bundle = nil
  }
}

/// Where policies come from.
public protocol PolicySource: Sendable {
  /// The policies' names in order.
  func names() throws -> [String]
  /// A policy's versions, the lowest first.
  func versions(of name: String) throws -> [String]
  /// The version that is to serve; `nil` where none is chosen.
  func champion(of name: String) throws -> String?
  /// The version that is watched beside it; `nil` where none is chosen.
  func challenger(of name: String) throws -> String?
  /// Loads a version with all its checks.
  func load(_ name: String, version: String) throws -> ServedPolicy
  /// Makes a version the one that is to serve, if it has what that needs.
  func promote(_ name: String, version: String) throws
  /// An error in words for callers: nothing of where files are.
  func words(for error: any Error) -> String
}

extension PolicySource {
  public func challenger(of name: String) throws -> String? { nil }
  public func words(for error: any Error) -> String { "\(error)" }
}

/// One policy from a folder or a rule, which stays what it is.
public struct SinglePolicy: PolicySource {
  private let policy: ServedPolicy

  public init(_ policy: ServedPolicy) { self.policy = policy }

  public func names() -> [String] { [policy.identity.name] }
  public func versions(of name: String) -> [String] { [policy.identity.version] }
  public func champion(of name: String) -> String? { policy.identity.version }
  public func load(_ name: String, version: String) throws -> ServedPolicy {
    guard version == policy.identity.version else {
      throw PromotionRefused("only version \(policy.identity.version) is there")
    }
    return policy
  }

  public func promote(_ name: String, version: String) throws {
    throw PromotionRefused("there is no registry: the service was started with one policy")
  }
}

/// A promotion that was not done, and why.
struct PromotionRefused: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
