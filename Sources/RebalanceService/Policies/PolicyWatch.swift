import Logging
import ServiceLifecycle

/// Looks at intervals whether somebody else has chosen another champion.
struct PolicyWatch: Service {
  let shelf: PolicyShelf
  let logger: Logger
  var interval = Duration.seconds(2)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while (try? await Task.sleep(for: interval)) != nil {
        for name in shelf.refresh() { logger.notice("promoted", metadata: ["policy": "\(name)"]) }
      }
    }
  }
}
