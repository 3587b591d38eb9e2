/// The score of a training as it is shown while it runs: its latest value and whether it rises.
public struct ScoreTrend: Sendable {
  /// Points that a trend is taken from.
  private let window: Int
  /// Steps that a point spans; every value is a point where it is 0.
  private let span: Int
  private var points: [(steps: Double, mean: Double)] = []
  private var sum = 0.0
  private var count = 0

  public init(window: Int, span: Int = 0) {
    self.window = window
    self.span = span
  }

  /// Adds a value.
  public mutating func add(_ value: Double, at steps: Int) {
    sum += value
    count += 1
    guard span == 0 || steps / span > Int(points.last?.steps ?? 0) / max(span, 1) else { return }
    points.append((Double(steps), sum / Double(count)))
    if points.count > window { points.removeFirst() }
    (sum, count) = (0, 0)
  }

  /// The last point; before the first one, the mean so far.
  public var score: Double? {
    points.last?.mean ?? (count > 0 ? sum / Double(count) : nil)
  }

  /// ↑ or ↓ where the slope of the least-squares line through the window is more than two of its
  /// standard errors from 0, else →; nothing with fewer than four points.
  public var arrow: String {
    guard points.count >= 4 else { return "" }
    let n = Double(points.count)
    let (meanX, meanY) = (
      points.reduce(0) { $0 + $1.steps } / n, points.reduce(0) { $0 + $1.mean } / n
    )
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for point in points {
      let (x, y) = (point.steps - meanX, point.mean - meanY)
      xx += x * x
      xy += x * y
      yy += y * y
    }
    guard xx > 0 else { return "→" }
    let slope = xy / xx
    let error = (max(yy - slope * xy, 0) / (n - 2) / xx).squareRoot()
    return abs(slope) <= 2 * error ? "→" : slope > 0 ? "↑" : "↓"
  }
}
