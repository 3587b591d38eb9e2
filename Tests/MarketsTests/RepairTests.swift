import Foundation
import Markets
import Testing

@Suite struct RepairTests {
  private let history: PriceHistory

  /// A steady fund, and one that follows it except for a misprint on the third day.
  init() throws {
    let start = try day("2024-01-01")
    history = PriceHistory(
      assets: ["A", "B"], dates: (0..<6).map { start.adding(days: $0) },
      levels: [100, 50, 101, 50.5, 102, 45, 103, 51.5, 110, 55, 111, 55.5])
  }

  @Test func `a move that the next day takes back is suspect, a lasting one is not`() throws {
    let suspects = try history.suspectPrints(threshold: 0.05)
    #expect(suspects.map(\.asset) == ["B"])
    let suspect = try #require(suspects.first)
    #expect(suspect.date == (try day("2024-01-03")))
    #expect(abs(suspect.move - (45 / 50.5 - 1)) < 1e-12)
    #expect(abs(suspect.reversal - (51.5 / 45 - 1)) < 1e-12)
    #expect(try history.suspectPrints(threshold: 0.12).isEmpty)
  }

  @Test func `against a fund of the same index small misprints show`() throws {
    var levels = history.levels
    levels[5] = 50.8
    let subtle = PriceHistory(assets: ["A", "B"], dates: history.dates, levels: levels)
    #expect(try subtle.suspectPrints(threshold: 0.003).isEmpty)
    let suspects = try subtle.suspectPrints(threshold: 0.003, against: "A")
    #expect(suspects.map(\.date) == [try day("2024-01-03")])
    #expect(
      message { _ = try subtle.suspectPrints(threshold: 0.1, against: "C") }
        == "no asset 'C'; there are A, B")
  }

  @Test func `a repair changes one level and is recorded`() throws {
    let repair = PriceRepair(
      asset: "B", date: try day("2024-01-03"), printed: 45, value: 51, reason: "other source")
    let repaired = try history.applying([repair])
    var expected = history.levels
    expected[5] = 51
    #expect(repaired.levels == expected)
    #expect(repaired.repairs == [repair])
    #expect(repaired.slice() == repaired)
    #expect(repair.description == "B on 2024-01-03: 45.0 → 51.0, other source")
    #expect(try repaired.suspectPrints(threshold: 0.05).isEmpty)
  }

  @Test func `an adjusted level is repaired in proportion to its close`() throws {
    let folder = try TemporaryFolder()
    try folder.write("Date,Close,AdjClose\n2024-01-02,10,4\n2024-01-03,8,3.2\n", to: "A.csv")
    let repaired = try PriceHistory(assetFolder: folder.path).applying([
      PriceRepair(asset: "A", date: day("2024-01-03"), printed: 8, value: 10, reason: "test")
    ])
    #expect(repaired.levels == [4, 4])
    #expect(repaired.closes == [10, 10])
  }

  @Test(arguments: [
    ("C", "2024-01-03", 45.0, 51.0, "no asset 'C'; there are A, B"),
    (
      "B", "2024-01-07", 45, 51,
      "a repair names B on 2024-01-07, which is not one of the dates from 2024-01-01 to 2024-01-06"
    ),
    (
      "B", "2024-01-03", 44, 51,
      "a repair names B on 2024-01-03 as 44.0, but the price there is 45.0"
    ),
    (
      "B", "2024-01-03", 45, -1,
      "a repair of B on 2024-01-03 holds -1.0; a finite number above 0 is needed"
    ),
    (
      "B", "2024-01-03", .nan, 51,
      "a repair of B on 2024-01-03 holds nan; a finite number above 0 is needed"
    ),
  ])
  func `a repair that does not fit is refused`(
    _ asset: String, _ date: String, _ printed: Double, _ value: Double, _ expected: String
  ) throws {
    let repair = PriceRepair(
      asset: asset, date: try day(date), printed: printed, value: value, reason: "test")
    #expect(message { _ = try history.applying([repair]) } == expected)
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch { return "\(error)" }
  }
}
