public import Foundation

/// A folder that could not be written, and why.
public struct FolderWritingError: Error, CustomStringConvertible, Sendable, Equatable {
  public let path: String
  public let reason: String
  public var description: String {
    "\(path): cannot be written: \(reason); what was there before is unchanged"
  }

  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// In the system's words for an error of the file system.
  init(path: String, _ error: any Error) {
    self.init(path: path, reason: systemReason(error))
  }
}

/// Writes a folder of files as a whole: a reader finds the old one or the new one, never a mixture.
///
/// Files are written to `NAME.tmp` beside it, which then takes its place; in between the old folder is
/// `NAME.replaced`. Only a folder that holds nothing but files of these names, or of others that are
/// known, is replaced: what else a user keeps there is not ours to remove.
public func writeFolder(
  _ files: [String: Data], replacing others: Set<String> = [], to folder: URL
) throws(FolderWritingError) {
  let manager = FileManager.default
  let temporary = folder.sibling("tmp")
  let old = folder.sibling("replaced")
  try checkNothingElse(in: folder, than: others.union(files.keys))
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
    throw FolderWritingError(path: folder.path, error)
  }
}

/// Refuses a folder that holds anything but files and folders of these names.
public func checkNothingElse(
  in folder: URL, than known: Set<String>
) throws(FolderWritingError) {
  let manager = FileManager.default
  guard manager.fileExists(atPath: folder.path) else { return }
  let names: [String]
  do { names = try manager.contentsOfDirectory(atPath: folder.path) } catch {
    throw FolderWritingError(path: folder.path, error)
  }
  if let other = names.sorted().first(where: { !known.contains($0) }) {
    throw FolderWritingError(
      path: folder.path, reason: "it holds “\(other)”, which would be lost; choose another folder")
  }
}

/// Creates a folder and those above it, where they are missing.
public func createFolder(_ folder: URL) throws(FolderWritingError) {
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  } catch {
    throw FolderWritingError(path: folder.path, error)
  }
}

/// The system's words for an error of the file system; other errors say what they are themselves.
public func systemReason(_ error: any Error) -> String {
  let cause = (error as? CocoaError)?.underlying ?? error
  if let code = (cause as? POSIXError)?.code {
    return unsafe String(cString: strerror(code.rawValue))
  }
  return error is CocoaError ? error.localizedDescription : "\(error)"
}

extension URL {
  /// The folder beside this one with a suffix to its name.
  fileprivate func sibling(_ suffix: String) -> URL {
    deletingLastPathComponent().appending(path: "\(lastPathComponent).\(suffix)")
  }
}
