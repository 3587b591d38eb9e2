public import Foundation

/// A folder that could not be written, and why.
public struct FolderWritingError: Error, CustomStringConvertible, Sendable, Equatable {
  public let path: String
  public let reason: String
  public var description: String {
    "\(path): cannot be written: \(reason); what was there before is unchanged"
  }
}

/// Writes a folder of files as a whole: a reader finds the old one or the new one, never a mixture.
///
/// Files are written to `NAME.tmp` beside it, which then takes its place; in between the old folder is
/// `NAME.old`, see `existingFolder`.
public func writeFolder(_ files: [String: Data], to folder: URL) throws(FolderWritingError) {
  let manager = FileManager.default
  let temporary = folder.sibling("tmp")
  let old = folder.sibling("old")
  do {
    try? manager.removeItem(at: temporary)
    try manager.createDirectory(at: temporary, withIntermediateDirectories: true)
    for (name, data) in files { try data.write(to: temporary.appending(path: name)) }
    if manager.fileExists(atPath: folder.path) {
      try? manager.removeItem(at: old)
      try manager.moveItem(at: folder, to: old)
    }
    try manager.moveItem(at: temporary, to: folder)
    try? manager.removeItem(at: old)
  } catch {
    throw FolderWritingError(path: folder.path, reason: reason(error))
  }
}

/// Creates a folder and those above it, where they are missing.
public func createFolder(_ folder: URL) throws(FolderWritingError) {
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  } catch {
    throw FolderWritingError(path: folder.path, reason: reason(error))
  }
}

/// The system's words for an error of the file system.
private func reason(_ error: any Error) -> String {
  let cause = (error as? CocoaError)?.underlying ?? error
  guard let code = (cause as? POSIXError)?.code else { return error.localizedDescription }
  return unsafe String(cString: strerror(code.rawValue))
}

/// A folder, or its predecessor should a program have ended in the middle of `writeFolder`.
func existingFolder(_ folder: URL) -> URL {
  FileManager.default.fileExists(atPath: folder.path) ? folder : folder.sibling("old")
}

extension URL {
  /// The folder beside this one with a suffix to its name.
  fileprivate func sibling(_ suffix: String) -> URL {
    deletingLastPathComponent().appending(path: "\(lastPathComponent).\(suffix)")
  }
}
