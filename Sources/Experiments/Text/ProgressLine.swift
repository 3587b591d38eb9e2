import Foundation

/// What is shown of a training while it runs.
public struct ProgressLine: Sendable {
  public var title: String
  public var steps: Int
  public var totalSteps: Int
  public var stepsPerSecond: Double
  /// Left, or in all where all steps are done.
  public var seconds: Double
  /// `reward` or `eval`.
  public var scoreName: String
  public var score: Double?
  public var arrow: String

  public init(
    title: String, steps: Int, totalSteps: Int, stepsPerSecond: Double, seconds: Double,
    scoreName: String, score: Double?, arrow: String
  ) {
    self.title = title
    self.steps = steps
    self.totalSteps = totalSteps
    self.stepsPerSecond = stepsPerSecond
    self.seconds = seconds
    self.scoreName = scoreName
    self.score = score
    self.arrow = arrow
  }

  private var share: Double { min(Double(steps) / Double(max(totalSteps, 1)), 1) }

  /// For a terminal: at most 79 columns, so that none wraps; the bar takes what the rest leaves.
  public var terminal: String {
    let name = title.count > 14 ? "…" + title.suffix(13) : title
    let text = parts.joined(separator: "  ")
    let width = max(4, min(20, 79 - name.count - text.count - 4))
    let filled = Int(share * Double(width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
    return String("\(name)  \(bar)  \(text)".prefix(79))
  }

  /// For a file.
  public var plain: String {
    "\(title): step \(steps) of \(totalSteps), " + parts.joined(separator: ", ")
  }

  private var parts: [String] {
    let time = Self.duration(seconds) + (steps >= totalSteps ? " in all" : " left")
    let trend = arrow.isEmpty ? "" : " " + arrow
    return ["\(Int(share * 100)) %", Self.speed(stepsPerSecond), time]
      + (score.map { ["\(scoreName) \(Self.digits($0))\(trend)"] } ?? [])
  }

  static func speed(_ value: Double) -> String {
    switch value {
    case 1e6...: "\((value / 1e6).fixed(value < 1e7 ? 2 : 1)) M steps/s"
    case 1e3...: "\((value / 1e3).fixed(0)) k steps/s"
    default: "\(value.fixed(0)) steps/s"
    }
  }

  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e8 else { return "∞" }
    let whole = Int(seconds.rounded(.up))
    switch whole {
    case ..<100: return "\(whole) s"
    case ..<6000: return "\(whole / 60) min \(whole % 60 / 10 * 10) s"
    case ..<360_000: return "\(whole / 3600) h \(whole % 3600 / 60) min"
    default: return "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
    }
  }

  /// Four significant digits.
  static func digits(_ value: Double) -> String {
    let size = abs(value)
    guard value.isFinite, size < 1e7, size == 0 || size >= 1e-4 else { return "\(Float(value))" }
    return value.fixed(size == 0 ? 0 : max(0, 3 - Int(log10(size).rounded(.down))))
  }
}
