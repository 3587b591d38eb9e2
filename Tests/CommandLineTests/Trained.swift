import Foundation
import Testing

/// A checkpoint and its bundle that tests share; they only read them.
struct Trained: Sendable {
  let workplace: Workplace
  var checkpoint: String { workplace.path("checkpoint") }
  var bundle: String { workplace.path("bundle") }
  var paths: (checkpoint: String, bundle: String) { (checkpoint, bundle) }

  static let shared: Result<Trained, any Error> = Result {
    let work = try Workplace()
    let trained = Trained(workplace: work)
    #expect(try train(trained.checkpoint).status == 0)
    let evaluated = try rebalance(
      "evaluate", "--env", "two-asset-monthly-v0", "--policy", trained.checkpoint, "--record",
      "--episodes", "10")
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    #expect(try rebalance("export", trained.checkpoint, "--out", trained.bundle).status == 0)
    // What is static is not released at the end.
    atexit { try? Trained.shared.get().workplace.remove() }
    return trained
  }
}

extension Workplace {
  /// A copy of the shared checkpoint, to be changed.
  func copyOfCheckpoint() throws -> String {
    try FileManager.default.copyItem(
      atPath: Trained.shared.get().checkpoint, toPath: path("checkpoint"))
    return path("checkpoint")
  }

  /// A copy of the shared bundle, to be changed.
  func copyOfBundle() throws -> String {
    try FileManager.default.copyItem(atPath: Trained.shared.get().bundle, toPath: path("bundle"))
    return path("bundle")
  }
}
