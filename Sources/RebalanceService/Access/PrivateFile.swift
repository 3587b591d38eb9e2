import Foundation

/// Files that only their owner may read.
enum PrivateFile {
  /// Writes a file as a whole: a reader finds the old one or the new one.
  static func write(_ data: Data, to file: URL) throws {
    let draft = file.deletingLastPathComponent().appending(path: ".\(file.lastPathComponent).tmp")
    try? FileManager.default.removeItem(at: draft)
    // Made with its rights: it is at no moment open to others.
    guard
      FileManager.default.createFile(
        atPath: draft.path, contents: data, attributes: [.posixPermissions: 0o600])
    else { throw CocoaError(.fileWriteUnknown) }
    guard unsafe rename(draft.path, file.path) == 0 else {
      throw CocoaError(.fileWriteUnknown)
    }
  }
}
