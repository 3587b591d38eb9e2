/// A day of the proleptic Gregorian calendar, without time and time zone.
///
/// Holding periods and wash-sale windows are counted in days, so a day is one integer. Written as
/// `YYYY-MM-DD`.
public struct Day: Hashable, Comparable, Sendable {
  /// Days since 1970-01-01, negative before.
  public let daysSinceEpoch: Int

  /// The day that is so many days after 1970-01-01.
  @inlinable public init(daysSinceEpoch: Int) { self.daysSinceEpoch = daysSinceEpoch }

  /// A day by year, month 1 … 12 and day of the month; `nil` where there is no such day.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, year: year) else {
      return nil
    }
    self.init(validYear: year, month: month, day: day)
  }

  /// Counts the days before a day that is known to be there.
  private init(validYear year: Int, month: Int, day: Int) {
    // Years begin in March here, so that the leap day is the last; 400 years are one era.
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    self.init(daysSinceEpoch: era * Self.daysPerEra + dayOfEra - Self.epochOffset)
  }

  private static let daysPerEra = 146_097
  /// Days from 0000-03-01 to 1970-01-01.
  private static let epochOffset = 719_468

  private static func length(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
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

  /// The year, 1970 for 1970-01-01.
  public var year: Int { parts.year }
  /// The month, 1 … 12.
  public var month: Int { parts.month }
  /// The day of the month, 1 … 31.
  public var dayOfMonth: Int { parts.day }

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

// MARK: - Holding period

extension Day {
  /// The first day on which what was acquired on this day is held for long: the day after the
  /// anniversary.
  ///
  /// Held from the last day of a month, the anniversary is the last day of that month a year later
  /// (Rev. Rul. 66-7): from 2024-02-29 it is 2025-02-28, from 2023-02-28 it is 2024-02-29.
  public var firstLongTermDay: Day {
    let (year, month, day) = parts
    if day == Self.length(ofMonth: month, year: year) {
      return month == 12
        ? Day(validYear: year + 2, month: 1, day: 1)
        : Day(validYear: year + 1, month: month + 1, day: 1)
    }
    // Not the last day of its month, so the month of the next year has this day, too.
    return Day(validYear: year + 1, month: month, day: day).adding(days: 1)
  }
}

// MARK: - Text

extension Day: CustomStringConvertible {
  /// A day written as `YYYY-MM-DD` with exactly these digits; `nil` for anything else.
  public init?(iso: some StringProtocol) {
    let bytes = Array(iso.utf8)
    let dash = UInt8(ascii: "-")
    guard bytes.count == 10, bytes[4] == dash, bytes[7] == dash,
      let year = Self.number(bytes[..<4]), let month = Self.number(bytes[5..<7]),
      let day = Self.number(bytes[8...])
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

  /// `YYYY-MM-DD`.
  public var description: String {
    let (year, month, day) = parts
    return "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(day, to: 2))"
  }

  private static func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (number < 0 ? "-" : "") + zeros + digits
  }
}
