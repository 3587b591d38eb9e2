import Ledgers
import Testing

@Suite struct DayTests {
  @Test(arguments: [
    ("2023-01-10", "2024-01-11"), ("2023-03-01", "2024-03-02"), ("2024-02-29", "2025-03-01"),
    ("2023-02-28", "2024-03-01"), ("2024-02-28", "2025-03-01"), ("2023-12-31", "2025-01-01"),
    ("2023-12-30", "2024-12-31"), ("2023-04-30", "2024-05-01"), ("2022-02-28", "2023-03-01"),
  ])
  func `is long term from the day after the anniversary`(acquired: String, long: String) throws {
    #expect(try day(acquired).firstLongTermDay == day(long))
  }

  @Test func `counts every day of eight centuries once`() throws {
    var expected = try day("1600-01-01")
    #expect(expected.daysSinceEpoch == -135_140)
    for year in 1600..<2400 {
      for month in 1...12 {
        for dayOfMonth in 1...31 {
          guard let day = Day(year: year, month: month, day: dayOfMonth) else { continue }
          #expect(day == expected)
          #expect(day.year == year && day.month == month && day.dayOfMonth == dayOfMonth)
          expected = expected.adding(days: 1)
        }
      }
    }
    #expect(try expected == day("2400-01-01"))
    #expect(try expected.days(since: day("2000-01-01")) == 146_097)
  }

  @Test(arguments: ["1970-01-01", "0001-01-01", "2024-02-29", "9999-12-31"])
  func `writes what it reads`(iso: String) throws {
    #expect(try day(iso).description == iso)
  }

  @Test(arguments: [
    "", "2023-02-29", "2023-13-01", "2023-00-10", "2023-04-31", "2023-1-01", "20230101",
    "2023/01/01", "2023-01-01 ", "+023-01-01", "2023-01-0１",
  ])
  func `refuses what is no day`(text: String) {
    #expect(Day(iso: text) == nil)
  }
}
