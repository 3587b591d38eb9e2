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

  @OptionGroup var path: PathOptions

  @Flag(help: "Print a JSON document, with every decision.")
  var json = false

  func run() throws {
    let task = try environment.load().task
    let attribution = try Attribution(
      task, policy: PolicyReference.policy(path.policy, for: task), seed: path.seed,
      episode: path.episode)
    if json { try printJSON(attribution) } else { print(attribution.table) }
  }
}
