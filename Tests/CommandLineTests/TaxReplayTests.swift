import Foundation
import Testing

private let header = "date,account,kind,asset,side,units,price,fee,lot\n"
private let purchase = "2023-01-04,broker,taxable,VTI,buy,10,100,0,\n"

/// A file that must be refused: what stands after the header, the line and what must be said.
struct BadTrades: Sendable, CustomTestStringConvertible {
  let name: String
  var header = "date,account,kind,asset,side,units,price,fee,lot\n"
  let rows: String
  var selection = "fifo"
  let line: Int
  let says: String
  var testDescription: String { name }
}

private let badTrades = [
  BadTrades(
    name: "another first column", header: "Date,account,kind,asset,side,units,price,fee,lot\n",
    rows: purchase, line: 1, says: "the first column is 'Date'; it must be 'date'"),
  BadTrades(
    name: "a column too few", header: "date,account,kind,asset,side,units,price,fee\n",
    rows: purchase, line: 1,
    says: "the columns must be date,account,kind,asset,side,units,price,fee,lot"),
  BadTrades(
    name: "a field too few", rows: purchase + "2023-01-05,broker,taxable,VTI,buy,10,100,0\n",
    line: 3, says: "8 fields where the header has 9"),
  BadTrades(
    name: "a cut last line", rows: purchase + "2023-01-05,broker,taxable,VTI,buy,10,10", line: 3,
    says: "the last line breaks off"),
  BadTrades(
    name: "no day", rows: "2023-02-29,broker,taxable,VTI,buy,10,100,0,\n", line: 2,
    says: "'2023-02-29' is not a date"),
  BadTrades(
    name: "decreasing dates", rows: purchase + "2023-01-03,broker,taxable,VTI,buy,1,100,0,\n",
    line: 3, says: "2023-01-03 does not follow 2023-01-04; dates must not decrease"),
  BadTrades(
    name: "unknown kind", rows: "2023-01-04,broker,roth,VTI,buy,10,100,0,\n", line: 2,
    says: "column 'kind' holds 'roth'; 'taxable' or 'ira' is needed"),
  BadTrades(
    name: "unknown side", rows: "2023-01-04,broker,taxable,VTI,short,10,100,0,\n", line: 2,
    says: "column 'side' holds 'short'; 'buy' or 'sell' is needed"),
  BadTrades(
    name: "no account", rows: "2023-01-04,,taxable,VTI,buy,10,100,0,\n", line: 2,
    says: "column 'account' is empty"),
  BadTrades(
    name: "no asset", rows: "2023-01-04,broker,taxable,,buy,10,100,0,\n", line: 2,
    says: "column 'asset' is empty"),
  BadTrades(
    name: "negative units", rows: "2023-01-04,broker,taxable,VTI,buy,-10,100,0,\n", line: 2,
    says: "column 'units' holds '-10', which is negative; a number above 0 is needed"),
  BadTrades(
    name: "no units", rows: "2023-01-04,broker,taxable,VTI,buy,0,100,0,\n", line: 2,
    says: "column 'units' holds '0', which is zero"),
  BadTrades(
    name: "a price that is no number", rows: "2023-01-04,broker,taxable,VTI,buy,10,nan,0,\n",
    line: 2, says: "column 'price' holds 'nan', which is not finite"),
  BadTrades(
    name: "a negative fee", rows: "2023-01-04,broker,taxable,VTI,buy,10,100,-1,\n", line: 2,
    says: "column 'fee' holds '-1', which is negative; a number of at least 0 is needed"),
  BadTrades(
    name: "an empty fee", rows: "2023-01-04,broker,taxable,VTI,buy,10,100,,\n", line: 2,
    says: "column 'fee' is empty"),
  BadTrades(
    name: "an amount beyond all", rows: "2023-01-04,broker,taxable,VTI,buy,1e200,1e200,0,\n",
    line: 2, says: "the largest that is valid"),
  BadTrades(
    name: "more than is held", rows: purchase + "2023-01-05,broker,taxable,VTI,sell,11,100,0,\n",
    line: 3, says: "11.0 units of 'VTI' are sold where account 'broker' holds 10.0"),
  BadTrades(
    name: "the sale of a day that is one too many",
    rows: purchase + "2023-01-05,broker,taxable,VTI,buy,1,100,0,\n"
      + "2023-01-05,broker,taxable,VTI,sell,6,101,0,\n"
      + "2023-01-05,broker,taxable,VTI,sell,6,100,0,\n",
    line: 5, says: "6.0 units of 'VTI' are sold where account 'broker' holds 5.0"),
  BadTrades(
    name: "an account of two kinds",
    rows: purchase + "2023-01-05,broker,ira,VTI,buy,1,100,0,\n", line: 3,
    says: "account 'broker' is ira here and was taxable before"),
  BadTrades(
    name: "a lot that is not held",
    rows: purchase + "2023-01-05,broker,taxable,VTI,sell,1,100,0,2\n", selection: "specific",
    line: 3, says: "account 'broker' holds no lot 2 of 'VTI'; it holds 1"),
  BadTrades(
    name: "more than a lot holds",
    rows: purchase + purchase + "2023-01-05,broker,taxable,VTI,sell,11,100,0,2\n",
    selection: "specific", line: 4, says: "11.0 units of lot 2 are sold"),
  BadTrades(
    name: "a lot that is no number",
    rows: purchase + "2023-01-05,broker,taxable,VTI,sell,1,100,0,first\n", selection: "specific",
    line: 3, says: "column 'lot' holds 'first'; the number of a purchase is needed, from 1"),
  BadTrades(
    name: "a lot that the selection does not read",
    rows: purchase + "2023-01-05,broker,taxable,VTI,sell,1,100,0,1\n", selection: "hifo", line: 3,
    says: "lots are chosen by 'hifo'; only --selection specific reads it"),
  BadTrades(
    name: "a purchase that names a lot", rows: "2023-01-04,broker,taxable,VTI,buy,10,100,0,1\n",
    selection: "specific", line: 2, says: "a purchase opens a new lot"),
]

@Suite struct TaxReplayTests {
  private let example = "Tests/CommandLineTests/trades.csv"

  private func document(_ rows: String, _ options: String...) throws -> [String: Any] {
    let work = try Workplace()
    let run = try rebalance(
      ["tax", "replay", try work.file("trades.csv", header + rows), "--json"] + options)
    #expect(run.status == 0, "\(run.errors)")
    return try run.json()
  }

  private func list(_ name: String, of document: [String: Any]) throws -> [[String: Any]] {
    try #require(document[name] as? [[String: Any]])
  }

  @Test func `gives rows, lots and totals of a fixed shape`() throws {
    let document = try rebalance("tax", "replay", example, "--json").json()
    for row in try list("realized", of: document) {
      #expect(
        Set(row.keys) == [
          "account", "kind", "asset", "lot", "acquired", "sold", "units", "proceeds", "basis",
          "gain", "disallowed", "lost", "recognized", "term",
        ])
    }
    for lot in try list("lots", of: document) {
      #expect(
        Set(lot.keys) == [
          "account", "kind", "asset", "lot", "acquired", "holding_from", "units", "basis",
        ])
    }
    let totals = try #require(document["totals"] as? [String: Any])
    #expect(
      Set(totals.keys) == [
        "gain", "disallowed", "lost", "recognized", "recognized_short", "recognized_long",
        "gain_in_ira", "tax", "years",
      ])
    let years = try #require(totals["years"] as? [[String: Any]])
    #expect(
      years.map { Set($0.keys) } == [
        [
          "year", "recognized", "carried_in", "net", "taxable", "carried_forward", "disallowed",
          "deduction", "tax",
        ]
      ])
    for name in ["recognized", "carried_in", "net", "taxable", "carried_forward"] {
      #expect(Set(try #require(years[0][name] as? [String: Double]).keys) == ["short", "long"])
    }
  }

  @Test func `finds the wash sale of the example`() throws {
    let document = try rebalance("tax", "replay", example, "--json").json()
    let rows = try list("realized", of: document)
    #expect(rows.map { $0["gain"] as? Double } == [-1_000, 98.5])
    #expect(rows.map { $0["disallowed"] as? Double } == [750, 0])
    #expect(rows.map { $0["recognized"] as? Double } == [-250, 98.5])
    #expect(rows.map { $0["term"] as? String } == ["short", "long"])
    #expect(rows.map { $0["sold"] as? String } == ["2014-01-09", "2014-12-22"])
    let lots = try list("lots", of: document)
    #expect(lots.map { $0["lot"] as? Int } == [2, 3])
    #expect(lots.map { $0["basis"] as? Double } == [1_950, 1_125])
    #expect(lots.map { $0["holding_from"] as? String } == ["2013-09-05", "2013-12-27"])
    let totals = try #require(document["totals"] as? [String: Any])
    #expect(totals["recognized"] as? Double == -151.5)
    #expect(totals["tax"] as? Double == -151.5 * 0.35)
  }

  @Test(arguments: badTrades)
  func `refuses bad trades and names the line`(_ bad: BadTrades) throws {
    let work = try Workplace()
    let path = try work.file("bad.csv", bad.header + bad.rows)
    for flags in [[], ["--json"]] {
      let run = try rebalance(["tax", "replay", path, "--selection", bad.selection] + flags)
      #expect(run.status == 65)
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("bad.csv:\(bad.line): "), "\(run.errors)")
      #expect(run.errors.contains(bad.says), "\(run.errors)")
    }
  }

  @Test func `refuses a file that is not there and one without trades`() throws {
    let work = try Workplace()
    for path in [work.path("none.csv"), try work.file("empty.csv", header)] {
      let run = try rebalance("tax", "replay", path)
      #expect(run.status == 65)
      #expect(run.errors.contains(path))
    }
  }

  @Test(arguments: [
    (["--selection", "best"], "fifo"), (["--short-term-rate", "35"], "fractions from 0 to 1"),
    (["--long-term-rate", "nan"], "fractions from 0 to 1"),
    (["--loss-limit", "-1"], "--loss-limit"), (["--loss-limit", "inf"], "--loss-limit"),
    (["--identical", "VOO"], "two or more assets"),
    (["--identical", "VOO,IVV", "--identical", "SPY,VOO"], "'VOO' twice"),
  ])
  func `answers wrong options with 64`(options: [String], says: String) throws {
    let run = try rebalance(["tax", "replay", example] + options)
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(says), "\(run.errors)")
  }

  @Test(arguments: [
    ("fifo", [1]), ("lifo", [3]), ("hifo", [2]), ("minimum_tax", [2]), ("average_cost", [1]),
    ("specific", [1]),
  ])
  func `sells the lots of the selection`(selection: String, lots: [Int]) throws {
    let rows =
      purchase + "2023-02-01,broker,taxable,VTI,buy,10,120,0,\n"
      + "2023-03-01,broker,taxable,VTI,buy,10,90,0,\n"
      + "2023-09-01,broker,taxable,VTI,sell,10,110,0,\n"
    let realized = try list("realized", of: document(rows, "--selection", selection))
    #expect(realized.map { $0["lot"] as? Int } == lots)
  }

  @Test func `sells the named lot, and the oldest where none is named`() throws {
    let rows =
      purchase + "2023-02-01,broker,taxable,VTI,buy,10,120,0,\n"
      + "2023-09-01,broker,taxable,VTI,sell,4,110,0,\n"
      + "2023-09-04,broker,taxable,VTI,sell,10,110,0,2"
    let realized = try list("realized", of: document(rows, "--selection", "specific"))
    #expect(realized.map { $0["lot"] as? Int } == [1, 2])
  }

  @Test func `reads CRLF, and days in any order of their trades`() throws {
    let sale = "2023-09-01,broker,taxable,VTI,sell,12,90,1,\n"
    let second = "2023-09-01,broker,taxable,VTI,buy,5,80,2,\n"
    let first = try document(purchase + sale + second)
    #expect(NSDictionary(dictionary: first).isEqual(to: try document(purchase + second + sale)))
    let windows = (purchase + sale + second).replacingOccurrences(of: "\n", with: "\r\n")
    #expect(NSDictionary(dictionary: first).isEqual(to: try document(windows)))
    // 10 old units at a loss of 100 less their share of the fee; 3 of the 5 new ones are left.
    let rows = try list("realized", of: first)
    #expect(rows.map { $0["units"] as? Double } == [10, 2])
    let disallowed = try #require(rows[0]["disallowed"] as? Double)
    #expect(abs(disallowed - 0.3 * (100 + 10.0 / 12)) < 1e-9)
  }

  @Test func `washes across assets that are declared identical`() throws {
    let rows =
      purchase + "2023-09-01,broker,taxable,VTI,sell,10,90,0,\n"
      + "2023-09-02,broker,taxable,ITOT,buy,10,90,0,\n"
    for (options, disallowed) in [([], 0.0), (["--identical", "VTI,ITOT"], 100)] {
      let work = try Workplace()
      let path = try work.file("trades.csv", header + rows)
      let run = try rebalance(["tax", "replay", path, "--json"] + options)
      #expect(try list("realized", of: run.json())[0]["disallowed"] as? Double == disallowed)
    }
  }

  @Test func `carries losses forward through years without trades`() throws {
    let rows =
      "2020-01-02,broker,taxable,VTI,buy,100,100,0,\n"
      + "2020-03-02,broker,taxable,VTI,sell,99,20,0,\n"
      + "2022-06-01,broker,taxable,VTI,sell,1,100,0,\n"
    let totals = try #require(
      try document(rows, "--loss-limit", "1500")["totals"] as? [String: Any])
    let years = try #require(totals["years"] as? [[String: Any]])
    #expect(years.map { $0["year"] as? Int } == [2020, 2021, 2022])
    #expect(years.map { $0["deduction"] as? Double } == [1_500, 1_500, 1_500])
    #expect(
      years.map { ($0["carried_forward"] as? [String: Double])?["short"] } == [6_420, 4_920, 3_420])
  }

  @Test func `fits tables into 80 columns`() throws {
    let work = try Workplace()
    let path = try work.file(
      "trades.csv",
      header
        + "2020-01-02,a long name of an account,taxable,A LONG NAME,buy,12345.6789,1234.5,0,\n"
        + "2020-03-02,a long name of an account,taxable,A LONG NAME,sell,12344.4321,34.56,0,\n"
        + "2020-03-20,a long name of an account,taxable,A LONG NAME,buy,1234.5,34.56,0,\n")
    let run = try rebalance("tax", "replay", path)
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n")
    // Each with a heading and a rule: one sale, two lots, one year.
    #expect(lines.count == 3 + 4 + 3)
    for line in lines { #expect(line.count <= 80, "\(line)") }
  }

  @Test func `is shown in the README as it is`() throws {
    let readme = try Workplace.text("README.md")
    #expect(readme.contains(try Workplace.text(example)))
    #expect(readme.contains(try rebalance("tax", "replay", example).output))
  }
}
