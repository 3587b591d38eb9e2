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
/// `NAME.replaced`, see `existingFolder`. Only a folder that holds nothing but files of these names
/// is replaced: what else a user keeps there is not ours to remove.
public func writeFolder(_ files: [String: Data], to folder: URL) throws(FolderWritingError) {
  let manager = FileManager.default
  let temporary = folder.sibling("tmp")
  let old = folder.sibling("replaced")
  try checkReplaceable(folder, by: files)
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

private func checkReplaceable(
  _ folder: URL, by files: [String: Data]
) throws(FolderWritingError) {
  let manager = FileManager.default
  guard manager.fileExists(atPath: folder.path) else { return }
  let names: [String]
  do { names = try manager.contentsOfDirectory(atPath: folder.path) } catch {
    throw FolderWritingError(path: folder.path, reason: reason(error))
  }
  if let other = names.sorted().first(where: { files[$0] == nil }) {
    throw FolderWritingError(
      path: folder.path, reason: "it holds “\(other)”, which would be lost; choose another folder")
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
  FileManager.default.fileExists(atPath: folder.path) ? folder : folder.sibling("replaced")
}

extension URL {
  /// The folder beside this one with a suffix to its name.
  fileprivate func sibling(_ suffix: String) -> URL {
    deletingLastPathComponent().appending(path: "\(lastPathComponent).\(suffix)")
  }
}
