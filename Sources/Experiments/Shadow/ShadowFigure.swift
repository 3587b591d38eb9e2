import Deployment
import Markets

extension ShadowReport {
  /// What each other decision alone would have saved, by day and kind.
  public var figure: Figure {
    let (low, high) = savings
    let years = Double(firstDate.year)...Double(lastDate.year + 1)
    let marks = (firstDate.year...lastDate.year + 1).filter {
      $0 % max(1, Int(years.span / 6)) == 0
    }
    var chart = Chart(
      title: "\(policy.name) in the shadow of \(champion.name)",
      x: .init(label: "year", range: years, marks: marks.map { (Double($0), "\($0)") }),
      y: .init(label: "saved, bp of value", range: low...high))
    chart.top = 38 + 17 * Double(byKind.count)
    chart.height = 320 + 17 * byKind.count
    var (data, plots) = ([String](), [String]())
    for (index, kind) in byKind.enumerated() {
      let color = Palette.series(index)
      let members = decisions.filter { $0.kind == kind.kind }
      let points = members.map { "\(Self.year($0.date)) \($0.gain.basisPoints.total)" }
      data.append("$kind\(index) << END\n\(points.joined(separator: "\n"))\nEND")
      plots.append("$kind\(index) using 1:2 with impulses lw 1.5 lc rgb '\(color)' notitle")
      plots.append("$kind\(index) using 1:2 with points pt 7 ps 0.5 lc rgb '\(color)' notitle")
      chart.text(
        "\(kind.kind): \(kind.count)", at: (years.lowerBound, high), "left", color,
        offset: (0, 12 + 17 * Double(byKind.count - 1 - index)))
    }
    return Figure(
      name: "shadow", title: chart.title,
      caption:
        "What the challenger's decision alone would have saved to the end of the path, with the "
        + "champion deciding all later steps.",
      size: (Figure.width, chart.height), script: chart.script(data: data, plots: plots))
  }

  /// Zero and all savings, with some room.
  private var savings: (low: Double, high: Double) {
    let totals = decisions.map(\.gain.basisPoints.total)
    let (low, high) = (min(totals.min() ?? 0, 0), max(totals.max() ?? 0, 0))
    let room = max(0.05 * (high - low), 1e-9)
    return (low < 0 ? low - room : low, high + room)
  }

  private static func year(_ date: CalendarDate) -> Double {
    1970 + Double(date.daysSinceEpoch) / 365.2425
  }
}

extension ClosedRange<Double> {
  fileprivate var span: Double { upperBound - lowerBound }
}
