import Foundation

/// `LOG.head`, the last checkpoint outside of the database: it finds a log that was cut or put back.
struct HeadFile: Sendable {
  let file: URL

  init(of log: URL) { file = log.appendingPathExtension("head") }

  /// The checkpoint; `nil` where there is no file.
  func read() throws(LogError) -> LogCheckpoint? {
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    guard let data = FileManager.default.contents(atPath: file.path),
      let checkpoint = try? JSONDecoder().decode(LogCheckpoint.self, from: data)
    else {
      throw LogError("\(file.path): no checkpoint of a decision log; put it back from a copy")
    }
    return checkpoint
  }

  /// Writes a checkpoint; a later one stays, for it tells of entries that are missed now.
  func write(_ checkpoint: LogCheckpoint) throws {
    if let kept = try? read(), kept.sequence > checkpoint.sequence { return }
    try PrivateFile.write(ServiceJSON.encode(checkpoint) + Data("\n".utf8), to: file)
  }
}
