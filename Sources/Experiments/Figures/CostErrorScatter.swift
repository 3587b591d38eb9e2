import Foundation

/// What policies pay in turnover for staying near the target, over what is possible at best.
public struct CostErrorScatter: Sendable {
  /// A policy.
  public struct Point: Sendable, Hashable {
    public var name: String
    /// Tracking error averaged within the step, basis points per √year.
    public var trackingError: Double
    /// One-way, percent per year.
    public var turnover: Double
    public var isLearned: Bool

    public init(name: String, trackingError: Double, turnover: Double, isLearned: Bool) {
      (self.name, self.trackingError) = (name, trackingError)
      (self.turnover, self.isLearned) = (turnover, isLearned)
    }
  }

  /// A law turnover × tracking error = constant.
  public struct Frontier: Sendable, Hashable {
    public var name: String
    /// Turnover in percent times tracking error in basis points.
    public var product: Double
    /// Whether nothing can lie below it.
    public var isLimit: Bool

    public init(name: String, product: Double, isLimit: Bool) {
      (self.name, self.product, self.isLimit) = (name, product, isLimit)
    }
  }

  public var name = "cost-error"
  public var title = "Turnover against tracking error"
  public var points: [Point]
  public var frontiers: [Frontier]

  public init(points: [Point], frontiers: [Frontier]) {
    (self.points, self.frontiers) = (points, frontiers)
  }

  public var figure: Figure {
    let drawn = points.filter { $0.trackingError > 0 && $0.turnover > 0 }
    let x = Self.logRange(drawn.map(\.trackingError))
    let y = Self.logRange(
      drawn.map(\.turnover)
        + frontiers.map { $0.product / (x.lowerBound * x.upperBound).squareRoot() })
    var chart = Chart(
      title: title,
      x: Chart.Axis(
        label: "tracking error within the step, bp per √year", range: x, isLogarithmic: true,
        marks: Self.marks(x)),
      y: Chart.Axis(
        label: "turnover, % per year", range: y, isLogarithmic: true, marks: Self.marks(y)))
    chart.height = 440
    for point in drawn {
      chart.occupy(point.trackingError, point.turnover, radius: point.isLearned ? 8 : 5)
    }
    for frontier in frontiers { draw(frontier, in: &chart) }
    nameAll(drawn, in: &chart)
    return Figure(
      name: name, title: title, caption: caption, size: (Figure.width, chart.height),
      script: chart.script(
        data: [
          data("rules", drawn.filter { !$0.isLearned }), data("learned", drawn.filter(\.isLearned)),
        ],
        plots: [
          "$rules with points pt 7 ps 0.7 lc rgb '\(Palette.rule)'",
          "$learned with points pt 9 ps 1.0 lc rgb '\(Palette.learned)'",
        ]))
  }

  /// The learned ones, which are looked for, have the first choice of places; seeds of one agent, which
  /// lie close together, have one name.
  private func nameAll(_ drawn: [Point], in chart: inout Chart) {
    var named: Set<String> = []
    for point in drawn.filter(\.isLearned) {
      let agent = point.name.replacing(#/[-/]seed-\d+$/#, with: "")
      let seeds = drawn.filter {
        $0.isLearned && $0.name.replacing(#/[-/]seed-\d+$/#, with: "") == agent
      }
      guard named.insert(agent).inserted else { continue }
      let name =
        seeds.count > 1 ? "\(shortName(agent)), \(seeds.count) seeds" : shortName(point.name)
      chart.name(name, at: point.trackingError, point.turnover, Palette.learned)
    }
    for point in drawn.filter({ !$0.isLearned }) {
      chart.name(shortName(point.name), at: point.trackingError, point.turnover, Palette.rule)
    }
  }

  private func data(_ name: String, _ points: [Point]) -> String {
    // A place off the figure: gnuplot takes no empty block.
    let lines = points.map { "\($0.trackingError) \($0.turnover)" } + ["NaN NaN"]
    return (["$\(name) << END"] + lines + ["END"]).joined(separator: "\n")
  }

  private func draw(_ frontier: Frontier, in chart: inout Chart) {
    let (x, y) = (chart.x.range, chart.y.range)
    let left = max(x.lowerBound, frontier.product / y.upperBound)
    let right = min(x.upperBound, frontier.product / y.lowerBound)
    guard left < right else { return }
    chart.line(
      from: (left, frontier.product / left), to: (right, frontier.product / right),
      Palette.optimum, width: frontier.isLimit ? 2 : 1.2, dash: frontier.isLimit ? nil : "(6,4)")
    for step in 0...160 {
      let place = left * pow(right / left, Double(step) / 160)
      chart.occupy(place, frontier.product / place, radius: 3)
    }
    // From its lower end up, the first place with room.
    for share in stride(from: 0.9, to: 0.1, by: -0.05) {
      let place = left * pow(right / left, share)
      if chart.name(frontier.name, at: place, frontier.product / place, Palette.optimum) { break }
    }
  }

  private var caption: String {
    let missing = points.count { $0.trackingError <= 0 || $0.turnover <= 0 }
    let rest = missing > 0 ? " \(missing) without trades or without error are not drawn." : ""
    return
      "Blue dots: rules; orange triangles: learned. Without predictable returns no policy lies "
      + "below the solid line.\(rest)"
  }

  private static func logRange(_ numbers: [Double]) -> ClosedRange<Double> {
    guard let low = numbers.min(), let high = numbers.max(), low > 0 else { return 1...100 }
    return low / 1.35...high * 1.35
  }

  /// 1, 2, 5 and 10 of every decade within a range; more where there are few.
  private static func marks(_ range: ClosedRange<Double>) -> [(value: Double, label: String)] {
    let decades = (-6...6).map { pow(10, Double($0)) }
    for steps in [[1.0, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8]] {
      let values = decades.flatMap { decade in steps.map { $0 * decade } }.filter(range.contains)
      if values.count >= 4 || steps.count > 3 {
        return values.map { ($0, $0 >= 1 && $0 == $0.rounded() ? $0.fixed(0) : "\($0)") }
      }
    }
    return []
  }
}
