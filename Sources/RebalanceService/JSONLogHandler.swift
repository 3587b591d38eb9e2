import Foundation
public import Logging

/// Writes one JSON object a line to standard error: time, level, message, and what belongs to it.
public struct JSONLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]

  /// A logger of the service.
  public static func logger(level: Logger.Level) -> Logger {
    Logger(label: "rebalance") { _ in JSONLogHandler(logLevel: level) }
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var line = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
    line["time"] = Timestamp.now()
    line["level"] = event.level.rawValue
    line["message"] = "\(event.message)"
    guard let data = try? ServiceJSON.encode(line) else { return }
    // One write a line: lines of different threads do not mix.
    try? FileHandle.standardError.write(contentsOf: data + Data("\n".utf8))
  }
}
