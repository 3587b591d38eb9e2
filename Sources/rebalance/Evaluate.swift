import ArgumentParser
import Deployment
import Experiments
import Foundation
import Learning

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare policies on the same paths, or exactly.",
    discussion: """
      Example: rebalance evaluate --env envs/two-asset-monthly-v0.yaml --exact \
      --policy 'rule:band(0.05)' --policy rule:closed_form

      A policy is rule:NAME(…) (see: rebalance list policies), a rule's YAML file, or the folder \
      of a checkpoint or bundle. With --record the first is a checkpoint, which is compared with the \
      usual rules and those given; the record goes into its folder, and `rebalance export` wants it.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @Option(name: .customLong("policy"), help: "A policy; repeatable.")
  var policies: [String]

  @Option(help: "Sampled paths; data that is replayed from a fixed day has one.")
  var episodes = 200

  @Option(help: "The seed of the paths.")
  var seed: UInt64 = 1_000_000

  @Flag(help: "Score by the exact law of the two-asset chain instead of sampling.")
  var exact = false

  @Flag(help: "Compare a checkpoint with rules and write evaluation.json into its folder.")
  var record = false

  @Option(
    name: .customLong("window"),
    help: ArgumentHelp(
      "Score days of replayed data apart, such as 2008-09..2009-03; `crises` for 2008, 2020 and 2022; "
        + "repeatable.", valueName: "days"))
  var windows: [String] = []

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    if policies.isEmpty { throw ValidationError("at least one --policy is needed") }
    if exact, !windows.isEmpty { throw ValidationError("--exact and --window exclude each other") }
    if record, exact || !windows.isEmpty {
      throw ValidationError("--record scores in its own way, without --exact and --window")
    }
    if record, let other = policies.dropFirst().first(where: { !$0.hasPrefix("rule:") }) {
      throw ValidationError("--record compares one checkpoint with rules; \(other) is no rule")
    }
    if episodes < 2 { throw ValidationError("--episodes \(episodes): at least 2 are needed") }
  }

  func run() throws {
    if record { return try writeRecord() }
    let task = try environment.load().task
    let policies = try policies.map { try PolicyReference.policy($0, for: task) }
    if !windows.isEmpty {
      let result = try PeriodTable(task, policies: policies, windows: try namedWindows())
      if json { try printJSON(result) } else { print(result.table) }
    } else if exact {
      let result = try ExactEvaluation(task, policies: policies)
      if json { try printJSON(result) } else { print(result.table) }
    } else {
      let result = SampledEvaluation(task, policies: policies, episodes: episodes, seed: seed)
      if json { try printJSON(result) } else { print(result.table) }
    }
  }

  private func writeRecord() throws {
    let folder = URL(fileURLWithPath: policies[0])
    let record = try EvaluationRecord(
      of: Checkpoint(contentsOf: folder), name: folder.lastPathComponent, on: environment.load(),
      against: Array(policies.dropFirst()), episodes: episodes, seed: seed)
    try record.write(to: folder)
    if json { try printJSON(record) } else { print(record.table) }
  }

  private func namedWindows() throws -> [CalendarWindow] {
    try windows.flatMap { $0 == "crises" ? CalendarWindow.crises : [try CalendarWindow($0)] }
  }
}
