import ArgumentParser
import Deployment
import Experiments
import Foundation
import Rebalancing

struct Guards: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the guards of a policy, and try them on good and faulty requests.",
    discussion: """
      Example: rebalance guards --env envs/four-asset-r1-v0.yaml --policy 'rule:band(0.05)'

      Limits come from paths of the environment under the policy; the requests of the trial from \
      paths of another seed, or on data that is replayed from a fixed day from its last third. A \
      request is found where it is refused or handed to the fallback rule.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @Option(help: "rule:NAME(…), a rule's YAML file, or the folder of a checkpoint or bundle.")
  var policy: String

  @Option(help: "The rule that decides where a request is like nothing seen in training.")
  var fallback = "rule:band(0.05)"

  @Option(help: "Paths to learn from, and as many to try on.")
  var paths = 64

  @Option(help: "The seed of the paths of the trial.")
  var seed: UInt64 = 1_000_000

  @Option(help: "The file for the guards; nothing is written if absent.")
  var out: String?

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    if paths < 2 { throw ValidationError("--paths \(paths): at least 2 are needed") }
    if seed == 0 { throw ValidationError("--seed 0: the guards are made from those paths") }
  }

  func run() throws {
    let task = try environment.load().task
    let policy = try PolicyReference.policy(policy, for: task)
    let (settings, trial) = try GuardTrial.heldOut(
      task, policy: policy, fallback: fallback, paths: paths, seed: seed)
    if let out { try write(settings, to: out) }
    if json { try printJSON(trial) } else { print(trial.table) }
  }

  private func write(_ settings: GuardSettings, to path: String) throws {
    try settings.encoded().write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
