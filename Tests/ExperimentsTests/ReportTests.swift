import Experiments
import Foundation
import FoundationXML
import Learning
import Rebalancing
import Testing

/// Never trades.
private struct OddlyNamed: Trigger {
  var name: String
  func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision { .noAction("") }
}

@Suite struct ReportTests {
  /// A page with every kind of block, and words that HTML, CSV and gnuplot read in ways of their own.
  static func page(_ blocks: [Report.Block]) throws -> String {
    try Report(
      title: "Tom & \"Jerry\" <b>", question: "Is 1 < 2?", answer: ["It's <i>so</i>."],
      provenance: [("commit", "<unknown>")],
      sections: [.init("A & B", [.paragraph("5 > 4")]), .init("C", blocks), .init("D", [])]
    ).html()
  }

  static let table = ReportTable(
    name: "t", title: "T <1>",
    columns: [.init("policy", isNumeric: false), .init("cost", unit: "bp, per \"year\"")],
    rows: [
      [.init("band(0.05,to=\"half\")"), .init(-1.23456, decimals: 2, shade: 1)],
      [.init("<script>alert(1)</script>"), .init(nil, decimals: 2)],
      [.init("line\nbreak"), .init(2, decimals: 1, shade: -0.5)],
    ], note: "a & b")

  /// A figure of each kind.
  static func figures() throws -> [Figure] {
    let names = ["rule:band(0.05)", "O'K <&> \"ppo\"", "rule:never"]
    let curves = names.enumerated().map { index, name in
      BandCurves.Curve(
        name: name,
        points: (0...20).map { x in
          let y = Double(x * (index + 1))
          return .init(x: Double(x), y: y, low: y - 1, high: y + 2)
        })
    }
    let task = try ExplanationTests.task("three-asset-myrgren-v0")
    let map = try NoTradeMap.figures(
      of: names.prefix(1).map { ($0, try RuleCatalog.rule($0, for: task)) }, on: task)
    return map + [
      BandCurves(
        name: "curves", title: "Curves", caption: "c", xLabel: "x, s", yLabel: "y, m",
        curves: curves
      ).figure,
      CostErrorScatter(
        points: names.enumerated().map { index, name in
          .init(
            name: name, trackingError: 10 + Double(index), turnover: 3, isLearned: index == 1)
        },
        frontiers: [.init(name: "limit", product: 20, isLimit: true)]
      ).figure,
      IntervalRows(
        name: "rows", title: "Rows", caption: "c", xLabel: "x, bp",
        rows: names.map { .init(name: $0, estimate: 1, low: 0.5, high: 2) }
      ).figure,
      Waterfall(
        title: "Fall", bars: [.init(label: "2001", amount: 3), .init(label: "2002", amount: -5)]
      ).figure,
      SimulationFigure(
        try Simulation(
          ExplanationTests.task("two-asset-monthly-v0"), policy: OddlyNamed(name: names[1]), seed: 3
        ),
        isNarrow: true
      ).figure(name: "episode"),
    ]
  }

  @Test func `a page escapes all that is not its own`() throws {
    let page = try Self.page([.table(Self.table)])
    #expect(page.contains("Tom &amp; &quot;Jerry&quot; &lt;b&gt;"))
    #expect(page.contains("It&#39;s &lt;i&gt;so&lt;/i&gt;."))
    #expect(page.contains("&lt;script&gt;"))
    #expect(page.contains("&lt;unknown&gt;"))
    #expect(!page.contains("<script"))
    #expect(!page.contains("<i>"))
    #expect(page.contains("name=\"viewport\""))
    #expect(page.contains("prefers-color-scheme: dark"))
  }

  @Test func `a page is well-formed and needs nothing from elsewhere`() throws {
    let page = try Self.page(
      [.table(Self.table)] + (Gnuplot.isInstalled ? Self.figures().map { .figure($0) } : []))
    let names = ["src=", "@import", "<link", "<script", "url(http", "onload", "href=\"http"]
    for name in names { #expect(!page.contains(name), "\(name)") }
    // Namespaces are names, not addresses that anything is fetched from.
    let rest = page.replacing("http://www.w3.org/2000/svg", with: "")
      .replacing("http://www.w3.org/1999/xlink", with: "")
    #expect(!rest.contains("http"))
    // Void elements and the doctype apart, it is XML.
    let body = page.drop { $0 != "\n" }
      .replacing("<meta charset=\"utf-8\">", with: "").replacing("<br>", with: "")
      .replacing("<wbr>", with: "")
      .replacing(#/<meta name="viewport"[^>]*>/#, with: "")
    let parser = XMLParser(data: Data(String(body).utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError)) \(parser.lineNumber)")
  }

  @Test(.enabled(if: Gnuplot.isInstalled))
  func `marks of figures are told apart and all that is named is there`() throws {
    let page = try Self.page(Self.figures().map { .figure($0) })
    let ids = page.matches(of: #/\sid=["']([^"']+)["']/#).map { String($0.1) }
    #expect(ids.count > 20)
    #expect(Set(ids).count == ids.count)
    let named =
      page.matches(of: #/href=["']#([^"']+)["']/#).map { String($0.1) }
      + page.matches(of: #/url\(#([^)]+)\)/#).map { String($0.1) }
    #expect(!named.isEmpty)
    for name in named { #expect(ids.contains(name), "\(name)") }
    #expect(page.matches(of: #/<svg[^>]*role="img"/#).count == (try Self.figures().count))
    // The page decides on the size.
    #expect(page.matches(of: #/<svg[^>]* width="/#).isEmpty)
  }

  @Test(.enabled(if: Gnuplot.isInstalled))
  func `figures name their axes, units and policies as they are called`() throws {
    let words = [
      "decision-map-1": ["weight of A, %", "no trade"],
      "curves": ["x, s", "y, m", "band(0.05)", "O'K &lt;&amp;>", "never"],
      "cost-error": ["bp per √year", "limit", "band(0.05)"],
      "rows": ["x, bp", "O'K &lt;&amp;>"], "attribution": ["2001", "−5.000", "bp"],
      "episode": ["price", "target", "cumulated cost, bp"],
    ]
    for figure in try Self.figures() {
      let svg = try #require(try figure.svg())
      for word in words[figure.name] ?? [] { #expect(svg.contains(word), "\(figure.name) \(word)") }
      #expect(words[figure.name] != nil)
      #expect(try figure.svg() == svg, "twice the same bytes")
    }
  }

  @Test func `tables are CSV with all digits`() {
    #expect(
      Self.table.csv == """
        policy,"cost (bp, per ""year"")"
        "band(0.05,to=""half"")",-1.23456
        <script>alert(1)</script>,
        "line
        break",2.0

        """)
  }

  @Test func `a stress table shades the largest loss most, and gains in another colour`() throws {
    let table = ReportTable.stress(
      name: "stress", title: "Stress", unit: "bp", policies: ["rule:never", "ppo"],
      scenarios: ["crash", "rates"], losses: [[40, nil], [10, -20]])
    #expect(table.rows.map { $0[0].text } == ["never", "ppo"])
    #expect(table.rows.map { $0[1].shade } == [1, 0.25])
    #expect(table.rows.map { $0[2].shade } == [nil, -0.5])
    #expect(table.rows[0][2].text == "–")
    let page = try Self.page([.table(table)])
    #expect(page.contains("rgba(213,94,0,0.650)"))
    #expect(page.contains("rgba(0,114,178,0.325)"))
  }

  @Test func `a stress table may compare policies within each scenario`() {
    let table = ReportTable.stress(
      name: "stress", title: "Stress", unit: "bp", policies: ["a", "b", "c"],
      scenarios: ["mild", "harsh"], losses: [[1, 100], [3, 300], [2, nil]], isByScenario: true)
    #expect(table.rows.map { $0[1].shade } == [0, 1, 0.5])
    #expect(table.rows.map { $0[2].shade } == [0, 1, nil])
  }

  @Test func `a long table is shown on demand, a short one at once`() throws {
    var table = Self.table
    #expect(!(try Self.page([.table(table)])).contains("<details>"))
    table.rows = Array(repeating: [.init("a"), .init(1, decimals: 0)], count: 41)
    #expect(try Self.page([.table(table)]).contains("<details><summary>T &lt;1&gt;, 41 rows"))
  }

  @Test func `writes the page and every table, and forgets those of an earlier report`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "report-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var report = Report(
      title: "T", question: "Q", answer: [], sections: [.init("S", [.table(Self.table)])])
    #expect(try report.write(to: folder) == ["report.html", "tables/t.csv"])
    var other = Self.table
    other.name = "u"
    report.sections[0].blocks = [.table(other)]
    #expect(try report.write(to: folder) == ["report.html", "tables/u.csv"])
    let names = try FileManager.default.contentsOfDirectory(
      atPath: folder.appending(path: "tables").path)
    #expect(names == ["u.csv"])
    let file = folder.appending(path: "tables/u.csv")
    #expect(try String(contentsOf: file, encoding: .utf8) == other.csv)
  }

  @Test func `labels cover neither points nor each other, and stay within`() {
    let bounds = LabelPlacement.Box(left: 0, right: 520, bottom: 0, top: 400)
    var placement = LabelPlacement()
    // A spiral: dense in the middle.
    let points = (0..<40).map { i in
      let t = Double(i) / 3
      return (x: 260 + 6 * t * cos(t), y: 200 + 6 * t * sin(t))
    }
    for point in points { placement.occupy(point.x, point.y, 4) }
    var boxes: [LabelPlacement.Box] = []
    for point in points {
      guard let place = placement.place(width: 60, height: 14, beside: point, within: bounds)
      else { continue }
      #expect(bounds.contains(place.box))
      #expect(!boxes.contains { $0.overlaps(place.box) })
      for other in points {
        let dot = LabelPlacement.Box(
          left: other.x - 3.9, right: other.x + 3.9, bottom: other.y - 3.9, top: other.y + 3.9)
        #expect(!place.box.overlaps(dot))
      }
      boxes.append(place.box)
    }
    #expect(boxes.count > 10)
  }

  @Test func `learning curves are interquartile means of the seeds' logs with intervals`() throws {
    let top = FileManager.default.temporaryDirectory.appending(
      path: "curves-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: top) }
    let folders = try [1.0, 2, 3, 10].enumerated().map { seed, level in
      let folder = top.appending(path: "seed-\(seed)")
      let time = Date(timeIntervalSince1970: 0)
      let file = try EventFile(in: folder.appending(path: "log"), restartingAt: 1, at: time)
      for step in 1...20 {
        try file.add(
          [.init("rollout/mean_reward", level * Double(step))], step: step * 100, at: time)
      }
      return folder
    }
    let curves = try #require(LearningCurves([.init(name: "a", folders: folders)]))
    let points = try #require(curves.curves.first?.points)
    #expect(points.count == 20)
    for (place, point) in points.enumerated() {
      let step = Double(place + 1)
      #expect(point.x == step * 100)
      // The middle half of 1, 2, 3, 10.
      #expect(abs(point.y - 2.5 * step) < 1e-5 * step)
      #expect(point.low >= step - 1e-5 && point.low < point.y)
      #expect(point.high <= 10 * step + 1e-4 && point.high > point.y)
    }
    #expect(LearningCurves([.init(name: "a", folders: [top.appending(path: "none")])]) == nil)
  }
}
