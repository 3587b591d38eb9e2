import Algebra
public import Foundation
import Learning
import Statistics

/// Curves of trainings over their seeds, from the logs that they leave.
public struct LearningCurves: Sendable {
  /// The trainings of one agent: a folder for each seed.
  public struct Agent: Sendable {
    public var name: String
    public var folders: [URL]
    public init(name: String, folders: [URL]) { (self.name, self.folders) = (name, folders) }
  }

  /// Places along a curve.
  private static let places = 40
  /// What is drawn, the first that every training has.
  private static let tags = [
    (
      "eval/cost_bp_per_year", "cost of the greedy policy, bp per year",
      "cost of the greedy policy on the same sampled paths"
    ),
    (
      "rollout/mean_reward", "mean reward per step",
      "mean reward per step of the exploring policy, averaged over a fortieth of the training"
    ),
  ]

  public var curves: [BandCurves.Curve]
  private var yLabel: String
  private var words: String
  private var seeds: Int

  /// - Returns: `nil` where the trainings have left no log.
  public init?(_ agents: [Agent]) {
    let logs = agents.map { agent in
      agent.folders.map { (try? EventFile.curves(in: RunFolder($0).log)) ?? [:] }
    }
    guard
      let (tag, yLabel, words) = Self.tags.first(where: { tag in
        logs.contains { $0.contains { ($0[tag.0]?.count ?? 0) > 1 } }
      })
    else { return nil }
    (self.yLabel, self.words) = (yLabel, words)
    seeds = agents.map(\.folders.count).max() ?? 0
    curves = zip(agents, logs).compactMap { agent, logs in
      let runs = logs.compactMap { $0[tag] }.filter { $0.count > 1 }
      return runs.isEmpty
        ? nil : BandCurves.Curve(name: agent.name, points: Self.points(runs))
    }
  }

  /// Interquartile means over seeds with their 95 % bootstrap intervals; one seed is its own.
  static func points(_ runs: [[EventFile.Point]]) -> [BandCurves.Point] {
    let last = runs.compactMap { $0.last?.step }.min() ?? 0
    let count = min(places, runs.map(\.count).min() ?? 0)
    return (1...max(count, 1)).compactMap { place in
      let bounds = [place - 1, place].map { Double(last) * Double($0) / Double(max(count, 1)) }
      let scores = runs.compactMap { run -> Double? in
        let values = run.filter { Double($0.step) > bounds[0] && Double($0.step) <= bounds[1] }
          .map { Double($0.value) }.filter(\.isFinite)
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      }
      guard scores.count == runs.count, let table = try? ScoreTable([scores]) else { return nil }
      let bootstrap = Bootstrap(
        source: RandomSource(seed: 0), resampling: .items, replicates: 500)
      guard
        let interval = try? bootstrap.interval(of: [table], { $0[0].interquartileMean })
      else { return nil }
      return BandCurves.Point(
        x: bounds[1], y: interval.estimate, low: interval.low, high: interval.high)
    }
  }

  public var figure: Figure {
    var drawn = BandCurves(
      name: "learning-curves", title: "Learning",
      caption: "Lines: \(words)"
        + (seeds > 1
          ? "; interquartile mean over \(seeds) seeds, bands its 95 % bootstrap intervals."
          : "; one seed."),
      xLabel: "steps of training, millions", yLabel: yLabel, curves: curves)
    drawn.xScale = 1e6
    return drawn.figure
  }
}
