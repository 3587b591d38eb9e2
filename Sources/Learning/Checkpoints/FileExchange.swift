import Foundation

/// Replaces files of a folder all at once: whenever the program ends, a reader finds all the old ones
/// or all the new ones.
///
/// The files are written to `next.tmp`, which becomes `next` in one step; from there each moves over
/// its predecessor, and until it has, `currentFile` finds it there. Other files in the folder stay.
func replaceFiles(_ files: [String: Data], in folder: URL) throws(FolderWritingError) {
  let next = folder.appending(path: nextName)
  let draft = folder.appending(path: draftName)
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // What an earlier program could not finish is finished first.
    try moveNextFiles(in: folder)
    try? FileManager.default.removeItem(at: draft)
    try FileManager.default.createDirectory(at: draft, withIntermediateDirectories: false)
    for (name, data) in files { try data.write(to: draft.appending(path: name)) }
    try move(draft, to: next)
    try moveNextFiles(in: folder)
  } catch {
    throw FolderWritingError(path: folder.path, error)
  }
}

/// Where a file of the folder is that `replaceFiles` has written last.
func currentFile(_ name: String, in folder: URL) -> URL {
  let next = folder.appending(path: nextName).appending(path: name)
  return FileManager.default.fileExists(atPath: next.path) ? next : folder.appending(path: name)
}

/// What `replaceFiles` may leave in a folder when its program is killed.
public let exchangeNames: Set = [nextName, draftName]

private let nextName = "next"
private let draftName = "next.tmp"

private func moveNextFiles(in folder: URL) throws {
  let next = folder.appending(path: nextName)
  guard FileManager.default.fileExists(atPath: next.path) else { return }
  for name in try FileManager.default.contentsOfDirectory(atPath: next.path) {
    try move(next.appending(path: name), to: folder.appending(path: name))
  }
  try FileManager.default.removeItem(at: next)
}

/// One step of the file system, which replaces what is there.
private func move(_ from: URL, to: URL) throws {
  guard unsafe rename(from.path, to.path) == 0 else {
    throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
  }
}
