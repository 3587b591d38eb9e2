import Markets

/// What each trade added to the policy's whole difference from never trading.
public struct Waterfall: Sendable {
  public struct Bar: Sendable, Hashable {
    public var label: String
    /// What is added, basis points.
    public var amount: Double
    public init(label: String, amount: Double) { (self.label, self.amount) = (label, amount) }
  }

  public var name = "attribution"
  public var title: String
  public var bars: [Bar]

  /// Bars that a figure has room for.
  private static let mostBars = 24

  public init(title: String, bars: [Bar]) { (self.title, self.bars) = (title, bars) }

  /// The decisions in the order of time; of many those that matter most, the others between as one bar
  /// at the end.
  public init(_ attribution: Attribution) {
    let decisions = attribution.decisions
    let kept = Set(
      decisions.indices.sorted {
        let (a, b) = (
          abs(decisions[$0].contribution.basisPoints.total),
          abs(decisions[$1].contribution.basisPoints.total)
        )
        return a == b ? $0 < $1 : a > b
      }.prefix(Self.mostBars))
    var bars = kept.sorted().map {
      Bar(
        label: decisions[$0].date.description, amount: decisions[$0].contribution.basisPoints.total)
    }
    let others = decisions.indices.filter { !kept.contains($0) }
    if !others.isEmpty {
      bars.append(
        Bar(
          label: "\(others.count) others",
          amount: others.reduce(0) { $0 + decisions[$1].contribution.basisPoints.total }))
    }
    self.init(
      title: "\(shortName(attribution.policy)): what each trade was worth", bars: bars)
  }

  public var figure: Figure {
    let ends = bars.reduce(into: [0.0]) { $0.append($0[$0.count - 1] + $1.amount) }
    let total = ends[ends.count - 1]
    let count = bars.count + 1
    var range = spanning(ends + [0], air: 0.02)
    // Room for the words beside the bars.
    let room = (range.upperBound - range.lowerBound) * 0.17
    range = (range.lowerBound - room)...(range.upperBound + room)
    var chart = Chart(
      title: title, x: Chart.Axis(label: "gain against never trading so far, bp", range: range),
      y: Chart.Axis(label: "", range: -0.7...(Double(count) - 0.3), marks: []))
    chart.height = 100 + 19 * count
    chart.left = 14 + (bars.map { textWidth($0.label, Chart.smallFont) }.max() ?? 60)
    chart.hasRowLines = false
    for (place, bar) in (bars + [Bar(label: "all", amount: total)]).enumerated() {
      let y = Double(count - 1 - place)
      let isSum = place == bars.count
      let (from, to) = isSum ? (0, total) : (ends[place], ends[place + 1])
      let color = isSum ? Palette.trade : bar.amount < 0 ? Palette.loss : Palette.gain
      chart.rectangle(min(from, to)...max(from, to), (y - 0.34)...(y + 0.34), color)
      if !isSum { chart.line(from: (to, y), to: (to, y - 1), Palette.border, width: 0.7) }
      chart.text(bar.label, at: (range.lowerBound, y), "right", Palette.text, offset: (-6, 0))
      let isRight = to >= from
      let words = bar.amount < 0 ? "−" + (-bar.amount).compact(5) : "+" + bar.amount.compact(5)
      chart.text(
        words, at: (to, y), isRight ? "left" : "right", Palette.text,
        offset: (isRight ? 5 : -5, 0))
    }
    chart.line(
      from: (0, chart.y.range.lowerBound), to: (0, chart.y.range.upperBound), Palette.text,
      width: 1, isBehind: true)
    return Figure(
      name: name, title: title,
      caption:
        "Each trade against not having made it, on the same path to its end; drift, cost and "
        + "tax in basis points of value. Blue: gains; orange: losses; they sum to the last bar.",
      size: (Figure.width, chart.height), script: chart.script(plots: []))
  }
}
