import Foundation

/// The frame of a figure with known places in pixels: axes, grid, title, and labels beside points.
struct Chart {
  /// An axis and its range.
  struct Axis {
    var label: String
    var range: ClosedRange<Double>
    var isLogarithmic = false
    /// Marks with words of their own; gnuplot's if absent.
    var marks: [(value: Double, label: String)]?

    /// 0 at the lower end of the range, 1 at the upper.
    func share(_ value: Double) -> Double {
      guard isLogarithmic else {
        return (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      }
      return log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
  }

  var title: String
  var x: Axis
  var y: Axis
  var height = 380
  /// Pixels around the axes.
  var left = 66.0
  var right = 16.0
  var top = 38.0
  var bottom = 54.0
  /// Whether lines are drawn across at the marks of y.
  var hasRowLines = true
  /// Lines of the script between the frame and the plot.
  private(set) var decorations: [String] = []
  private var placement = LabelPlacement()

  static let smallFont = 12
  private var width: Double { Double(Figure.width) }

  init(title: String, x: Axis, y: Axis) {
    (self.title, self.x, self.y) = (title, x, y)
  }

  /// Pixels from the left and from the bottom.
  func pixel(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
    (
      left + self.x.share(x) * (width - left - right),
      bottom + self.y.share(y) * (Double(height) - top - bottom)
    )
  }

  /// The script of the figure.
  ///
  /// - Parameter plots: the parts of gnuplot's `plot`; a frame alone where there are none.
  func script(data: [String] = [], plots: [String]) -> String {
    let curves = plots.isEmpty ? ["NaN notitle"] : plots
    return (data + [frame] + decorations + ["plot " + curves.joined(separator: ", \\\n  ")])
      .joined(separator: "\n")
  }

  private var frame: String {
    let h = Double(height)
    return """
      set label \(Gnuplot.quoted(title.clipped(66))) at screen 0.012, screen \((h - 16) / h) left \
      font ',15' tc rgb '\(Palette.text)'
      set lmargin at screen \(left / width)
      set rmargin at screen \(1 - right / width)
      set tmargin at screen \(1 - top / h)
      set bmargin at screen \(bottom / h)
      set border 3 lc rgb '\(Palette.border)'
      set tics nomirror scale 0.5 textcolor rgb '\(Palette.text)' font ',\(Self.smallFont)'
      set grid \(hasRowLines ? "xtics ytics" : "xtics") lt 1 lw 0.7 lc rgb '\(Palette.grid)'
      unset key
      set xtics offset 0,0.3
      set ytics offset 0.5,0
      set label \(Gnuplot.quoted(x.label)) at screen \((left + width - right) / 2 / width), \
      screen \(11 / h) center tc rgb '\(Palette.text)'
      set label \(Gnuplot.quoted(y.label)) at screen \(13 / width), \
      screen \((bottom + h - top) / 2 / h) center rotate by 90 tc rgb '\(Palette.text)'
      \(Self.axis("x", x))
      \(Self.axis("y", y))
      """
  }

  private static func axis(_ name: String, _ axis: Axis) -> String {
    var lines = ["set \(name)range [\(axis.range.lowerBound):\(axis.range.upperBound)]"]
    if axis.isLogarithmic { lines.append("set logscale \(name)") }
    if let marks = axis.marks {
      let list = marks.map { "\(Gnuplot.quoted($0.label)) \($0.value)" }
      lines.append(
        list.isEmpty ? "unset \(name)tics" : "set \(name)tics (\(list.joined(separator: ", ")))")
    }
    return lines.joined(separator: "\n")
  }

  // MARK: - Decorations

  mutating func add(_ line: String) { decorations.append(line) }

  /// A rectangle in the units of the axes.
  mutating func rectangle(
    _ x: ClosedRange<Double>, _ y: ClosedRange<Double>, _ color: String, isBehind: Bool = false
  ) {
    decorations.append(
      "set object rectangle from \(x.lowerBound), \(y.lowerBound) to \(x.upperBound), "
        + "\(y.upperBound) fc rgb '\(color)' fs solid 1 noborder "
        + (isBehind ? "behind" : "back"))
  }

  /// A line in the units of the axes.
  mutating func line(
    from a: (Double, Double), to b: (Double, Double), _ color: String, width: Double = 1.5,
    dash: String? = nil, isBehind: Bool = false
  ) {
    decorations.append(
      "set arrow from \(a.0), \(a.1) to \(b.0), \(b.1) nohead lw \(width) "
        + (dash.map { "dt \($0) " } ?? "") + "lc rgb '\(color)' \(isBehind ? "back" : "front")")
  }

  /// Words at a place in the units of the axes.
  mutating func text(
    _ text: String, at place: (Double, Double), _ alignment: String, _ color: String,
    offset: (Double, Double) = (0, 0), size: Int = smallFont
  ) {
    let pixel = pixel(place.0, place.1)
    write(text, (pixel.x + offset.0, pixel.y + offset.1), alignment, color, size)
  }

  private mutating func write(
    _ text: String, _ pixel: (Double, Double), _ alignment: String, _ color: String, _ size: Int
  ) {
    decorations.append(
      "set label \(Gnuplot.quoted(text)) at screen \(pixel.0 / width), screen "
        + "\(pixel.1 / Double(height)) \(alignment) font ',\(size)' tc rgb '\(color)' front")
  }

  /// Keeps labels off a place that something is drawn at.
  mutating func occupy(_ x: Double, _ y: Double, radius: Double = 5) {
    let place = pixel(x, y)
    placement.occupy(place.x, place.y, radius)
  }

  /// A name beside a place, where it covers nothing; left out where there is no room.
  ///
  /// - Returns: whether there was.
  @discardableResult
  mutating func name(_ text: String, at x: Double, _ y: Double, _ color: String) -> Bool {
    let (place, size) = (pixel(x, y), Self.smallFont)
    let bounds = LabelPlacement.Box(
      left: left + 1, right: width - 2, bottom: bottom + 1, top: Double(height) - top + 6)
    guard
      let found = placement.place(
        width: textWidth(text, size), height: Double(size) + 2, beside: place, within: bounds)
    else { return false }
    if found.isFar {
      let (w, h) = (width, Double(height))
      decorations.append(
        "set arrow from screen \(place.x / w), screen \(place.y / h) to screen "
          + "\(found.anchor.x / w), screen \(found.anchor.y / h) nohead lw 0.7 "
          + "lc rgb '\(Palette.border)' front")
    }
    write(text, (found.box.left, found.box.bottom + Double(size) / 2 + 1), "left", color, size)
    return true
  }
}

/// How wide a text is in a sans-serif type, about, in pixels.
func textWidth(_ text: String, _ size: Int) -> Double {
  text.reduce(0) { width, character in
    width
      + (".,:;'|il()[] ".contains(character) ? 0.33 : "mwMW%—…".contains(character) ? 0.85 : 0.57)
  } * Double(size)
}
