/// The answers of one case.
public struct CaseResult: Codable, Sendable {
  public var name: String
  public var environment: String
  public var exact: ExactEvaluation?
  public var sampled: SampledEvaluation?
  /// On real data.
  public var replays: [SampledEvaluation] = []
  /// The test sets of a walk, in the order of time.
  public var folds: [SampledEvaluation] = []
  public var standings: [Standings] = []
  /// On real data, walked through.
  public var sharpe: SharpeStandings?
  /// What no honest figure can be; see `SanityGate`.
  public var findings: [SanityGate.Finding] = []

  enum CodingKeys: String, CodingKey {
    case name, exact, sampled, replays, folds, standings, sharpe, findings
    case environment = "env"
  }

  package init(name: String, environment: String) {
    (self.name, self.environment) = (name, environment)
  }
}
