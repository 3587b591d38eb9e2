/// A report as one HTML file that needs nothing else: no network, no scripts.
struct HTMLPage {
  let text: String

  init(_ report: Report) throws {
    var body = ["<h1>\(report.title.htmlEscaped)</h1>"]
    body.append("<p class=\"question\">\(report.question.htmlEscaped)</p>")
    if !report.answer.isEmpty {
      body.append(
        "<div class=\"answer\">"
          + report.answer.map { "<p>\($0.htmlEscaped)</p>" }.joined() + "</div>")
    }
    body.append(Self.contents(report.sections))
    for (number, section) in report.sections.enumerated() {
      body.append("<h2 id=\"section-\(number + 1)\">\(section.heading.htmlEscaped)</h2>")
      for block in section.blocks { body.append(try Self.html(block)) }
    }
    body.append(Self.provenance(report.provenance))
    text = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(report.title.htmlEscaped)</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      \(body.filter { !$0.isEmpty }.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private static func contents(_ sections: [Report.Section]) -> String {
    guard sections.count > 2 else { return "" }
    let items = sections.enumerated().map { number, section in
      "<li><a href=\"#section-\(number + 1)\">\(section.heading.htmlEscaped)</a></li>"
    }
    return "<nav><ol>" + items.joined() + "</ol></nav>"
  }

  private static func html(_ block: Report.Block) throws -> String {
    switch block {
    case .paragraph(let text): "<p>\(text.htmlEscaped)</p>"
    case .table(let table): html(table)
    case .figure(let figure): try html(figure)
    }
  }

  private static func html(_ figure: Figure) throws -> String {
    let caption = "<figcaption>\(figure.caption.htmlEscaped)</figcaption>"
    guard let svg = try figure.svg() else {
      return "<p class=\"note\">\(figure.title.htmlEscaped): no figure, gnuplot-nox is not "
        + "installed.</p>"
    }
    let description = "\(figure.title). \(figure.caption)"
    let inline = InlineSVG.html(svg, name: figure.name, description: description)
    return "<figure><div class=\"paper\">\(inline)</div>\(caption)</figure>"
  }

  /// Longer tables are shown on demand.
  private static let longTable = 40

  private static func html(_ table: ReportTable) -> String {
    let heads = table.columns.map { column in
      let unit =
        column.unit.isEmpty ? "" : "<br><span class=\"unit\">\(column.unit.htmlEscaped)</span>"
      return "<th scope=\"col\"\(mark(column))>\(column.name.htmlEscaped)\(unit)</th>"
    }
    let rows = table.rows.map { row in
      let cells = zip(row, table.columns).enumerated().map { place, pair in
        let (cell, column) = pair
        let tag = place == 0 ? "th scope=\"row\"" : "td"
        let text = place == 0 ? breakable(cell.text) : cell.text.htmlEscaped
        return "<\(tag)\(mark(column))\(shade(cell))>\(text)</\(tag.prefix(2))>"
      }
      return "<tr>" + cells.joined() + "</tr>"
    }
    let note = table.note.map { "<p class=\"note\">\($0.htmlEscaped)</p>" } ?? ""
    let grid = """
      <div class="scroll" tabindex="0"><table>
      <thead><tr>\(heads.joined())</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>\(note)
      """
    guard rows.count > longTable else { return "<h3>\(table.title.htmlEscaped)</h3>\n" + grid }
    return "<details><summary>\(table.title.htmlEscaped), \(rows.count) rows</summary>\n\(grid)\n"
      + "</details>"
  }

  /// A name that a narrow screen may break after a parenthesis or comma, not within a word.
  private static func breakable(_ name: String) -> String {
    name.htmlEscaped.replacing("(", with: "(<wbr>").replacing(",", with: ",<wbr>")
  }

  private static func mark(_ column: ReportTable.Column) -> String {
    column.isNumeric ? " class=\"number\"" : ""
  }

  /// A colour over the page's own, so that it is right on light and dark ones.
  private static func shade(_ cell: ReportTable.Cell) -> String {
    guard let shade = cell.shade, shade != 0 else { return "" }
    let color = shade > 0 ? "213,94,0" : "0,114,178"
    return " style=\"background:rgba(\(color),\((min(abs(shade), 1) * 0.65).fixed(3)))\""
  }

  private static func provenance(_ pairs: [(name: String, value: String)]) -> String {
    guard !pairs.isEmpty else { return "" }
    let items = pairs.map {
      "<dt>\($0.name.htmlEscaped)</dt><dd>\($0.value.htmlEscaped)</dd>"
    }
    return "<h2>Provenance</h2><dl>" + items.joined() + "</dl>"
  }

  /// Figures lie on white paper in the dark too: their lines are drawn for it.
  private static let style = """
    :root { color-scheme: light dark; --text: #1c1c1c; --page: #ffffff; --soft: #5c5c5c;
      --line: #d8d8d8; --mark: #f3f5f8; --link: #00558a; }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e6e6e6; --page: #16181b; --soft: #a8adb3; --line: #3a3f45;
        --mark: #20242a; --link: #7cc0ee; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--text);
      font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
      -webkit-text-size-adjust: 100%; }
    main { max-width: 46rem; margin: 0 auto; padding: 1rem 1rem 4rem; }
    h1 { font-size: 1.6rem; line-height: 1.2; margin: 1rem 0 .5rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; border-top: 1px solid var(--line);
      padding-top: 1rem; }
    summary { font-weight: 600; margin: 1.5rem 0 .4rem; cursor: pointer; }
    h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
    a { color: var(--link); }
    .question { font-size: 1.1rem; color: var(--soft); margin: 0 0 1rem; }
    .answer { background: var(--mark); border-left: 4px solid #0072b2; padding: .2rem 1rem; }
    nav ol { padding-left: 1.4rem; columns: 2; column-gap: 2rem; font-size: .95rem; }
    .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
    table { border-collapse: collapse; width: 100%; font-size: .88rem;
      font-variant-numeric: tabular-nums; }
    th, td { padding: .32rem .6rem; text-align: left; font-weight: normal;
      white-space: nowrap; border-bottom: 1px solid var(--line); }
    thead th { font-weight: 600; vertical-align: bottom; background: var(--mark); }
    tbody tr:last-child > * { border-bottom: 0; }
    th:first-child { position: sticky; left: 0; background: var(--page); }
    thead th:first-child { background: var(--mark); }
    .number { text-align: right; }
    .unit { font-weight: normal; color: var(--soft); font-size: .8rem; }
    .note, figcaption { color: var(--soft); font-size: .9rem; margin: .5rem 0 0; }
    figure { margin: 1.5rem 0; max-width: 39rem; }
    .paper { background: #ffffff; border: 1px solid var(--line); border-radius: 6px;
      padding: .4rem; }
    .paper svg { display: block; width: 100%; height: auto; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem;
      font-size: .9rem; }
    wbr { display: none; }
    dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
    @media (max-width: 34rem) { nav ol { columns: 1; } wbr { display: inline; } th, td { padding: .3rem .45rem; }
      th:first-child { white-space: normal; min-width: 7rem; overflow-wrap: anywhere; } }
    """
}
