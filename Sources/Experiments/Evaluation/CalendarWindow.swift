public import Markets

/// A span of days with a name, such as the crisis of 2008: written `2008-09..2009-03`, `2020`,
/// `2022-01-03..2022-10-14`, with a name before it `crisis=2008-09..2009-03`.
public struct CalendarWindow: Sendable, Hashable, Codable {
  public var name: String
  /// The first and the last day, both included.
  public var from: CalendarDate
  public var through: CalendarDate

  public init(name: String, from: CalendarDate, through: CalendarDate) {
    self.name = name
    self.from = from
    self.through = through
  }

  /// Reads a window as it is written; years, months and days may stand for their first and last days.
  public init(_ text: String) throws(SpecError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let span = String(parts[parts.count - 1])
    let ends = span.split(separator: "..", omittingEmptySubsequences: false).map { String($0) }
    guard (1...2).contains(ends.count), let from = Self.days(ends[0])?.first,
      let through = Self.days(ends[ends.count - 1])?.last, from <= through,
      parts.count == 1 || !parts[0].isEmpty
    else {
      throw SpecError(
        file: text,
        "no window of days; valid are 2008-09..2009-03, 2020, 2022-01-03..2022-10-14, each with a "
          + "name before it if wanted: crisis=2008-09..2009-03")
    }
    self.init(name: parts.count == 2 ? String(parts[0]) : span, from: from, through: through)
  }

  /// The first and the last day of a year, a month or a day.
  private static func days(_ text: String) -> (first: CalendarDate, last: CalendarDate)? {
    if let day = CalendarDate(iso: text) { return (day, day) }
    if let first = CalendarDate(iso: text + "-01"),
      let next = CalendarDate(
        year: first.month == 12 ? first.year + 1 : first.year,
        month: first.month == 12 ? 1 : first.month + 1, day: 1)
    {
      return (first, next.adding(days: -1))
    }
    guard let first = CalendarDate(iso: text + "-01-01"),
      let last = CalendarDate(iso: text + "-12-31")
    else { return nil }
    return (first, last)
  }

  /// The three crises that rules are looked at apart in: from the failure of Lehman Brothers to the
  /// low of March 2009; from the high of February 2020 to the end of April; the year in which
  /// interest rates rose.
  public static let crises: [CalendarWindow] = [
    ("2008", "2008-09-15", "2009-03-31"), ("2020", "2020-02-19", "2020-04-30"),
    ("2022", "2022-01-01", "2022-12-31"),
  ].compactMap { name, from, through in
    guard let from = CalendarDate(iso: from), let through = CalendarDate(iso: through) else {
      return nil
    }
    return CalendarWindow(name: name, from: from, through: through)
  }
}
