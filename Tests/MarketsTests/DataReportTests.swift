import Foundation
import Markets
import Testing

@Suite struct DataReportTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func `a wide file is described by closed forms`() throws {
    // A doubles in a year of 365 days; B alternates between two levels.
    let path = try folder.write(
      "Date,A,B\n2023-01-01,100,10\n2023-05-02,125,11\n2023-09-01,160,10\n2024-01-01,200,11\n",
      to: "p.csv")
    let report = try DataReport(checking: path)
    #expect(report.source == path)
    #expect(report.commonRows == 4)
    #expect(report.commonFirst == (try day("2023-01-01")))
    #expect(report.commonLast == (try day("2024-01-01")))
    let (a, b) = (try #require(report.assets.first), try #require(report.assets.last))
    #expect(abs(a.annualReturn - (pow(2, 365.2425 / 365) - 1)) < 1e-12)
    #expect(a.largestMove?.date == (try day("2023-09-01")))
    #expect(abs((a.largestMove?.value ?? 0) - 0.28) < 1e-12)
    #expect(a.gaps.map(\.days) == [121, 122, 122])
    #expect(a.suspectPrints.isEmpty)
    // Log returns c, −c, c: the sample variance is 4/3 c², and there are three a year.
    let c = log(1.1)
    let volatility = (4 * c * c * 365.2425 / 365).squareRoot()
    #expect(abs(b.annualVolatility - volatility) < 1e-12)
    #expect(b.suspectPrints.map(\.date) == [try day("2023-05-02"), try day("2023-09-01")])
  }

  @Test func `the funds of a folder are described over their own days`() throws {
    try folder.write("Date,AdjClose\n2024-01-02,1\n2024-01-03,2\n2024-01-11,3\n", to: "A.csv")
    try folder.write("Date,AdjClose\n2024-01-03,1\n", to: "B.csv")
    let report = try DataReport(checking: folder.path)
    #expect(report.assets.map(\.asset) == ["A", "B"])
    #expect(report.assets.map(\.rows) == [3, 1])
    #expect(report.commonRows == 1)
    #expect(report.assets[0].gaps.map(\.after) == [try day("2024-01-03")])
    #expect(report.assets[0].gaps.map(\.days) == [8])
    #expect(report.assets[1].annualReturn == 0 && report.assets[1].largestMove == nil)
    let json = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(DataReport.self, from: json) == report)
  }

  @Test func `faults are those of the loaders`() throws {
    #expect(
      folder.message { _ = try DataReport(checking: folder.path + "/none") }
        == "none: no such file or folder")
    #expect(
      folder.message { _ = try DataReport(checking: folder.path) }
        == "FOLDER: no assets: there is nothing to load")
    let path = try folder.write("Date,A\n2024-01-02,x\n", to: "p.csv")
    #expect(
      folder.message { _ = try DataReport(checking: path) }
        == "p.csv:2: column 'A' holds 'x', which is not a number; a number above 0 is needed")
  }
}
