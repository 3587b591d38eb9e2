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

/// What `evaluation.json` says of a policy against the best rule, as far as a promotion asks for it.
private struct EvaluationEvidence: Decodable {
  struct Rule: Decodable {
    struct Saving: Decodable {
      var mean: Double
      var low: Double
      var high: Double
    }
    var name: String
    var saving: Saving
    enum CodingKeys: String, CodingKey {
      case name
      case saving = "saving_bp_per_year"
    }
  }
  var policy: String
  var bestRule: Rule
  enum CodingKeys: String, CodingKey {
    case policy = "policy_sha256"
    case bestRule = "best_rule"
  }
}

/// What a shadow report says, as far as a promotion asks for it.
private struct ShadowEvidence: Decodable {
  var policy: DecisionResponse.Policy
  var requests: Int
  var disagreements: Int
}

extension PromotionCheck {
  /// Whether a bundle passes all its checks, and the bundle where it does.
  static func conformance(_ folder: URL) -> (check: Self, bundle: PolicyBundle?) {
    do {
      let (bundle, vectors) = try PolicyBundle.load(folder)
      return (met(.conformance, "\(vectors) conformance vectors met"), bundle)
    } catch {
      return (missed(.conformance, "\(error)"), nil)
    }
  }

  /// Whether a bundle's evaluation is of its policy and better than the best rule.
  static func evaluation(_ folder: URL, weights: String?) -> Self {
    let file = folder.appending(path: "evaluation.json").path
    guard let data = FileManager.default.contents(atPath: file) else {
      return missed(
        .evaluation, "evaluation.json is missing; evaluate the policy, then export it anew")
    }
    guard let evidence = try? JSONDecoder().decode(EvaluationEvidence.self, from: data) else {
      return missed(
        .evaluation, "evaluation.json lacks policy_sha256, or best_rule with saving_bp_per_year")
    }
    guard evidence.policy == weights else {
      return missed(.evaluation, "evaluation.json is of other weights, \(evidence.policy)")
    }
    let saving = evidence.bestRule.saving
    let figures =
      "\(saving.mean) bp a year saved against \(evidence.bestRule.name), "
      + "95 % interval \(saving.low) to \(saving.high)"
    return saving.low > 0
      ? met(.evaluation, figures) : missed(.evaluation, figures + "; it must lie above zero")
  }

  /// Whether a shadow report is of this policy and saw requests.
  static func shadow(_ report: Data?, of policy: DecisionResponse.Policy?) -> Self {
    guard let report else {
      return missed(.shadow, "there is no shadow report; give one with --shadow FILE")
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
    return evidence.requests > 0
      ? met(.shadow, figures) : missed(.shadow, figures + "; it must have seen some")
  }

  private static func met(_ condition: Condition, _ finding: String) -> Self {
    Self(condition: condition, isMet: true, finding: finding)
  }

  private static func missed(_ condition: Condition, _ finding: String) -> Self {
    Self(condition: condition, isMet: false, finding: finding)
  }
}
