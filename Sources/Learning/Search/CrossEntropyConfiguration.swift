/// How a `CrossEntropySearch` goes.
public struct CrossEntropyConfiguration: Sendable, Hashable, Codable {
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

  public enum CodingKeys: String, CodingKey, CaseIterable {
    case totalSteps = "total_steps"
    case population, elites, episodes, smoothing
    case extraDeviation = "extra_deviation"
  }

  /// Absent keys have their default.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    totalSteps = try keys.value(.totalSteps, or: totalSteps)
    population = try keys.value(.population, or: population)
    elites = try keys.value(.elites, or: elites)
    episodes = try keys.value(.episodes, or: episodes)
    smoothing = try keys.value(.smoothing, or: smoothing)
    extraDeviation = try keys.value(.extraDeviation, or: extraDeviation)
  }

  /// Throws at the first value that cannot be meant.
  public func validate() throws(LearningConfigurationError) {
    for (name, value) in [
      ("total_steps", totalSteps), ("population", population), ("episodes", episodes),
    ] {
      try LearningConfigurationError.check(value > 0, "\(name) is \(value), valid is 1 or more")
    }
    try LearningConfigurationError.check(
      elites > 0 && elites <= population,
      "elites is \(elites), valid is 1 to population, \(population)")
    try LearningConfigurationError.check(
      smoothing > 0 && smoothing <= 1, "smoothing is \(smoothing), valid is above 0, up to 1")
    try LearningConfigurationError.check(
      extraDeviation >= 0 && extraDeviation <= 1,
      "extra_deviation is \(extraDeviation), valid is 0 to 1")
  }
}
