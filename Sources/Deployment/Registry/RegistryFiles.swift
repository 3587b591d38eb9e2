import Foundation
import Learning

/// The steps of the file system that a registry is made of; each happens as a whole or not at all.
enum RegistryFiles {
  /// Runs a body while nobody else, thread or process, holds the lock file; it is let go also by a
  /// crash.
  static func locked<Result>(
    _ file: URL, _ body: () throws(RegistryError) -> Result
  ) throws(RegistryError) -> Result {
    let descriptor = unsafe open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(file) }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw failure(file) }
    }
    return try body()
  }

  /// Lets a symbolic link point to a name beside it; a reader finds the old one or the new one.
  static func point(_ link: URL, to name: String) throws(RegistryError) {
    let folder = link.deletingLastPathComponent()
    let draft = folder.appending(path: ".\(link.lastPathComponent).tmp")
    _ = unsafe unlink(draft.path)
    guard unsafe symlink(name, draft.path) == 0, unsafe rename(draft.path, link.path) == 0 else {
      throw failure(link)
    }
    try synchronize(folder)
  }

  /// The name that a symbolic link points to; `nil` where there is no link.
  static func target(of link: URL) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: link.path)
  }

  /// Removes a file; one that is missing is fine.
  static func remove(_ file: URL) throws(RegistryError) {
    guard unsafe unlink(file.path) == 0 || errno == ENOENT else { throw failure(file) }
    try synchronize(file.deletingLastPathComponent())
  }

  /// Appends a line, which is on the disk when this returns.
  static func append(_ line: Data, to file: URL) throws(RegistryError) {
    let descriptor = unsafe open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(file) }
    defer { close(descriptor) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    do {
      // What a crash has cut short stays a line of its own.
      let size = try handle.seekToEnd()
      var isCut = false
      if size > 0 {
        try handle.seek(toOffset: size - 1)
        isCut = try handle.read(upToCount: 1) != Data("\n".utf8)
      }
      try handle.write(contentsOf: (isCut ? Data("\n".utf8) : Data()) + line + Data("\n".utf8))
      try handle.synchronize()
    } catch {
      throw RegistryError(.storage, "\(file.path): cannot be written: \(systemReason(error))")
    }
    try synchronize(file.deletingLastPathComponent())
  }

  /// Writes a file as a whole, which is on the disk when this returns.
  static func write(_ data: Data, to file: URL) throws(RegistryError) {
    let draft = file.deletingLastPathComponent().appending(path: ".\(file.lastPathComponent).tmp")
    do { try data.write(to: draft) } catch {
      throw RegistryError(.storage, "\(file.path): cannot be written: \(systemReason(error))")
    }
    try synchronize(draft)
    guard unsafe rename(draft.path, file.path) == 0 else { throw failure(file) }
    try synchronize(file.deletingLastPathComponent())
  }

  /// Waits until a file or a folder's names are on the disk.
  static func synchronize(_ file: URL) throws(RegistryError) {
    let descriptor = unsafe open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(file) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(file) }
  }

  /// The system's last error at a file.
  private static func failure(_ file: URL) -> RegistryError {
    let reason = unsafe String(cString: strerror(errno))
    return RegistryError(.storage, "\(file.path): \(reason); nothing has changed")
  }
}
