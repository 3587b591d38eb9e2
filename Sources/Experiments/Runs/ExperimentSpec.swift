public import Foundation

/// A question and how it is answered: `experiments/NNN-question/experiment.yaml`.
///
/// Paths in it start from the repository's top, the folder that holds `experiments`.
public struct ExperimentSpec: Sendable {
  /// The folder's name.
  public let name: String
  public let question: String
  /// The experiment's folder.
  public let folder: URL
  /// What trains.
  public let environment: String
  public let agents: [String]
  public let seeds: [UInt64]
  /// Rules that are compared, as `rule:…`.
  public let rules: [String]
  /// Paths of the sampled comparison, on seeds that no training has seen.
  public let episodes: Int
  public let evaluationSeed: UInt64
  /// Environments of real data on which the same policies are played.
  public let replays: [String]
  /// Name and version under which the best learned policy is exported.
  public let exportName: String
  public let exportVersion: String

  /// The repository's top.
  public var top: URL { folder.deletingLastPathComponent().deletingLastPathComponent() }

  /// Reads the specification in an experiment's folder.
  public init(folder: URL) throws(SpecError) {
    self.folder = folder.standardizedFileURL
    name = self.folder.lastPathComponent
    let file = folder.appending(path: "experiment.yaml").relativePath
    var reader = try SpecReader(SpecValue(yaml: file), file: file)
    question = try reader.string("question")
    environment = try reader.string("environment")
    agents = try reader.strings("agents")
    guard !agents.isEmpty else { throw reader.fault("agents", "at least one is needed") }
    var seeds: [UInt64] = []
    for seed in try reader.numbers("seeds") {
      guard let whole = UInt64(exactly: seed) else {
        throw reader.fault("seeds", "\(seed) is given, whole numbers of at least 0 are valid")
      }
      seeds.append(whole)
    }
    guard !seeds.isEmpty else { throw reader.fault("seeds", "at least one is needed") }
    self.seeds = seeds
    rules = try reader.strings("rules")
    guard Set(rules).count == rules.count else { throw reader.fault("rules", "one stands twice") }
    episodes = try reader.int("episodes", in: 2..., "2 or more")
    evaluationSeed = UInt64(try reader.int("evaluation_seed", in: 0..., "0 or more"))
    guard !seeds.contains(evaluationSeed) else {
      throw reader.fault(
        "evaluation_seed", "\(evaluationSeed) is a training seed, another is valid")
    }
    replays = try reader.strings("replays")
    exportName = try reader.string("export_name")
    exportVersion = try reader.string("export_version")
    try reader.finish()
  }
}
