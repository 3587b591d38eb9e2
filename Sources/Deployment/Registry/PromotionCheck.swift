import Foundation

/// A condition that a version meets, or not, before it may become champion.
public struct PromotionCheck: Codable, Sendable, Hashable {
  public enum Condition: String, Codable, Sendable, Hashable, CaseIterable {
    /// Digests, schema and every conformance vector.
    case conformance
    /// Better than the best rule, with an interval above zero.
    case evaluation
    /// A report of requests that it has answered in shadow.
    case shadow
  }

  public var condition: Condition
  public var isMet: Bool
  /// What was found, or what is missing and how to supply it.
  public var finding: String

  enum CodingKeys: String, CodingKey {
    case condition, finding
    case isMet = "is_met"
  }
}

/// What a shadow report says, as far as a promotion asks for it.
private struct ShadowEvidence: Decodable {
  var policy: DecisionResponse.Policy
  var requests: Int
  var disagreements: Int
  /// Requests that it gave no valid answer to.
  var faults: Int?
}

extension PromotionCheck {
  /// Whether a bundle passes all its checks, and the bundle where it does.
  static func conformance(
    _ folder: URL, trusting keys: [VerifyingKey]
  ) -> (check: Self, bundle: PolicyBundle?) {
    do {
      let (bundle, vectors) = try PolicyBundle.load(folder, trusting: keys)
      return (met(.conformance, "\(vectors) conformance vectors met"), bundle)
    } catch {
      return (missed(.conformance, "\(error)"), nil)
    }
  }

  /// Whether a bundle's evaluation has it better than the best rule; that it is of the bundle's policy is
  /// checked with the bundle.
  static func evaluation(_ folder: URL) -> Self {
    let name = EvaluationRecord.fileName
    guard let data = FileManager.default.contents(atPath: folder.appending(path: name).path) else {
      return missed(.evaluation, "\(name) is missing; evaluate the policy, then export it anew")
    }
    guard let rule = try? JSONDecoder().decode(EvaluationRecord.self, from: data).bestRule else {
      return missed(.evaluation, "\(name) is not as a bundle has it")
    }
    let figures =
      "\(rounded(rule.saving.mean)) bp a year saved against \(rule.name), "
      + "95 % interval \(rounded(rule.saving.low)) to \(rounded(rule.saving.high))"
    return rule.saving.low > 0
      ? met(.evaluation, figures) : missed(.evaluation, figures + "; it must lie above zero")
  }

  /// The finding where no report was given and none is kept.
  package static let noShadowReport = "there is no shadow report; give one with --shadow FILE"

  /// Whether a shadow report is of this policy, saw requests, and has a valid answer to each.
  static func shadow(_ report: Data?, of policy: DecisionResponse.Policy?) -> Self {
    guard let report else {
      return missed(.shadow, noShadowReport)
    }
    guard let evidence = try? JSONDecoder().decode(ShadowEvidence.self, from: report) else {
      return missed(
        .shadow, "the shadow report lacks policy (name, version, sha256), requests, disagreements")
    }
    guard evidence.policy == policy else {
      return missed(
        .shadow,
        "the shadow report is of \(evidence.policy.name) \(evidence.policy.version) with weights "
          + evidence.policy.sha256)
    }
    let figures = "\(evidence.requests) requests, \(evidence.disagreements) disagreements"
    guard evidence.requests > 0 else {
      return missed(.shadow, figures + "; it must have seen some")
    }
    if let faults = evidence.faults, faults > 0 {
      return missed(.shadow, figures + "; \(faults) of them had no valid answer")
    }
    return met(.shadow, figures)
  }

  /// To a hundredth of a thousandth: for people.
  private static func rounded(_ saving: Double) -> Double { (saving * 1e5).rounded() / 1e5 }

  private static func met(_ condition: Condition, _ finding: String) -> Self {
    Self(condition: condition, isMet: true, finding: finding)
  }

  private static func missed(_ condition: Condition, _ finding: String) -> Self {
    Self(condition: condition, isMet: false, finding: finding)
  }
}
