/// What no honest figure can be: better than the best possible.
///
/// A finding means look-ahead or a fault, and fails the report.
public enum SanityGate {
  /// A figure that cannot be.
  public struct Finding: Sendable, Hashable, Codable, CustomStringConvertible {
    public var caseName: String
    public var policy: String
    public var problem: String

    enum CodingKeys: String, CodingKey {
      case policy, problem
      case caseName = "case"
    }

    public var description: String { "\(caseName), \(policy): \(problem)" }
  }

  /// Percent below the exact optimum that rounding of the grid explains.
  static let exactTolerance = 0.02

  static func findings(in cases: [CaseResult]) -> [Finding] {
    cases.flatMap { result in
      (result.exact?.policies ?? []).compactMap { row in
        guard let gap = row.gap, gap < -exactTolerance else { return nil }
        return Finding(
          caseName: result.name, policy: row.name,
          problem: "\((-gap).fixed(3)) % below the exact optimum, more than \(exactTolerance) %")
      }
    }
  }
}
