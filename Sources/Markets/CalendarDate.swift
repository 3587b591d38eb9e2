/// A day of the proleptic Gregorian calendar, without time and time zone.
///
/// Stored as the number of days since 1970-01-01, so that comparing and counting days is integer
/// arithmetic. Written and coded as `YYYY-MM-DD`.
public struct CalendarDate: Hashable, Comparable, Sendable {
  /// Days since 1970-01-01, negative before.
  public let daysSinceEpoch: Int

  /// The day that is so many days after 1970-01-01.
  @inlinable public init(daysSinceEpoch: Int) { self.daysSinceEpoch = daysSinceEpoch }

  /// A day by year, month 1 … 12 and day of the month; `nil` where there is no such day.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, year: year) else {
      return nil
    }
    // Years begin in March here, so that the leap day is the last; 400 years are one era.
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    self.init(daysSinceEpoch: era * Self.daysPerEra + dayOfEra - Self.epochOffset)
  }

  /// A day written as `YYYY-MM-DD` with exactly these digits; `nil` for anything else.
  public init?(iso: some StringProtocol) {
    self.init(ascii: Array(iso.utf8)[...])
  }

  /// A day written as `YYYY-MM-DD` in ASCII.
  init?(ascii bytes: ArraySlice<UInt8>) {
    let dash = UInt8(ascii: "-")
    guard bytes.count == 10 else { return nil }
    let start = bytes.startIndex
    guard bytes[start + 4] == dash, bytes[start + 7] == dash,
      let year = Self.number(bytes[start..<start + 4]),
      let month = Self.number(bytes[start + 5..<start + 7]),
      let day = Self.number(bytes[start + 8..<start + 10])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return value
  }

  private static let daysPerEra = 146_097
  /// Days from 0000-03-01 to 1970-01-01.
  private static let epochOffset = 719_468

  /// Whether a year has a 29 February.
  public static func isLeap(year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  /// Days of a month, 28 … 31.
  public static func length(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: isLeap(year: year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.daysSinceEpoch < b.daysSinceEpoch }

  /// The day that is `days` later, or earlier where negative.
  @inlinable public func adding(days: Int) -> Self {
    Self(daysSinceEpoch: daysSinceEpoch + days)
  }

  /// Days from `other` to this day, negative where this one is earlier.
  @inlinable public func days(since other: Self) -> Int {
    daysSinceEpoch - other.daysSinceEpoch
  }
}

// MARK: - Parts

extension CalendarDate {
  /// A day of the week, counted from Monday 1 to Sunday 7 (ISO 8601).
  public enum Weekday: Int, Sendable, Hashable, CaseIterable {
    case monday = 1
    case tuesday, wednesday, thursday, friday, saturday, sunday
  }

  /// The day of the week.
  public var weekday: Weekday {
    // 1970-01-01 was a Thursday.
    let fromMonday = (daysSinceEpoch + 3) % 7
    return Weekday.allCases[fromMonday < 0 ? fromMonday + 7 : fromMonday]
  }

  /// The year, 1970 for 1970-01-01.
  public var year: Int { parts.year }
  /// The month, 1 … 12.
  public var month: Int { parts.month }
  /// The day of the month, 1 … 31.
  public var day: Int { parts.day }

  /// Months since January of year 0: two days lie in one month where it is equal.
  public var monthIndex: Int {
    let (year, month, _) = parts
    return year * 12 + month - 1
  }

  private var parts: (year: Int, month: Int, day: Int) {
    let days = daysSinceEpoch + Self.epochOffset
    let era = (days >= 0 ? days : days - (Self.daysPerEra - 1)) / Self.daysPerEra
    let dayOfEra = days - era * Self.daysPerEra
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
  }
}

// MARK: - Text

extension CalendarDate: CustomStringConvertible {
  /// `YYYY-MM-DD`.
  public var description: String {
    let (year, month, day) = parts
    return "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))"
  }

  private func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (number < 0 ? "-" : "") + zeros + digits
  }
}

extension CalendarDate: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let date = CalendarDate(iso: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(text)' is not a date; dates are YYYY-MM-DD")
    }
    self = date
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
