import Foundation
import Markets
import Testing

private let header = "Date,Open,High,Low,Close,AdjClose,Volume,Dividends\n"
private let threeDays = """
  2024-01-02,10,11,9,10,8,100,0
  2024-01-03,10,11,9,10.5,8.5,0,0.25
  2024-01-04,10,11,9,11,9,300,0

  """

@Suite struct AssetFolderTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test func `files are joined by name and both columns can be the level`() throws {
    try folder.write(header + threeDays, to: "BBB.csv")
    try folder.write(
      gzipped("Date,AdjClose,Close\n2024-01-02,1,2\n2024-01-03,2,3\n2024-01-04,3,4\n"),
      to: "AAA.csv.gz")
    try folder.write("nothing to read", to: "README.md")
    try folder.write("Date,Close\n2024-01-02,0\n", to: "_RATE.csv")
    let history = try PriceHistory(assetFolder: folder.path)
    #expect(history.assets == ["AAA", "BBB"])
    #expect(history.levels == [1, 8, 2, 8.5, 3, 9])
    #expect(history.closes == [2, 10, 3, 10.5, 4, 11])
    #expect(history.volumes == nil && history.dividends == nil)
    let close = try PriceHistory(assetFolder: folder.path, assets: ["BBB", "AAA"], column: .close)
    #expect(close.levels == [10, 2, 10.5, 3, 11, 4])
  }

  @Test func `volumes and dividends are kept, zero among them`() throws {
    try folder.write(header + threeDays, to: "A.csv")
    let history = try PriceHistory(assetFolder: folder.path)
    #expect(history.volumes == [100, 0, 300])
    #expect(history.dividends == [0, 0.25, 0])
    #expect(history.droppedDates == 0)
    let slice = try history.slice(from: day("2024-01-03"))
    #expect(slice.volumes == [0, 300])
    #expect(slice.closes == [10.5, 11])
  }

  @Test func `the common days are found and the others counted`() throws {
    try folder.write("Date,AdjClose\n2024-01-01,1\n2024-01-02,2\n2024-01-04,3\n", to: "A.csv")
    try folder.write("Date,AdjClose\n2024-01-02,4\n2024-01-03,5\n2024-01-04,6\n", to: "B.csv")
    let history = try PriceHistory(assetFolder: folder.path, calendar: .intersection)
    #expect(history.dates.map(\.description) == ["2024-01-02", "2024-01-04"])
    #expect(history.levels == [2, 4, 3, 6])
    #expect(history.droppedDates == 2)
  }

  @Test func `days are compared within the chosen range`() throws {
    try folder.write("Date,AdjClose\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n", to: "A.csv")
    try folder.write("Date,AdjClose\n2024-01-02,4\n2024-01-03,5\n2024-01-04,6\n", to: "B.csv")
    let history = try PriceHistory(
      assetFolder: folder.path, from: day("2024-01-02"), through: day("2024-01-03"))
    #expect(history.levels == [2, 4, 3, 5])
  }

  @Test(arguments: [
    (
      "2024-01-01,1\n2024-01-02,1\n2024-01-04,1\n",
      "B.csv:4: 2024-01-04 where A.csv has 2024-01-03; "
    ),
    (
      "2024-01-02,1\n2024-01-03,1\n2024-01-04,1\n",
      "B.csv:2: 2024-01-02 where A.csv has 2024-01-01; "
    ),
    (
      "2024-01-01,1\n2024-01-02,1\n", "B.csv: ends on 2024-01-02, but A.csv goes on to 2024-01-03; "
    ),
    (
      "2024-01-01,1\n2024-01-02,1\n2024-01-03,1\n2024-01-04,1\n",
      "B.csv:5: 2024-01-04 comes after the last date of A.csv; "
    ),
  ])
  func `different days are refused under the rule of identical calendars`(
    _ rows: String, _ message: String
  ) throws {
    try folder.write("Date,AdjClose\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n", to: "A.csv")
    try folder.write("Date,AdjClose\n" + rows, to: "B.csv")
    #expect(
      folder.message { _ = try PriceHistory(assetFolder: folder.path) } == message
        + "dates must be identical unless the calendar rule is 'intersection'")
  }

  @Test(arguments: [
    (
      "Date,Close\n2024-01-02,1\n", "A.csv:1: no column 'AdjClose'; there are Date, Close"
    ),
    (
      "Date,AdjClose,Price\n",
      "A.csv:1: unknown column 'Price'; valid are Date, Open, High, Low, Close, AdjClose, Volume, "
        + "Dividends"
    ),
    (
      header + "2024-01-02,10,9,11,10,8,100,0\n", "A.csv:2: the high 9.0 is below the low 11.0"
    ),
    (
      header + "2024-01-02,0,11,9,10,8,100,0\n",
      "A.csv:2: column 'Open' holds '0', which is zero; a number above 0 is needed"
    ),
    (
      header + "2024-01-02,10,11,9,10,8,-1,0\n",
      "A.csv:2: column 'Volume' holds '-1', which is negative; a number of at least 0 is needed"
    ),
    (
      header + "2024-01-02,10,11,9,10,8,1,\n",
      "A.csv:2: column 'Dividends' is empty; a number of at least 0 is needed"
    ),
  ])
  func `a bad asset file is refused`(_ text: String, _ message: String) throws {
    try folder.write(text, to: "A.csv")
    #expect(folder.message { _ = try PriceHistory(assetFolder: folder.path) } == message)
  }

  @Test func `a folder that cannot serve is refused`() throws {
    let path = folder.path
    #expect(
      folder.message { _ = try PriceHistory(assetFolder: path) }
        == "FOLDER: no assets: there is nothing to load")
    #expect(
      folder.message { _ = try PriceHistory(assetFolder: path + "/none") }
        == "none: no such file or folder")
    try folder.write("Date,AdjClose\n2024-01-01,1\n", to: "A.csv")
    try folder.write("Date,AdjClose\n2024-01-02,1\n", to: "B.csv")
    #expect(
      folder.message { _ = try PriceHistory(assetFolder: path, assets: ["A", "C"]) }
        == "FOLDER: no asset 'C'; there are A, B")
    #expect(
      folder.message { _ = try PriceHistory(assetFolder: path, assets: ["A", "A"]) }
        == "FOLDER: asset 'A' is named twice")
    #expect(
      folder.message { _ = try PriceHistory(assetFolder: path, calendar: .intersection) }
        == "FOLDER: there is no date that all assets have")
    try folder.write("", to: "A.csv.gz")
    #expect(
      folder.message { _ = try PriceHistory(assetFolder: path) }
        == "FOLDER: asset 'A' has two files, A.csv and A.csv.gz; one must go")
  }
}
