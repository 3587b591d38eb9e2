public import Foundation

/// Writes a folder of files as a whole: a reader finds the old one or the new one, never a mixture.
///
/// Files are written to `NAME.tmp` beside it, which then takes its place; in between the old folder is
/// `NAME.old`, see `existingFolder`.
public func writeFolder(_ files: [String: Data], to folder: URL) throws {
  let manager = FileManager.default
  let temporary = folder.sibling("tmp")
  let old = folder.sibling("old")
  try? manager.removeItem(at: temporary)
  try manager.createDirectory(at: temporary, withIntermediateDirectories: true)
  for (name, data) in files { try data.write(to: temporary.appending(path: name)) }
  if manager.fileExists(atPath: folder.path) {
    try? manager.removeItem(at: old)
    try manager.moveItem(at: folder, to: old)
  }
  try manager.moveItem(at: temporary, to: folder)
  try? manager.removeItem(at: old)
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
