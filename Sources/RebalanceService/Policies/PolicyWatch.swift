import Logging
import ServiceLifecycle

/// Looks at intervals whether somebody else has chosen another champion, and says what keeps one from
/// serving.
struct PolicyWatch: Service {
  let shelf: PolicyShelf
  let logger: Logger
  var interval = Duration.seconds(2)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var known = warn(of: [])
      while (try? await Task.sleep(for: interval)) != nil {
        for name in shelf.refresh() { logger.notice("promoted", metadata: ["policy": "\(name)"]) }
        known = warn(of: known)
      }
    }
  }

  /// Logs the faults that were not known yet.
  private func warn(of known: [String]) -> [String] {
    let faults = shelf.faults
    for fault in faults where !known.contains(fault) {
      logger.warning("not ready", metadata: ["fault": "\(fault)"])
    }
    return faults
  }
}
