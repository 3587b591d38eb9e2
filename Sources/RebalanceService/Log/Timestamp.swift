import Foundation

/// The service's only clock: when something came in. Nothing that decides reads it.
enum Timestamp {
  private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  /// Now, in UTC to the millisecond: `2026-01-31T12:00:00.000Z`.
  static func now() -> String { Date.now.formatted(style) }
}
