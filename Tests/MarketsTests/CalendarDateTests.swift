import Foundation
import Markets
import Testing

@Suite struct CalendarDateTests {
  @Test(arguments: [
    ("1970-01-01", 0, CalendarDate.Weekday.thursday), ("1969-12-31", -1, .wednesday),
    ("2000-02-29", 11_016, .tuesday), ("2000-03-01", 11_017, .wednesday),
    ("1900-03-01", -25_508, .thursday), ("1900-02-28", -25_509, .wednesday),
    ("2024-12-31", 20_088, .tuesday), ("1582-10-15", -141_427, .friday),
    ("0000-03-01", -719_468, .wednesday), ("0000-01-01", -719_528, .saturday),
    ("9999-12-31", 2_932_896, .friday),
  ])
  func `known days have their number and weekday`(
    _ text: String, _ days: Int, _ weekday: CalendarDate.Weekday
  ) throws {
    let date = try #require(CalendarDate(iso: text))
    #expect(date.daysSinceEpoch == days)
    #expect(date.weekday == weekday)
    #expect(date.description == text)
  }

  @Test func `every day of 400 years goes to its parts and back`() throws {
    var date = try #require(CalendarDate(year: 1799, month: 12, day: 31))
    for year in 1800..<2200 {
      for month in 1...12 {
        for day in 1...CalendarDate.length(ofMonth: month, year: year) {
          date = date.adding(days: 1)
          guard date.year == year, date.month == month, date.day == day,
            date.monthIndex == year * 12 + month - 1,
            CalendarDate(year: year, month: month, day: day) == date,
            CalendarDate(iso: date.description) == date
          else {
            Issue.record("\(year)-\(month)-\(day) became \(date)")
            return
          }
        }
      }
    }
    #expect(date.description == "2199-12-31")
  }

  @Test(arguments: [
    "2023-02-29", "1900-02-29", "2024-02-30", "2024-04-31", "2024-13-01", "2024-00-10",
    "2024-01-00", "2024-1-1", "24-01-01", "2024/01/01", "2024-01-01 ", " 2024-01-01",
    "2024-01-1a", "-024-01-01", "+024-01-01", "2024-01-011", "", "٢٠٢٤-٠١-٠١",
  ])
  func `anything but a day as YYYY-MM-DD is refused`(_ text: String) {
    #expect(CalendarDate(iso: text) == nil)
  }

  @Test(arguments: [(2000, true), (1900, false), (2024, true), (2023, false), (2100, false)])
  func `leap years follow the Gregorian rule`(_ year: Int, _ isLeap: Bool) {
    #expect(CalendarDate.isLeap(year: year) == isLeap)
    #expect((CalendarDate(year: year, month: 2, day: 29) != nil) == isLeap)
  }

  @Test func `days are compared and counted`() throws {
    let a = try #require(CalendarDate(iso: "2024-02-28"))
    let b = try #require(CalendarDate(iso: "2024-03-01"))
    #expect(a < b)
    #expect(b.days(since: a) == 2)
    #expect(a.days(since: b) == -2)
    #expect(b.adding(days: -2) == a)
  }

  @Test func `JSON holds the day as text`() throws {
    let date = try #require(CalendarDate(iso: "2007-07-26"))
    let json = try JSONEncoder().encode([date])
    #expect(String(decoding: json, as: UTF8.self) == #"["2007-07-26"]"#)
    #expect(try JSONDecoder().decode([CalendarDate].self, from: json) == [date])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([CalendarDate].self, from: Data(#"["2007-7-26"]"#.utf8))
    }
  }
}
