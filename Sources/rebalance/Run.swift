import ArgumentParser
import Experiments
import Foundation
import Learning

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment: train, compare, export, decide.",
    discussion: """
      Example: rebalance run experiments/001-two-asset

      Finished trainings are kept: an interrupted run continues where it was. Trainings can be done \
      one by one, on other machines too: --trainings lists them, --training does one; then the same \
      command without either finds them in the folder of results.
      """)

  @Argument(help: "The experiment's folder.")
  var experiment: String

  @Option(help: "The folder for results; checkpoints/EXPERIMENT if absent.")
  var out: String?

  @Option(help: "Threads; the result does not depend on them.")
  var workers = ProcessInfo.processInfo.activeProcessorCount

  @Flag(help: "List the trainings and whether they are done; do nothing.")
  var trainings = false

  @Option(help: ArgumentHelp("Do this training alone, and nothing else.", valueName: "number"))
  var training: Int?

  @Flag(help: "Copy the results as CSV and the figure into the experiment's folder.")
  var record = false

  @Flag(help: "Print a JSON document instead of tables.")
  var json = false

  func validate() throws {
    if trainings || training != nil, record {
      throw ValidationError("--record is for a whole run")
    }
    if trainings, training != nil {
      throw ValidationError("--trainings and --training exclude each other")
    }
    if workers < 1 { throw ValidationError("--workers \(workers): at least 1 is needed") }
  }

  func run() throws {
    let spec = try ExperimentSpec(folder: URL(fileURLWithPath: experiment))
    let output =
      out.map { URL(fileURLWithPath: $0) } ?? spec.top.appending(path: "checkpoints/\(spec.name)")
    let interruption = Interruption()
    let stop = interruption.flag
    let isQuiet = json
    let runner = ExperimentRunner(
      spec: spec, output: output, workers: workers,
      report: { text in
        if !isQuiet { print(text) }
      },
      options: { title, steps, runs in
        let progress = TrainingProgress(title: title, total: steps, runs: runs)
        return { index in
          var options = TrainingRun.Options()
          options.shouldStop = { stop.isSet }
          options.progress = { progress($0, of: index) }
          return options
        }
      })
    if trainings { return try list(runner.trainings()) }
    do {
      if let training {
        return try withExtendedLifetime(interruption) { try runner.train(number: training) }
      }
      let results = try withExtendedLifetime(interruption) { try runner.run() }
      if json { try printJSON(results) }
      try refuse(results.findings)
      if record { try copyResults(from: output, to: spec.folder) }
    } catch is ExperimentStopped {
      FileHandle.standardError.write(Data("stopped; the same command continues\n".utf8))
      throw ExitCode(130)
    }
  }

  private func list(_ all: [ExperimentTraining]) throws {
    if json { return try printJSON(all) }
    var table = TextTable([">number", "folder", ">steps", "done"])
    for training in all {
      table.add([
        "\(training.number)", training.folder, "\(training.steps)",
        training.isFinished ? "yes" : "no",
      ])
    }
    print(all.isEmpty ? "nothing is trained" : table.text)
  }

  private func copyResults(from output: URL, to folder: URL) throws {
    for name in ExperimentRunner.recordedFiles {
      let source = output.appending(path: name)
      guard let data = FileManager.default.contents(atPath: source.path) else { continue }
      try data.write(to: folder.appending(path: name), options: .atomic)
    }
  }
}

/// Ends with exit code 70 where a result has figures that cannot be.
func refuse(_ findings: [SanityGate.Finding]) throws {
  guard let first = findings.first else { return }
  FileHandle.standardError.write(
    Data("error: \(findings.count) figures cannot be: \(first)\n".utf8))
  throw ExitCode(70)
}
