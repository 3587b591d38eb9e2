import Algebra
import ArgumentParser
import Deployment
import Experiments
import Foundation
import Learning
import Markets
import Oracles
import RebalanceService
import Rebalancing

@main
struct Rebalance: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Learn, measure and ship the decision when and how far to rebalance a portfolio.",
    discussion: """
      Tables go to standard output, or one JSON document with --json; progress goes to standard \
      error. Exit codes: 0 success, 64 wrong usage or specification, 65 wrong data, 69 a port or \
      address that is not to be had, 70 internal fault, 74 output that could not be written, 130 \
      interrupted.

      Example: rebalance solve --env envs/two-asset-monthly-v0.yaml
      """,
    version: Provenance.packageVersion,
    subcommands: [
      Doctor.self, List.self, Show.self, Simulate.self, Attribute.self, Explain.self, Train.self,
      Evaluate.self, Bound.self, Solve.self, Oracle.self, Run.self, ReportCommand.self,
      Import.self, Export.self, Verify.self, Keys.self, RegistryCommand.self, Guards.self,
      Shadow.self,
      Decide.self, Serve.self, AuditCommand.self, APIKeyCommand.self, DataCommand.self,
      TaxCommand.self, Bench.self,
    ])

  static func main() async {
    // Parallelism is ours; threads of BLAS would change the order of sums, and with it last digits.
    BLAS.threads = 1
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      end(with: error)
    }
    finish()
  }

  /// Ends the program with an error's exit code; a request for help is none, and is answered.
  private static func end(with error: any Error) -> Never {
    if let code = exitCode(of: error) {
      FileHandle.standardError.write(Data("error: \(words(of: error))\n".utf8))
      Foundation.exit(code)
    }
    let (code, message) = (exitCode(for: error), fullMessage(for: error))
    if code.isSuccess {
      print(message)
      finish()
    } else if !message.isEmpty {
      FileHandle.standardError.write(Data("\(message)\n".utf8))
    }
    Foundation.exit(code.rawValue)
  }

  /// Makes sure of the output; what is lost is an error.
  private static func finish() {
    do throws(OutputError) { try StandardOutput.finish() } catch { end(with: error) }
  }

  /// An error for people; those of the file system name the file.
  private static func words(of error: any Error) -> String {
    guard let error = error as? CocoaError else { return "\(error)" }
    let file = error.filePath ?? error.url?.path
    return (file.map { "\($0): " } ?? "") + systemReason(error)
  }

  /// The exit code of an error of ours; `nil` for those of the argument parser.
  static func exitCode(of error: any Error) -> Int32? {
    if let status = ExitStatus(of: error) { return status.rawValue }
    return switch error {
    case let error as StartError:
      (error.kind == .address ? ExitStatus.unavailable : .data).rawValue
    case is TradeFileError, is LogError, is AccessError: ExitStatus.data.rawValue
    case is OutputError, is CocoaError: ExitStatus.output.rawValue
    case is CleanExit, is ExitCode, is ValidationError: nil
    default: "\(type(of: error))" == "CommandError" ? nil : ExitStatus.fault.rawValue
    }
  }
}

/// Prints one JSON document.
func printJSON(_ value: some Encodable, pretty: Bool = true) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
  try StandardOutput.write(encoder.encode(value) + Data("\n".utf8))
}
