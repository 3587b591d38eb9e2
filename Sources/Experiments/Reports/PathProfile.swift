import Algebra
import Statistics

/// How the cost of policies spreads over paths: the share of paths on which each costs more than τ.
struct PathProfile {
  var figure: Figure
  var table: ReportTable

  /// Thresholds along a profile.
  private static let places = 80

  /// - Parameters:
  ///   - families: policies that differ in nothing but the training seed, in the order of the legend.
  ///   - scores: with their samples.
  /// - Returns: `nil` where nothing was sampled.
  init?(
    _ families: [String], _ scores: [StoredScore], stepsPerYear: Double, seed: UInt64
  ) throws {
    var costs: [(name: String, table: ScoreTable)] = []
    for family in families {
      let own = scores.filter { $0.family == family }.map { score in
        score.samples.map { $0.cost / $0.steps * stepsPerYear * 1e4 }
      }
      if let table = try? ScoreTable(own) { costs.append((family, table)) }
    }
    guard let paths = costs.first?.table.items, paths > 1 else { return nil }
    let range = spanning(costs.flatMap(\.table.values), air: 0.02)
    let thresholds = (0...Self.places).map {
      range.lowerBound
        + (range.upperBound - range.lowerBound) * Double($0) / Double(Self.places)
    }
    let bootstrap = Bootstrap(source: RandomSource(seed: seed), replicates: 500)
    var curves: [BandCurves.Curve] = []
    for (name, table) in costs {
      let profile = try PerformanceProfile(table, thresholds: thresholds, bootstrap)
      curves.append(
        BandCurves.Curve(
          name: name,
          points: profile.points.map {
            BandCurves.Point(
              x: $0.threshold, y: $0.share.estimate * 100, low: $0.share.low * 100,
              high: $0.share.high * 100)
          }))
    }
    var drawn = BandCurves(
      name: "performance-profile", title: "How the cost spreads over paths",
      caption:
        "The share of \(paths) paths (of each seed) on which a policy costs more than the amount "
        + "below; left and lower is better. Bands: 95 % bootstrap intervals over seeds and paths.",
      xLabel: "cost τ, bp per year", yLabel: "paths that cost more than τ, %", curves: curves)
    drawn.yRange = 0...100
    drawn.namesCurves = true
    figure = drawn.figure
    table = ReportTable(
      name: "path-costs", title: "Cost over \(paths) paths",
      columns: [.init("policy", isNumeric: false)]
        + ["10 %", "50 %", "90 %"].map { .init($0, unit: "bp per year") },
      rows: costs.map { name, table in
        let sorted = table.values.sorted()
        return [ReportTable.Cell(shortName(name))]
          + [0.1, 0.5, 0.9].map { share in
            let place = Int((share * Double(sorted.count - 1)).rounded())
            return ReportTable.Cell(sorted[place], decimals: 3)
          }
      },
      note: "A tenth, half and nine tenths of the paths cost at most this.")
  }
}
