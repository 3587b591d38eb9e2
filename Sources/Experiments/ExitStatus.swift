import Deployment
import Learning
import Markets
import Oracles
import Rebalancing

/// How a program or a call ends that has failed; the numbers are those of `sysexits.h`.
public enum ExitStatus: Int32, Sendable {
  /// Wrong usage or specification.
  case usage = 64
  /// Wrong data.
  case data = 65
  /// Something outside of the program is not to be had, such as a port.
  case unavailable = 69
  /// A fault of the program.
  case fault = 70
  /// A file or standard output that could not be written.
  case output = 74

  /// The status of an error of this package; nil for those of others.
  public init?(of error: any Error) {
    switch error {
    case is SpecError, is RuleError, is NotExactlySolvable, is LearningConfigurationError,
      is NoStationaryLaw, is NoReferenceSolution, is NoLowerBound:
      self = .usage
    case is MarketDataError, is BundleError, is CheckpointError, is LearnerStateError,
      is FolderWritingError, is RequestError, is RegistryError, is SnapshotDefect,
      is PolicyMismatch, is PolicyFileError, is ObservationBuilder.MissingField,
      is RegimeFitError, is KeyError, is EvaluationError, is BatchError, is PolicyImportError:
      self = .data
    default: return nil
    }
  }
}
