import ArgumentParser
import Experiments
import Foundation
import Learning
import Rebalancing

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train an agent and write its checkpoint.",
    discussion: """
      Example: rebalance train --env envs/two-asset-monthly-v0.yaml --agent agents/ppo.yaml \
      --seed 1 --out checkpoints/ppo-1

      Ctrl-C writes a checkpoint; the same command with --resume continues it to the same bits.
      --set agent.KEY=VALUE overrides the agent's keys, --set KEY=VALUE the environment's.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @Option(help: "The agent's file, for example agents/ppo.yaml.")
  var agent: String

  @Option(help: "The seed of everything random.")
  var seed: UInt64 = 1

  @Option(help: "The folder for the checkpoint.")
  var out: String

  @Option(help: "Environment steps, instead of the agent's total_steps.")
  var steps: Int?

  @Option(help: "Threads; the result does not depend on them.")
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "Continue from the checkpoint in --out.")
  var resume = false

  @Flag(help: "Print a JSON document.")
  var json = false

  func validate() throws {
    if workers < 1 { throw ValidationError("--workers \(workers): at least 1 is needed") }
    if let steps, steps < 1 { throw ValidationError("--steps \(steps): at least 1 is needed") }
  }

  func run() throws {
    let prefix = "agent."
    let forAgent = environment.overrides.filter { $0.hasPrefix(prefix) }
    let agentOverrides =
      forAgent.map { String($0.dropFirst(prefix.count)) }
      + (steps.map { ["total_steps=\($0)"] } ?? [])
    let agentSpec = try AgentSpec(path: agent, overrides: agentOverrides)
    let environmentSpec = try EnvironmentSpec(
      path: environment.path, overrides: environment.overrides.filter { !$0.hasPrefix(prefix) })
    let folder = URL(fileURLWithPath: out)
    if !resume, FileManager.default.fileExists(atPath: folder.appending(path: "record.json").path) {
      throw ValidationError("\(out) holds a checkpoint: choose another folder or give --resume")
    }
    let training = TrainingRun(
      environment: environmentSpec, agent: agentSpec, seed: seed, folder: folder)
    let interruption = Interruption()
    let stop = interruption.flag
    let progress = TrainingProgress(title: out, total: agentSpec.totalSteps)
    var options = TrainingRun.Options()
    options.workers = workers
    options.resumes = resume
    options.shouldStop = { stop.isSet }
    options.progress = { progress($0) }
    let ending = try withExtendedLifetime(interruption) { try training.run(options) }
    guard ending == .finished else {
      FileHandle.standardError.write(
        Data("stopped; the same command with --resume continues\n".utf8))
      throw ExitCode(130)
    }
    let result = Result(
      checkpoint: out, environment: environmentSpec.task.id, agent: agent, seed: seed,
      steps: try Checkpoint<RunRecord>(contentsOf: folder).steps)
    if json { try printJSON(result) } else { print("checkpoint: \(out)") }
  }

  private struct Result: Encodable {
    var checkpoint: String
    var environment: String
    var agent: String
    var seed: UInt64
    var steps: Int
  }
}
