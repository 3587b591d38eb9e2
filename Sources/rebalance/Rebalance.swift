import Algebra
import ArgumentParser
import Deployment
import Experiments
import Foundation
import Learning
import Markets
import Oracles
import Rebalancing

@main
struct Rebalance: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learn, measure and ship the decision when and how far to rebalance a portfolio.",
    discussion: """
      Tables go to standard output, or one JSON document with --json; progress goes to standard \
      error. Exit codes: 0 success, 64 wrong usage or specification, 65 wrong data, 70 internal \
      fault, 130 interrupted.

      Example: rebalance solve --env envs/two-asset-monthly-v0.yaml
      """,
    version: Provenance.packageVersion,
    subcommands: [
      Doctor.self, List.self, Show.self, Simulate.self, Attribute.self, Shadow.self, Explain.self,
      Train.self, Evaluate.self, Bound.self, Solve.self, Oracle.self, Run.self, ReportCommand.self,
      Guards.self, Export.self, Verify.self, Keys.self, RegistryCommand.self, Decide.self,
      DataCommand.self, TaxCommand.self, Bench.self,
    ])

  static func main() {
    // Parallelism is ours; threads of BLAS would change the order of sums, and with it last digits.
    BLAS.threads = 1
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      guard let code = exitCode(of: error) else { exit(withError: error) }
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      Foundation.exit(code)
    }
  }

  /// The exit code of an error of ours; `nil` for those of the argument parser.
  static func exitCode(of error: any Error) -> Int32? {
    switch error {
    case is SpecError, is RuleError, is NotExactlySolvable, is LearningConfigurationError,
      is NoStationaryLaw, is NoReferenceSolution, is NoLowerBound:
      64
    case is MarketDataError, is BundleError, is CheckpointError, is LearnerStateError,
      is FolderWritingError, is RequestError, is RegistryError, is SnapshotDefect,
      is PolicyMismatch,
      is PolicyFileError, is ObservationBuilder.MissingField, is TradeFileError,
      is RegimeFitError, is KeyError, is EvaluationError, is BatchError:
      65
    case is CleanExit, is ExitCode, is ValidationError: nil
    default: "\(type(of: error))" == "CommandError" ? nil : 70
    }
  }
}

/// Prints one JSON document.
func printJSON(_ value: some Encodable, pretty: Bool = true) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
  // Written at once: who reads a stream waits for each answer.
  let document = try encoder.encode(value) + Data("\n".utf8)
  try FileHandle.standardOutput.write(contentsOf: document)
}
