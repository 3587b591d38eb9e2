/// The answers of one case.
public struct CaseResult: Codable, Sendable {
  public var name: String
  public var environment: String
  public var exact: ExactEvaluation?
  public var sampled: SampledEvaluation?
  /// On real data.
  public var replays: [SampledEvaluation] = []
  /// The test sets of a walk.
  public var walk: Walk?
  public var standings: [Standings] = []
  /// On real data, walked through.
  public var sharpe: SharpeStandings?
  /// What no honest figure can be; see `SanityGate`.
  public var findings: [SanityGate.Finding] = []

  enum CodingKeys: String, CodingKey {
    case name, exact, sampled, replays, walk, standings, sharpe, findings
    case environment = "env"
  }

  /// One portfolio of each policy, carried through all test sets.
  public struct Walk: Codable, Sendable {
    /// Test sets.
    public var folds: Int
    public var evaluation: SampledEvaluation
  }

  package init(name: String, environment: String) {
    (self.name, self.environment) = (name, environment)
  }
}
