import Foundation

/// Files that only their owner may read.
enum PrivateFile {
  /// Makes an empty file, if there is none; SQLite gives the files beside a database its rights.
  static func begin(_ file: URL) throws {
    guard !FileManager.default.fileExists(atPath: file.path) else { return }
    guard
      FileManager.default.createFile(
        atPath: file.path, contents: nil, attributes: [.posixPermissions: 0o600])
    else { throw CocoaError(.fileWriteNoPermission) }
  }

  /// Writes a file as a whole: a reader finds the old one or the new one.
  static func write(_ data: Data, to file: URL) throws {
    let draft = file.deletingLastPathComponent().appending(path: ".\(file.lastPathComponent).tmp")
    try? FileManager.default.removeItem(at: draft)
    // Made with its rights: it is at no moment open to others.
    guard
      FileManager.default.createFile(
        atPath: draft.path, contents: data, attributes: [.posixPermissions: 0o600])
    else { throw CocoaError(.fileWriteUnknown) }
    // On the disk before it has the name: power that fails leaves no empty file.
    let handle = try FileHandle(forWritingTo: draft)
    try handle.synchronize()
    try handle.close()
    guard unsafe rename(draft.path, file.path) == 0 else {
      throw CocoaError(.fileWriteUnknown)
    }
  }
}
