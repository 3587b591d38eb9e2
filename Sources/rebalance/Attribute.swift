import ArgumentParser
import Experiments

struct Attribute: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what each trade of a policy was worth on one path.",
    discussion: """
      Example: rebalance attribute --env envs/us-stock-bond-v0.yaml --policy 'rule:band(0.05)'

      Each decision to trade is compared with not having made it, on the same path to its end, in \
      basis points and in currency. The contributions sum to the policy's whole difference from \
      never trading. Episode k is the path that `evaluate` plays as its sample k under the same \
      seed.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @Option(help: "rule:NAME(…), a rule's YAML file, or the folder of a checkpoint or bundle.")
  var policy: String

  @Option(help: "The seed of the paths.")
  var seed: UInt64 = 1_000_000

  @Option(help: "The number of the path, counted from 0.")
  var episode: UInt32 = 0

  @Flag(help: "Print a JSON document, with every decision.")
  var json = false

  func run() throws {
    let task = try environment.load().task
    let attribution = try Attribution(
      task, policy: PolicyReference.policy(policy, for: task), seed: seed, episode: episode)
    if json { try printJSON(attribution) } else { print(attribution.table) }
  }
}
