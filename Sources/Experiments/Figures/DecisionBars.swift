/// What policies of two assets do at every weight, one below the other, over the optimum's region of no
/// trade.
struct DecisionBars {
  /// A policy's decisions along the weight of the first asset.
  struct Row: Sendable {
    var name: String
    /// Ascending and without gaps.
    var segments: [DecisionLine.Segment]
    /// Drawn as what is optimal.
    var isOptimum = false
  }

  var name = "no-trade-map"
  var title = "Where each policy trades"
  var asset: String
  var target: Double
  var rows: [Row]
  /// Over the environment's actions.
  var optimum: ClosedRange<Double>?
  /// A state to be marked.
  var here: Double?
  /// Weights that are shown; what shows every row if absent.
  var window: ClosedRange<Double>?

  /// The place of a row's name, in pixels.
  private static let nameWidth = 20

  var figure: Figure {
    let window = window ?? shown
    var chart = Chart(
      title: title,
      x: Chart.Axis(
        label: "weight of \(asset.clipped(20)) before the decision, %",
        range: (window.lowerBound * 100)...(window.upperBound * 100)),
      y: Chart.Axis(label: "", range: -0.6...(Double(rows.count) - 0.4), marks: []))
    chart.height = 110 + 26 * rows.count
    chart.left = 12 + (rows.map { textWidth(short($0.name), Chart.smallFont) }.max() ?? 60)
    chart.top = 56
    chart.hasRowLines = false
    if let optimum {
      chart.rectangle(
        percent(optimum, within: window), -0.6...(Double(rows.count) - 0.4), "#e6e6e6",
        isBehind: true)
    }
    for (place, row) in rows.enumerated() {
      draw(row, at: Double(rows.count - 1 - place), in: &chart, window)
    }
    let ends = (-0.6, Double(rows.count) - 0.4)
    chart.line(
      from: (target * 100, ends.0), to: (target * 100, ends.1), Palette.text, width: 1,
      dash: "(4,3)")
    if let here, window.contains(here) {
      chart.line(from: (here * 100, ends.0), to: (here * 100, ends.1), Palette.loss, width: 1.5)
      chart.text(
        "here", at: (here * 100, ends.0), here < target ? "right" : "left", Palette.loss,
        offset: (here < target ? -4 : 4, 8))
    }
    legend(&chart)
    return Figure(
      name: name, title: title, caption: caption, size: (Figure.width, chart.height),
      script: chart.script(plots: []))
  }

  private func short(_ name: String) -> String { shortName(name).clipped(Self.nameWidth) }

  private func draw(
    _ row: Row, at y: Double, in chart: inout Chart, _ window: ClosedRange<Double>
  ) {
    chart.text(
      short(row.name), at: (window.lowerBound * 100, y), "right", Palette.text, offset: (-6, 0))
    for segment in row.segments
    where segment.to > window.lowerBound && segment.from < window.upperBound {
      let x = percent(segment.from...segment.to, within: window)
      let half = segment.isTrade ? 0.16 : 0.32
      let color =
        row.isOptimum && !segment.isTrade ? Palette.optimum : Palette.actions[segment.code]
      chart.rectangle(x, (y - half)...(y + half), color)
    }
    // Where the policy goes from just outside its region.
    for destination in row.destinations where window.contains(destination) {
      chart.line(
        from: (destination * 100, y - 0.36), to: (destination * 100, y + 0.36), "#ffffff",
        width: 4)
      chart.line(
        from: (destination * 100, y - 0.36), to: (destination * 100, y + 0.36), Palette.text,
        width: 2)
    }
  }

  private func legend(_ chart: inout Chart) {
    let height = Double(chart.height)
    var x = 12.0
    for (code, words) in ["no trade", "a part of the way", "all the way"].enumerated() {
      let color = Palette.actions[code]
      chart.add(Self.key(x, height - 42, color, height))
      chart.add(Self.words(words, x + 18, height - 36, height))
      x += 30 + textWidth(words, Chart.smallFont)
    }
    if optimum != nil {
      chart.add(Self.key(x, height - 42, "#e6e6e6", height))
      chart.add(Self.words("optimum's no trade", x + 18, height - 36, height))
      x += 30 + textWidth("optimum's no trade", Chart.smallFont)
    }
  }

  static func key(_ x: Double, _ y: Double, _ color: String, _ height: Double) -> String {
    let w = Double(Figure.width)
    return "set object rectangle from screen \(x / w), screen \(y / height) to screen "
      + "\((x + 14) / w), screen \((y + 11) / height) fc rgb '\(color)' fs solid 1 noborder front"
  }

  static func words(_ text: String, _ x: Double, _ y: Double, _ height: Double) -> String {
    "set label \(Gnuplot.quoted(text)) at screen \(x / Double(Figure.width)), screen "
      + "\(y / height) left font ',\(Chart.smallFont)' tc rgb '\(Palette.text)' front"
  }

  private func percent(
    _ range: ClosedRange<Double>, within window: ClosedRange<Double>
  ) -> ClosedRange<Double> {
    let clamped = range.clamped(to: window)
    return (clamped.lowerBound * 100)...(clamped.upperBound * 100)
  }

  /// Twice what the widest sensible region takes, and the state.
  private var shown: ClosedRange<Double> {
    let reach = rows.compactMap(\.noTrade).map {
      max(target - $0.lowerBound, $0.upperBound - target)
    }.filter { $0 < 0.3 }
    let optimal = optimum.map { max(target - $0.lowerBound, $0.upperBound - target) }
    let half = max(
      1.25 * max(reach.max() ?? 0.05, optimal ?? 0), 1.1 * abs((here ?? target) - target))
    return max(target - half, 0)...min(target + half, 1)
  }

  private var caption: String {
    let grey =
      optimum == nil ? "" : " Grey: where the best policy over the same actions does nothing."
    return
      "Thick blue: no trade. Thin: trades, a part or all of the way; black ticks: where it goes "
      + "from just outside.\(grey) Dashed: the target."
  }
}

extension DecisionBars.Row {
  /// The weights at which nothing is done, around the target or nearest to its middle.
  var noTrade: ClosedRange<Double>? {
    segments.filter { !$0.isTrade }.max { $0.to - $0.from < $1.to - $1.from }
      .map { $0.from...$0.to }
  }

  /// Where the policy goes from just outside the region of no trade.
  var destinations: [Double] {
    guard let noTrade else { return segments.flatMap(\.destinations) }
    return segments.filter(\.isTrade).flatMap { segment in
      (segment.to == noTrade.lowerBound ? segment.destinations.suffix(1) : [])
        + (segment.from == noTrade.upperBound ? segment.destinations.prefix(1) : [])
    }
  }
}
