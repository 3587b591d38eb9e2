/// A decision log that cannot be opened, read or written, and why.
public struct LogError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  init(_ description: String) { self.description = description }
}
