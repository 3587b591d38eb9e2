// Functions are named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRebalancing
import Deployment
import Foundation
import Learning

/// What `rebalancing_policy` stands for.
final class PolicyHandle {
  let bundle: PolicyBundle
  init(_ bundle: PolicyBundle) { self.bundle = bundle }
}

/// What `rebalancing_policy_load` takes.
private struct PolicyRequest: Decodable {
  var bundle: String
  var trust: [String]?

  static let keys = ["bundle", "trust"]
}

/// What `rebalancing_policy_describe` says.
private struct PolicyDescription: Encodable {
  var manifest: PolicyBundle.Manifest
  var schema: FeatureSchema
  /// Numbers of an observation; actions, or dimensions of a box.
  var features: Int
  var actions: Int
  /// Whether the answer is a point of a box.
  var isActor: Bool
  var isEvaluated: Bool

  enum CodingKeys: String, CodingKey {
    case manifest, features, actions
    case schema = "feature_schema"
    case isActor = "box"
    case isEvaluated = "evaluated"
  }
}

@c @implementation
public func rebalancing_policy_load(
  _ request: UnsafePointer<CChar>?, _ policy: UnsafeMutablePointer<OpaquePointer?>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    guard let policy = unsafe policy else {
      throw UsageError("there is no place for the policy")
    }
    let request = try unsafe decoded(request, as: PolicyRequest.self, keys: PolicyRequest.keys)
    let keys = try (request.trust ?? []).map {
      try VerifyingKey(contentsOf: URL(fileURLWithPath: $0))
    }
    // A registry's alias may move while files are read: it is followed once.
    let folder = URL(fileURLWithPath: request.bundle).resolvingSymlinksInPath()
    let bundle = try PolicyBundle.load(folder, trusting: keys).bundle
    unsafe policy.pointee = unsafe Handle.make(PolicyHandle(bundle))
  }
}

@c @implementation
public func rebalancing_policy_free(_ policy: OpaquePointer?) {
  unsafe Handle.free(policy, as: PolicyHandle.self)
}

@c @implementation
public func rebalancing_policy_describe(
  _ policy: OpaquePointer?, _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    let bundle = try unsafe Handle.object(policy, as: PolicyHandle.self).bundle
    let description = PolicyDescription(
      manifest: bundle.manifest, schema: bundle.schema, features: bundle.policy.observationSize,
      actions: bundle.policy.actionCount, isActor: bundle.policy.isActor,
      isEvaluated: bundle.evaluation != nil)
    try unsafe give(try json(description), to: text)
  }
}

@c @implementation
public func rebalancing_policy_act(
  _ policy: OpaquePointer?, _ observations: UnsafePointer<Float>?, _ masks: UnsafePointer<Bool>?,
  _ count: Int64, _ choices: UnsafeMutablePointer<Int64>?,
  _ scores: UnsafeMutablePointer<Float>?, _ message: UnsafeMutablePointer<CChar>?,
  _ capacity: Int64
) -> Int32 {
  unsafe answer(message, capacity) {
    let policy = try unsafe Handle.object(policy, as: PolicyHandle.self).bundle.policy
    guard let observations = unsafe observations, let scores = unsafe scores,
      unsafe policy.isActor || choices != nil, count >= 0
    else { throw UsageError("observations, choices and scores must not be null") }
    let (features, actions) = (policy.observationSize, policy.actionCount)
    for row in 0..<Int(count) {
      let seen = unsafe Array(
        UnsafeBufferPointer(start: observations + row * features, count: features))
      var allowed: [Bool]?
      if let masks = unsafe masks {
        allowed = unsafe Array(
          UnsafeBufferPointer(start: masks + row * actions, count: actions))
      }
      let answer = PolicyAnswer(policy, to: seen, allowed: allowed)
      for action in 0..<actions {
        unsafe scores[row * actions + action] = answer?.scores[action] ?? .nan
      }
      if let choices = unsafe choices { unsafe choices[row] = Int64(answer?.action ?? -1) }
    }
  }
}
