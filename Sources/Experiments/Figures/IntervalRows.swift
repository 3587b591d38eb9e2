/// Estimates with their intervals, a row each, the best above: a forest plot.
public struct IntervalRows: Sendable {
  public struct Row: Sendable, Hashable {
    public var name: String
    public var estimate: Double
    public var low: Double
    public var high: Double
    public var isLearned: Bool

    public init(name: String, estimate: Double, low: Double, high: Double, isLearned: Bool = false)
    {
      (self.name, self.estimate, self.low, self.high) = (name, estimate, low, high)
      self.isLearned = isLearned
    }
  }

  public var name: String
  public var title: String
  public var caption: String
  /// With units.
  public var xLabel: String
  public var rows: [Row]
  /// A level to be compared with, drawn down and named.
  public var level: (name: String, x: Double)?
  /// Whether small is good.
  public var isLessBetter = true

  public init(name: String, title: String, caption: String, xLabel: String, rows: [Row]) {
    (self.name, self.title, self.caption) = (name, title, caption)
    (self.xLabel, self.rows) = (xLabel, rows)
  }

  public var figure: Figure {
    let sorted = rows.sorted {
      $0.estimate == $1.estimate
        ? $0.name < $1.name : ($0.estimate < $1.estimate) == isLessBetter
    }
    let range = spanning(
      sorted.flatMap { [$0.low, $0.high, $0.estimate] } + (level.map { [$0.x] } ?? []))
    var chart = Chart(
      title: title, x: Chart.Axis(label: xLabel, range: range),
      y: Chart.Axis(label: "", range: -0.7...(Double(sorted.count) - 0.3), marks: []))
    chart.height = 116 + 21 * sorted.count
    chart.top = level == nil ? 38 : 56
    chart.left =
      16 + (sorted.map { textWidth(shortName($0.name), Chart.smallFont) }.max() ?? 60)
    chart.hasRowLines = false
    var data = ["$rules << END", "NaN NaN NaN NaN"]
    var learned = ["$learned << END", "NaN NaN NaN NaN"]
    for (place, row) in sorted.enumerated() {
      let y = Double(sorted.count - 1 - place)
      let color = row.isLearned ? Palette.learned : Palette.rule
      chart.text(
        shortName(row.name), at: (range.lowerBound, y), "right",
        row.isLearned ? Palette.learned : Palette.text, offset: (-8, 0))
      chart.line(from: (row.low, y), to: (row.high, y), color, width: 3)
      let line = "\(row.estimate) \(y) \(row.low) \(row.high)"
      if row.isLearned { learned.append(line) } else { data.append(line) }
    }
    if let level {
      chart.line(
        from: (level.x, chart.y.range.lowerBound), to: (level.x, chart.y.range.upperBound),
        Palette.optimum, width: 1.5, dash: "(6,4)", isBehind: true)
      let isLeft = chart.x.share(level.x) < 0.5
      chart.text(
        level.name, at: (level.x, chart.y.range.upperBound), isLeft ? "left" : "right",
        Palette.optimum, offset: (isLeft ? -4 : 4, 8))
    }
    return Figure(
      name: name, title: title, caption: caption, size: (Figure.width, chart.height),
      script: chart.script(
        data: [
          (data + ["END"]).joined(separator: "\n"), (learned + ["END"]).joined(separator: "\n"),
        ],
        plots: [
          "$rules with points pt 7 ps 0.75 lc rgb '\(Palette.rule)'",
          "$learned with points pt 7 ps 0.75 lc rgb '\(Palette.learned)'",
        ]))
  }
}
