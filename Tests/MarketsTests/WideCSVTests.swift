import Foundation
import Markets
import Testing

@Suite struct WideCSVTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private static let text = """
    Date,VTI,BND,GLD
    2024-01-02,100,50,25.5
    2024-01-03,110,49.5,25.25
    2024-01-05,99,5.1e1,26

    """

  @Test func `levels, dates and growth are those of the file`() throws {
    let history = try PriceHistory(wideCSV: folder.write(Self.text, to: "p.csv"))
    #expect(history.assets == ["VTI", "BND", "GLD"])
    #expect(history.dates.map(\.description) == ["2024-01-02", "2024-01-03", "2024-01-05"])
    #expect(history.levels == [100, 50, 25.5, 110, 49.5, 25.25, 99, 51, 26])
    #expect(history[1, 2] == 25.25)
    #expect(history.growth(0, on: 2) == 0.9)
    #expect(history.closes == nil && history.volumes == nil && history.dividends == nil)
  }

  @Test(arguments: ["\n", "\r\n"], ["", "\u{FEFF}"])
  func `line ends and byte order mark do not matter`(
    _ lineEnd: String, _ mark: String
  ) throws {
    let plain = try PriceHistory(wideCSV: folder.write(Self.text, to: "plain.csv"))
    let other = mark + Self.text.replacingOccurrences(of: "\n", with: lineEnd)
    #expect(try PriceHistory(wideCSV: folder.write(other, to: "a.csv")) == plain)
  }

  @Test func `compressed files hold the same, in one member or several`() throws {
    let plain = try PriceHistory(wideCSV: folder.write(Self.text, to: "p.csv"))
    let one = try gzipped(Self.text)
    #expect(try PriceHistory(wideCSV: folder.write(one, to: "p.csv.gz")) == plain)
    let cut = Self.text.index(Self.text.startIndex, offsetBy: 40)
    let two = try gzipped(String(Self.text[..<cut])) + gzipped(String(Self.text[cut...]))
    #expect(try PriceHistory(wideCSV: folder.write(two, to: "q.csv.gz")) == plain)
  }

  @Test func `a large file survives compression`() throws {
    let start = try day("1990-01-01")
    let rows = (0..<200_000).map { "\(start.adding(days: $0)),\($0 + 1)\n" }.joined()
    let path = try folder.write(gzipped("Date,A\n" + rows), to: "large.csv.gz")
    let history = try PriceHistory(wideCSV: path)
    #expect(history.levels == (1...200_000).map(Double.init))
  }

  @Test func `chosen assets come in the order asked for`() throws {
    let path = try folder.write(Self.text, to: "p.csv")
    let history = try PriceHistory(wideCSV: path, assets: ["GLD", "VTI"])
    #expect(history.assets == ["GLD", "VTI"])
    #expect(history.levels == [25.5, 100, 25.25, 110, 26, 99])
  }

  @Test func `blanks outside the chosen dates and columns are not read`() throws {
    let path = try folder.write(
      "Date,A,B\n2024-01-01,,\n2024-01-02,1,\n2024-01-03,2,\n2024-01-04,,\n", to: "p.csv")
    let history = try PriceHistory(
      wideCSV: path, assets: ["A"], from: day("2024-01-02"), through: day("2024-01-03"))
    #expect(history.levels == [1, 2])
  }

  @Test func `numbers are the nearest doubles of their digits`() throws {
    var generator = SystemRandomNumberGenerator()
    let texts = (0..<2_000).map { _ in
      "\(Double.random(in: 1e-6...1e6, using: &generator))"
    }
    let start = try day("1990-01-01")
    let rows = texts.enumerated().map { "\(start.adding(days: $0.offset)),\($0.element)" }
    let path = try folder.write("Date,A\n" + rows.joined(separator: "\n") + "\n", to: "p.csv")
    #expect(try PriceHistory(wideCSV: path).levels == texts.compactMap(Double.init))
  }

  @Test func `a slice keeps the days between its bounds`() throws {
    let history = try PriceHistory(wideCSV: folder.write(Self.text, to: "p.csv"))
    let slice = try history.slice(from: day("2024-01-03"), through: day("2024-01-04"))
    #expect(slice.dates == [try day("2024-01-03")])
    #expect(slice.levels == [110, 49.5, 25.25])
    #expect(history.slice() == history)
    #expect(try history.slice(from: day("2025-01-01")).dates.isEmpty)
    #expect(try history.slice(through: day("2024-01-03")).levels == history.levels.dropLast(3))
  }
}
