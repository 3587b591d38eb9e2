import ArgumentParser
import Experiments
import Foundation

struct Bound: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Bound from below what any policy costs, and measure how far above it policies are.",
    discussion: """
      Example: rebalance bound --env three-asset-myrgren-v0 --policy 'rule:quadratic(0.2)'

      The bound is certified up to its standard error, for any number of assets: proportional costs \
      paid pro rata, quadratic drift cost, normal returns (log_ratio, normal, lognormal, regimes), no \
      tax and no flows. Policies are played on the same paths.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @Option(name: .customLong("policy"), help: "A policy to compare with the bound; repeatable.")
  var policies: [String] = []

  @Option(help: "Sampled paths.")
  var episodes = 500

  @Option(help: "The seed of the paths.")
  var seed: UInt64 = 1_000_000

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    if episodes < 2 { throw ValidationError("--episodes \(episodes): at least 2 are needed") }
  }

  func run() throws {
    let task = try environment.load().task
    let policies = try policies.map { try PolicyReference.policy($0, for: task) }
    let result = try BoundEvaluation(task, policies: policies, episodes: episodes, seed: seed)
    if json { try printJSON(result) } else { print(result.table) }
  }
}
