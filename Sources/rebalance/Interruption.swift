import Dispatch
import Foundation
import Synchronization

/// Whether the user or the system has asked to stop, with Ctrl-C or SIGTERM; a second time ends the
/// program at once.
final class Interruption {
  /// What the handler sets and the training reads.
  final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }

    fileprivate func set() {
      // Nothing is to be tidied up: a run may be killed at any moment.
      if value.exchange(true, ordering: .relaxed) { _exit(130) }
      FileHandle.standardError.write(
        Data("\nstopping after this update; Ctrl-C again ends at once\n".utf8))
    }
  }

  let flag = Flag()
  private let sources = [SIGINT, SIGTERM].map {
    DispatchSource.makeSignalSource(signal: $0, queue: .global())
  }

  /// Begins to listen, for as long as this object lives.
  init() {
    for source in sources {
      source.setEventHandler { [flag] in flag.set() }
      source.resume()
    }
    for number in [SIGINT, SIGTERM] { _ = signal(number, SIG_IGN) }
  }

  deinit { for source in sources { source.cancel() } }
}
