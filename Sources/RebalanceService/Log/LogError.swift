import Foundation
import GRDB

/// A decision log that cannot be opened, read or written, and why.
public struct LogError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  init(_ description: String) { self.description = description }

  /// What went wrong at a log's file; errors of ours name it themselves.
  init(_ error: any Error, at file: URL) {
    switch error {
    case let error as LogError: self = error
    case let error as DatabaseError where error.resultCode == .SQLITE_NOTADB:
      self.init("\(file.path): it is no decision log, nor any SQLite file; it is unchanged")
    default: self.init("\(file.path): \(error)")
    }
  }
}
