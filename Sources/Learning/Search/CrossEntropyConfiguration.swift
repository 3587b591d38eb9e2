/// How a `CrossEntropySearch` goes.
public struct CrossEntropyConfiguration: LearningConfiguration {
  /// Environment steps of the whole search, over all candidates.
  public var totalSteps = 3_000_000
  /// Candidates of a generation.
  public var population = 32
  /// The best of a generation, which the next is drawn around.
  public var elites = 8
  /// Episodes that every candidate of a generation plays, the same for all.
  public var episodes = 32
  /// Share of the elites in what the next generation is drawn from; the rest is as it was.
  public var smoothing = 0.7
  /// What is added to the deviations at the start, in parts of the ranges; it falls to 0 at the end.
  public var extraDeviation = 0.03

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case totalSteps = "total_steps"
    case population, elites, episodes, smoothing
    case extraDeviation = "extra_deviation"
  }

  public static let keys = CodingKeys.allCases.map(\.rawValue)

  public func validate() throws(LearningConfigurationError) {
    try checkCounts([
      "total_steps": totalSteps, "population": population, "episodes": episodes,
    ])
    try check(
      elites > 0 && elites <= population,
      "elites is \(elites), valid is 1 to population, \(population)")
    try check(
      smoothing > 0 && smoothing <= 1, "smoothing is \(smoothing), valid is above 0, up to 1")
    try checkShares(["extra_deviation": extraDeviation])
  }
}
