public import Deployment
import Foundation
import Learning
public import Rebalancing

/// A policy with what it is known by.
public struct ShadowParty: Sendable {
  public let trigger: any Trigger
  public let identity: DecisionResponse.Policy

  public init(_ trigger: any Trigger, identity: DecisionResponse.Policy) {
    (self.trigger, self.identity) = (trigger, identity)
  }

  /// The policy that a text names, as `PolicyReference` reads it.
  ///
  /// A learned policy is known by the SHA-256 of its weights, as a bundle's manifest has it.
  public init(_ text: String, for task: RebalancingTask) throws {
    let trigger = try PolicyReference.policy(text, for: task)
    guard let learned = trigger as? LearnedTrigger else {
      self.init(trigger, identity: .init(name: trigger.name, version: "rule", sha256: ""))
      return
    }
    let folder = URL(fileURLWithPath: text)
    let digest = sha256(Data(learned.policy.safetensors.encoded()))
    var identity = DecisionResponse.Policy(
      name: folder.lastPathComponent, version: "checkpoint", sha256: digest)
    if let bundle = try? PolicyBundle.load(folder).bundle {
      (identity.name, identity.version) = (bundle.manifest.name, bundle.manifest.version)
    }
    self.init(trigger, identity: identity)
  }
}
