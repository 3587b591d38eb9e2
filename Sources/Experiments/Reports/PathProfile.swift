import Algebra
import Rebalancing
import Statistics

/// How the cost of policies spreads over paths: the share of paths on which each costs more than τ.
struct PathProfile {
  let figure: Figure
  let table: ReportTable

  /// Thresholds along a profile.
  private static let places = 80

  /// - Parameters:
  ///   - costs: per policy its costs on the same paths, basis points per year.
  init(names: [String], costs: [[Double]], seed: UInt64) throws {
    let range = spanning(costs.flatMap { $0 }, air: 0.02)
    let thresholds = (0...Self.places).map {
      range.lowerBound
        + (range.upperBound - range.lowerBound) * Double($0) / Double(Self.places)
    }
    let bootstrap = Bootstrap(
      source: RandomSource(seed: seed), resampling: .items, replicates: 1_000)
    var curves: [BandCurves.Curve] = []
    for (name, costs) in zip(names, costs) {
      let profile = try PerformanceProfile(
        ScoreTable([costs]), thresholds: thresholds, bootstrap)
      curves.append(
        BandCurves.Curve(
          name: name,
          points: profile.points.map {
            BandCurves.Point(
              x: $0.threshold, y: $0.share.estimate * 100, low: $0.share.low * 100,
              high: $0.share.high * 100)
          }))
    }
    let paths = costs.first?.count ?? 0
    var drawn = BandCurves(
      name: "performance-profile", title: "How the cost spreads over paths",
      caption:
        "The share of \(paths) paths on which a policy costs more than the amount below; left "
        + "and lower is better. Bands: 95 % bootstrap intervals.",
      xLabel: "cost τ, bp per year", yLabel: "paths that cost more than τ, %", curves: curves)
    drawn.yRange = 0...100
    drawn.namesCurves = true
    figure = drawn.figure
    table = ReportTable(
      name: "path-costs", title: "Cost over \(paths) paths",
      columns: [.init("policy", isNumeric: false)]
        + ["10 %", "50 %", "90 %"].map { .init($0, unit: "bp per year") },
      rows: zip(names, costs).map { name, costs in
        let sorted = costs.sorted()
        return [ReportTable.Cell(shortName(name))]
          + [0.1, 0.5, 0.9].map { share in
            let place = Int((share * Double(sorted.count - 1)).rounded())
            return ReportTable.Cell(sorted[place], decimals: 3)
          }
      },
      note: "A tenth, half and nine tenths of the paths cost at most this.")
  }

  /// Costs of policies on the same episodes, basis points per year.
  static func costs(
    of policies: [any Trigger], on task: RebalancingTask, paths: Int, seed: UInt64
  ) throws(SpecError) -> [[Double]] {
    let years = Double(task.horizon) / task.stepsPerYear
    var costs: [[Double]] = []
    for policy in policies {
      var own: [Double] = []
      for path in 0..<UInt32(paths) {
        let totals = try Simulation(task, policy: policy, seed: seed, episode: path).totals
        own.append((totals.drift + totals.transaction + totals.tax) / years)
      }
      costs.append(own)
    }
    return costs
  }
}
