import Foundation

/// Curves with bands around them, named at their ends: learning curves, performance profiles.
public struct BandCurves: Sendable {
  /// A curve, and what it may be.
  public struct Curve: Sendable, Hashable {
    public var name: String
    public var points: [Point]

    public init(name: String, points: [Point]) { (self.name, self.points) = (name, points) }
  }

  public struct Point: Sendable, Hashable {
    public var x: Double
    public var y: Double
    /// The band, of which y need not be the middle.
    public var low: Double
    public var high: Double

    public init(x: Double, y: Double, low: Double, high: Double) {
      (self.x, self.y, self.low, self.high) = (x, y, low, high)
    }
  }

  public var name: String
  public var title: String
  public var caption: String
  /// With units.
  public var xLabel: String
  public var yLabel: String
  public var curves: [Curve]
  /// A level to be compared with, drawn across and named.
  public var level: (name: String, y: Double)?
  /// What x is shown in units of, as 10⁶.
  public var xScale = 1.0
  /// Whether names stand beside the curves where those are farthest apart, not at their ends: for
  /// curves that end at the same place.
  public var namesCurves = false
  /// Whether both axes are logarithmic; all numbers are above 0 then.
  public var isLogarithmic = false
  /// The range of y where it is known beforehand.
  public var yRange: ClosedRange<Double>?

  public init(
    name: String, title: String, caption: String, xLabel: String, yLabel: String, curves: [Curve]
  ) {
    (self.name, self.title, self.caption) = (name, title, caption)
    (self.xLabel, self.yLabel, self.curves) = (xLabel, yLabel, curves)
  }

  public var figure: Figure {
    let all = curves.flatMap(\.points)
    var chart = Chart(
      title: title,
      x: axis(xLabel, all.map { $0.x / xScale }, air: 0),
      y: axis(yLabel, all.flatMap { [$0.low, $0.high] } + (level.map { [$0.y] } ?? []), air: 0.06))
    if let yRange { chart.y.range = yRange }
    if !namesCurves {
      chart.right = 14 + (curves.map { textWidth(label($0), Chart.smallFont) }.max() ?? 0)
    }
    if let level {
      chart.line(
        from: (chart.x.range.lowerBound, level.y), to: (chart.x.range.upperBound, level.y),
        Palette.optimum, width: 1.5, dash: "(6,4)")
      chart.text(
        level.name, at: (chart.x.range.lowerBound, level.y), "left", Palette.optimum,
        offset: (6, 9))
    }
    if namesCurves { nameBeside(&chart) } else { nameEnds(&chart) }
    return Figure(
      name: name, title: title, caption: caption, size: (Figure.width, chart.height),
      script: chart.script(data: curves.indices.map(data), plots: plots))
  }

  private func axis(_ label: String, _ numbers: [Double], air: Double) -> Chart.Axis {
    guard isLogarithmic else { return Chart.Axis(label: label, range: spanning(numbers, air: air)) }
    let powers = spanning(numbers.map { log10($0) }, air: air)
    return Chart.Axis(
      label: label, range: pow(10, powers.lowerBound)...pow(10, powers.upperBound),
      isLogarithmic: true)
  }

  private func label(_ curve: Curve) -> String { shortName(curve.name).clipped(20) }

  private func data(_ index: Int) -> String {
    let lines = curves[index].points.map { "\($0.x / xScale) \($0.y) \($0.low) \($0.high)" }
    return (["$curve\(index) << END"] + lines + ["END"]).joined(separator: "\n")
  }

  /// Bands first, so that no band covers a line.
  private var plots: [String] {
    curves.indices.map {
      "$curve\($0) using 1:3:4 with filledcurves fc rgb '\(Palette.series($0))' "
        + "fs transparent solid 0.18 noborder"
    }
      + curves.indices.map {
        "$curve\($0) using 1:2 with lines lw 2.2 lc rgb '\(Palette.series($0))'"
      }
  }

  /// Names beside the curves: places of every curve are kept free, and each is named where others are
  /// far.
  private func nameBeside(_ chart: inout Chart) {
    for point in curves.flatMap(\.points) {
      chart.occupy(point.x / xScale, point.y, radius: 3)
    }
    for (index, curve) in curves.enumerated() {
      func room(_ point: Point) -> Double {
        let place = chart.pixel(point.x / xScale, point.y)
        let others = curves.indices.filter { $0 != index }.flatMap { curves[$0].points }
        return others.map {
          let other = chart.pixel($0.x / xScale, $0.y)
          return hypot(other.x - place.x, other.y - place.y)
        }.min() ?? 0
      }
      // Where nothing is left to tell apart, nothing is to be named.
      let span = spanning(curve.points.map(\.y), air: -0.12)
      let inner = curve.points.filter { span.contains($0.y) }
      for point in inner.sorted(by: { room($0) > room($1) }).prefix(12)
      where chart.name(
        label(curve), at: point.x / xScale, point.y, Palette.series(index))
      {
        break
      }
    }
  }

  /// Names to the right of the curves' ends, moved apart where they would touch.
  private func nameEnds(_ chart: inout Chart) {
    let height = Double(Chart.smallFont) + 3
    let ends = curves.enumerated().compactMap { index, curve in
      curve.points.last.map { (index: index, y: chart.pixel($0.x / xScale, $0.y).y) }
    }.sorted { $0.y < $1.y }
    var places = ends.map(\.y)
    for _ in 0..<50 {
      for i in places.indices.dropFirst() where places[i] - places[i - 1] < height {
        let overlap = (height - places[i] + places[i - 1]) / 2
        (places[i - 1], places[i]) = (places[i - 1] - overlap, places[i] + overlap)
      }
      if let lowest = places.first, lowest < chart.bottom + 6 { places[0] = chart.bottom + 6 }
    }
    for (end, place) in zip(ends, places) {
      guard let last = curves[end.index].points.last else { continue }
      chart.text(
        label(curves[end.index]), at: (chart.x.range.upperBound, last.y), "left",
        Palette.series(end.index), offset: (6, place - end.y))
    }
  }
}

/// A range that holds all finite numbers, with a little air.
func spanning(_ numbers: [Double], air: Double = 0.06) -> ClosedRange<Double> {
  let finite = numbers.filter(\.isFinite)
  guard let low = finite.min(), let high = finite.max() else { return 0...1 }
  let margin = high > low ? (high - low) * air : max(abs(high) * 0.1, 1e-9)
  return (low - margin)...(high + margin)
}
