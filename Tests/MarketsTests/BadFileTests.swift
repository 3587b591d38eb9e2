import Foundation
import Markets
import Testing

/// A wide file that must be refused, and the words of the refusal.
struct BadFile: Sendable, CustomTestStringConvertible {
  let name: String
  let text: String
  let message: String
  var assets: [String]?
  var testDescription: String { name }

  init(_ name: String, _ text: String, _ message: String, assets: [String]? = nil) {
    (self.name, self.text, self.message, self.assets) = (name, text, message, assets)
  }
}

private let row = "2024-01-02,1,2\n"

private let badFiles = [
  BadFile("empty", "", "p.csv: the file is empty; a header line and rows are needed"),
  BadFile("only a mark", "\u{FEFF}", "p.csv: the file is empty; a header line and rows are needed"),
  BadFile("header only", "Date,A,B\n", "p.csv: no rows after the header"),
  BadFile("other first column", "Day,A\n", "p.csv:1: the first column is 'Day'; it must be 'Date'"),
  BadFile("blank first line", "\nDate,A\n", "p.csv:1: the first column is ''; it must be 'Date'"),
  BadFile("no assets", "Date\n2024-01-02\n", "p.csv:1: no assets: there is nothing to load"),
  BadFile("column twice", "Date,A,A\n" + row, "p.csv:1: column 'A' appears twice"),
  BadFile("column without name", "Date,A,\n" + row, "p.csv:1: column 3 has no name"),
  BadFile(
    "unknown asset", "Date,A,B\n" + row, "p.csv:1: no asset 'C'; there are A, B",
    assets: ["A", "C"]
  ),
  BadFile(
    "date as asset", "Date,A,B\n" + row, "p.csv:1: no asset 'Date'; there are A, B",
    assets: ["Date"]),
  BadFile(
    "asset asked twice", "Date,A,B\n" + row, "p.csv:1: asset 'B' is named twice",
    assets: ["B", "B"]),
  BadFile(
    "quoted header", "\"Date\",A\n",
    "p.csv:1: quoted fields are not supported; write plain values without quotes"),
  BadFile(
    "quoted value", "Date,A,B\n2024-01-02,\"1,0\",2\n",
    "p.csv:2: quoted fields are not supported; write plain values without quotes"),
  BadFile(
    "field missing", "Date,A,B\n" + row + "2024-01-03,1\n2024-01-04,1,2\n",
    "p.csv:3: 2 fields where the header has 3"),
  BadFile(
    "field too many", "Date,A,B\n2024-01-02,1,2,3\n", "p.csv:2: 4 fields where the header has 3"),
  BadFile(
    "blank line", "Date,A,B\n" + row + "\n" + row, "p.csv:3: 1 fields where the header has 3"),
  BadFile(
    "cut in the middle", "Date,A,B\n" + row + "2024-01-03,1",
    "p.csv:3: the last line breaks off: 2 fields of 3 and no line end"),
  BadFile(
    "cut in a date", "Date,A,B\n" + row + "2024-0",
    "p.csv:3: the last line breaks off: 1 fields of 3 and no line end"),
  BadFile(
    "cut after a comma", "Date,A,B\n" + row + "2024-01-03,1,",
    "p.csv:3: the last line breaks off: 3 fields of 3 and no line end"),
  BadFile(
    "cut in the last number", "Date,A,B\n" + row + "2024-01-03,1,2",
    "p.csv:3: the last line breaks off: 3 fields of 3 and no line end"),
  BadFile(
    "no such day", "Date,A,B\n2024-02-30,1,2\n",
    "p.csv:2: '2024-02-30' is not a date; dates are YYYY-MM-DD"),
  BadFile(
    "American date", "Date,A,B\n01/02/2024,1,2\n",
    "p.csv:2: '01/02/2024' is not a date; dates are YYYY-MM-DD"),
  BadFile(
    "same day twice", "Date,A,B\n" + row + row,
    "p.csv:3: 2024-01-02 does not follow 2024-01-02; dates must strictly increase"),
  BadFile(
    "going back", "Date,A,B\n2024-01-03,1,2\n" + row,
    "p.csv:3: 2024-01-02 does not follow 2024-01-03; dates must strictly increase"),
  BadFile("missing", bad(""), "p.csv:3: column 'A' is empty; a number above 0 is needed"),
  BadFile("word", bad("n/a"), message("n/a", "not a number")),
  BadFile("space", bad(" 1"), message(" 1", "not a number")),
  BadFile("hexadecimal", bad("0x10"), message("0x10", "not a number")),
  BadFile("two points", bad("1.2.3"), message("1.2.3", "not a number")),
  BadFile("point only", bad("."), message(".", "not a number")),
  BadFile("minus only", bad("-"), message("-", "not a number")),
  BadFile("no exponent", bad("1e"), message("1e", "not a number")),
  BadFile("stray return", bad("1\r"), message("1\r", "not a number")),
  BadFile("NaN", bad("NaN"), message("NaN", "not finite")),
  BadFile("infinity", bad("-inf"), message("-inf", "not finite")),
  BadFile("overflow", bad("1e999"), message("1e999", "not finite")),
  BadFile("zero", bad("0.00"), message("0.00", "zero")),
  BadFile("minus zero", bad("-0"), message("-0", "zero")),
  BadFile("underflow", bad("1e-999"), message("1e-999", "zero")),
  BadFile("negative", bad("-3.5"), message("-3.5", "negative")),
]

private func bad(_ value: String) -> String { "Date,A,B\n" + row + "2024-01-03,\(value),2\n" }

private func message(_ value: String, _ fault: String) -> String {
  "p.csv:3: column 'A' holds '\(value)', which is \(fault); a number above 0 is needed"
}

@Suite struct BadFileTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: badFiles)
  func `a bad file is refused with its line, its value and what is valid`(_ file: BadFile) throws {
    let path = try folder.write(file.text, to: "p.csv")
    let message = folder.message { _ = try PriceHistory(wideCSV: path, assets: file.assets) }
    #expect(message == file.message)
  }

  @Test func `shuffled rows are refused`() throws {
    let start = try day("2024-01-01")
    var rows = (0..<50).map { "\(start.adding(days: $0)),1\n" }
    rows.swapAt(20, 30)
    let path = try folder.write("Date,A\n" + rows.joined(), to: "p.csv")
    #expect(
      folder.message { _ = try PriceHistory(wideCSV: path) }
        == "p.csv:23: 2024-01-22 does not follow 2024-01-31; dates must strictly increase")
  }

  @Test func `a file that is not there is said not to be there`() {
    let path = folder.path + "/none.csv"
    #expect(
      folder.message { _ = try PriceHistory(wideCSV: path) }
        == "none.csv: no such file or folder")
    #expect(
      folder.message { _ = try PriceHistory(wideCSV: path + ".gz") }
        == "none.csv.gz: no such file or folder")
  }

  @Test func `a range without rows is refused`() throws {
    let path = try folder.write("Date,A\n2024-01-02,1\n", to: "p.csv")
    let later = try day("2024-01-03")
    #expect(
      folder.message { _ = try PriceHistory(wideCSV: path, from: later) }
        == "p.csv: no rows from 2024-01-03 through the last")
  }

  @Test func `truncated gzip data is refused at every length`() throws {
    let whole = try gzipped("Date,A\n" + "2024-01-02,1\n")
    for count in 1..<whole.count {
      let path = try folder.write(Array(whole[..<count]), to: "p.csv.gz")
      let message = folder.message { _ = try PriceHistory(wideCSV: path) }
      #expect(
        message.hasPrefix("p.csv.gz: the gzip data breaks off after "), "\(count): \(message)")
    }
  }

  @Test func `corrupt gzip data is refused`() throws {
    let whole = try gzipped("Date,A\n" + "2024-01-02,1\n")
    var checksum = whole
    checksum[whole.count - 8] ^= 1
    let cases = [
      (Array("Date,A\n".utf8), "incorrect header check"), (checksum, "incorrect data check"),
      (whole + [7, 7, 7], "incorrect header check"),
    ]
    for (bytes, reason) in cases {
      let path = try folder.write(bytes, to: "p.csv.gz")
      let message = folder.message { _ = try PriceHistory(wideCSV: path) }
      #expect(message == "p.csv.gz: not valid gzip data: \(reason)")
    }
  }

  @Test func `an empty compressed file breaks off, an empty content is empty`() throws {
    let none = try folder.write("", to: "a.csv.gz")
    #expect(
      folder.message { _ = try PriceHistory(wideCSV: none) }
        == "a.csv.gz: the gzip data breaks off after 0 bytes of content")
    let empty = try folder.write(gzipped(""), to: "b.csv.gz")
    #expect(
      folder.message { _ = try PriceHistory(wideCSV: empty) }
        == "b.csv.gz: the file is empty; a header line and rows are needed")
  }
}
