import Foundation

/// A file that one process holds; the system lets go of it however the process ends.
final class LockFile: Sendable {
  private let descriptor: Int32

  init(_ file: URL) throws(LogError) {
    descriptor = unsafe open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw LogError("\(file.path): \(unsafe String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw LogError("\(file.path): another process writes this log; one at a time can")
    }
  }

  deinit { close(descriptor) }
}
