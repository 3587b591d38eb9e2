public import Markets

/// A second, or a whole day, in UTC; written `2024-03-01T09:30:00Z` or `2024-03-01`.
///
/// Whoever asks knows the time and writes it into the request: nothing that decides reads a clock.
public struct UTCTime: Sendable, Hashable {
  /// Seconds from 1970-01-01T00:00:00Z to its beginning.
  public let seconds: Int
  /// Whether it is a whole day.
  public let isDay: Bool

  public static let secondsPerDay = 86_400

  /// A second.
  public init(seconds: Int) { (self.seconds, isDay) = (seconds, false) }

  /// A whole day.
  public init(_ day: CalendarDate) {
    (seconds, isDay) = (day.daysSinceEpoch * Self.secondsPerDay, true)
  }

  /// The day that it is or lies in.
  public var day: CalendarDate {
    let days = seconds / Self.secondsPerDay
    let isBefore = seconds % Self.secondsPerDay < 0
    return CalendarDate(daysSinceEpoch: isBefore ? days - 1 : days)
  }

  /// Seconds from 1970 to its end.
  public var end: Int { seconds + (isDay ? Self.secondsPerDay : 1) }

  /// The second that is so many hours after its beginning.
  public func adding(hours: Int) -> UTCTime { UTCTime(seconds: seconds + hours * 3600) }
}

// MARK: - Text

extension UTCTime: CustomStringConvertible {
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard let day = CalendarDate(iso: text.prefix(10)) else { return nil }
    if bytes.count == 10 {
      self.init(day)
      return
    }
    guard bytes.count == 20, bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
      bytes[16] == UInt8(ascii: ":"), bytes[19] == UInt8(ascii: "Z"),
      let hour = Self.number(bytes[11...12], below: 24),
      let minute = Self.number(bytes[14...15], below: 60),
      let second = Self.number(bytes[17...18], below: 60)
    else { return nil }
    self.init(
      seconds: day.daysSinceEpoch * Self.secondsPerDay + hour * 3600 + minute * 60 + second)
  }

  private static func number(_ digits: ArraySlice<UInt8>, below bound: Int) -> Int? {
    var number = 0
    for byte in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return number < bound ? number : nil
  }

  public var description: String {
    let day = day
    if isDay { return day.description }
    let rest = seconds - day.daysSinceEpoch * Self.secondsPerDay
    let parts = [rest / 3600, rest / 60 % 60, rest % 60].map { ($0 < 10 ? "0" : "") + "\($0)" }
    return "\(day)T\(parts.joined(separator: ":"))Z"
  }
}

extension UTCTime: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let time = UTCTime(text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "'\(text)' is not a time; times are YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ")
    }
    self = time
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
