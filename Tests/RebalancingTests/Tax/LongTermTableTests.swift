import Algebra
import Markets
import Rebalancing
import Testing

@Suite struct LongTermTableTests {
  @Test(arguments: [
    ("2023-01-10", "2024-01-11"), ("2023-03-01", "2024-03-02"), ("2024-02-29", "2025-03-01"),
    ("2023-02-28", "2024-03-01"), ("2024-02-28", "2025-03-01"), ("2023-12-31", "2025-01-01"),
  ])
  func `the first long-term day is the day after the anniversary`(bought: String, first: String) {
    #expect(LongTermRule.moreThanOneYear.firstLongTermDay(boughtOn: day(bought)) == day(first))
  }

  @Test(arguments: [LongTermRule.moreThanOneYear, .days(366), .days(0)])
  func `a table is its rule, within its days and beyond`(rule: LongTermRule) {
    let table = LongTermTable(from: day("2023-11-01"), count: 500, rule: rule)
    for date in days("2023-10-01")..<days("2025-06-01") {
      let first = rule.firstLongTermDay(boughtOn: CalendarDate(daysSinceEpoch: date))
      #expect(table.firstLongTermDay(boughtOn: Double(date)) == Double(first.daysSinceEpoch))
      let since = Int(table.tradingDay(Double(date)).longSince)
      let bought = CalendarDate(daysSinceEpoch: since)
      #expect(rule.firstLongTermDay(boughtOn: bought).daysSinceEpoch <= date)
      #expect(rule.firstLongTermDay(boughtOn: bought.adding(days: 1)).daysSinceEpoch > date)
    }
  }

  @Test func `lanes have days of their own`() {
    let table = LongTermTable(from: day("2024-01-01"), count: 400)
    var dates = SIMD8<Double>(repeating: 0)
    for lane in 0..<8 { dates[lane] = Double(days("2024-02-25") + 3 * lane) }
    let trading = table.tradingDay(dates)
    for lane in 0..<8 {
      #expect(trading.longSince[lane] == table.tradingDay(dates[lane]).longSince)
    }
  }
}
