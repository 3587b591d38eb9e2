import ArgumentParser

/// A policy, and the path that it is looked at on.
struct PathOptions: ParsableArguments {
  @Option(help: "rule:NAME(…), a rule's YAML file, or the folder of a checkpoint or bundle.")
  var policy: String

  @Option(help: "The seed of the paths.")
  var seed: UInt64 = 1_000_000

  @Option(help: "The number of the path, counted from 0.")
  var episode: UInt32 = 0
}
