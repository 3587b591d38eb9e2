import Foundation

/// A condition that a version meets, or not, before it may become champion.
public struct PromotionCheck: Codable, Sendable, Hashable {
  public enum Condition: String, Codable, Sendable, Hashable, CaseIterable {
    /// Digests, schema and every conformance vector.
    case conformance
    /// Better than the best rule where it was trained, with an interval above zero.
    case evaluation
    /// A report of requests that it has answered in shadow, where it was trained.
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
  var champion: DecisionResponse.Policy
  var environment: String
  var environmentDigest: String
  var requests: Int
  var disagreements: Int
  /// Requests that it gave no valid answer to.
  var faults: Int
  /// What it would have saved in charge of the same paths.
  var saving: EvaluationRecord.Estimate

  enum CodingKeys: String, CodingKey, CaseIterable {
    case policy, champion, requests, disagreements, faults
    case environment = "env"
    case environmentDigest = "env_sha256"
    case saving = "saving_bp_per_year"
  }
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

  /// Whether a bundle's evaluation is of where it was trained and has it better than the best rule.
  ///
  /// - Parameter bundle: `nil` where it does not pass its checks.
  static func evaluation(_ folder: URL, of bundle: PolicyBundle?) -> Self {
    let name = EvaluationRecord.fileName
    guard FileManager.default.fileExists(atPath: folder.appending(path: name).path) else {
      return missed(.evaluation, "\(name) is missing; evaluate the policy, then export it anew")
    }
    guard let record = bundle?.evaluation else { return missed(.evaluation, unread) }
    let rule = record.bestRule
    let figures = "\(words(rule.saving)) saved against \(rule.name)"
    if let other = elsewhere(record.environment, than: record.trainedOn) {
      return missed(.evaluation, "\(figures), but \(other)")
    }
    return rule.saving.low > 0
      ? met(.evaluation, figures) : missed(.evaluation, figures + "; it must lie above zero")
  }

  /// The finding where no report was given and none is kept.
  package static let noShadowReport = "there is no shadow report; give one with --shadow FILE"

  /// Whether a shadow report is of this policy where it was trained, saw requests, has a valid answer to
  /// each, and does not say that the policy costs more than the champion of the report.
  ///
  /// - Parameter bundle: `nil` where it does not pass its checks.
  static func shadow(_ report: Data?, of bundle: PolicyBundle?) -> Self {
    guard let report else {
      return missed(.shadow, noShadowReport)
    }
    guard let bundle else { return missed(.shadow, unread) }
    let evidence: ShadowEvidence
    do { evidence = try JSONDecoder().decode(ShadowEvidence.self, from: report) } catch {
      let fields = ShadowEvidence.CodingKeys.allCases.map(\.rawValue).joined(separator: ", ")
      return missed(
        .shadow,
        "the shadow report is none: \(problem(in: report, error)); `rebalance shadow` writes one "
          + "with \(fields)")
    }
    guard evidence.policy == bundle.identity else {
      return missed(
        .shadow,
        "the shadow report is of \(evidence.policy.name) \(evidence.policy.version) with weights "
          + evidence.policy.sha256)
    }
    let figures =
      "\(evidence.requests) requests on \(evidence.environment), \(evidence.disagreements) "
      + "disagreements; in charge \(words(evidence.saving)) saved against \(evidence.champion.name)"
    let place = PolicyBundle.Manifest.Environment(
      id: evidence.environment, sha256: evidence.environmentDigest)
    if let other = elsewhere(place, than: bundle.manifest.environment) {
      return missed(.shadow, "\(figures), but \(other)")
    }
    guard evidence.requests > 0 else {
      return missed(.shadow, figures + "; it must have seen some")
    }
    guard evidence.faults == 0 else {
      return missed(.shadow, figures + "; \(evidence.faults) of them had no valid answer")
    }
    guard evidence.saving.high >= 0 else {
      return missed(.shadow, figures + "; it costs more than what it would replace")
    }
    return met(.shadow, figures)
  }

  private static let unread = "not judged before the bundle passes its checks"

  /// Says that figures are of another environment than that of the training; `nil` where they are not.
  private static func elsewhere(
    _ place: PolicyBundle.Manifest.Environment, than training: PolicyBundle.Manifest.Environment
  ) -> String? {
    guard place != training else { return nil }
    return place.id == training.id
      ? "on \(place.id) with other keys than those of the training (SHA-256 "
        + "\(place.sha256.prefix(12))…, not \(training.sha256.prefix(12))…)"
      : "on \(place.id), and the policy was trained on \(training.id)"
  }

  private static func words(_ saving: EvaluationRecord.Estimate) -> String {
    "\(rounded(saving.mean)) bp a year [\(rounded(saving.low)), \(rounded(saving.high))]"
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
