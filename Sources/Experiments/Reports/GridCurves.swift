import Foundation
import Statistics

/// How far policies are from the optimum as one key of the environment goes through its grid.
struct GridCurves {
  /// The key whose values are the points.
  let key: String
  /// The cases, in the order of the key's values, with those.
  let points: [(value: Double, name: String)]

  /// The grids of an experiment that have one key, of three positive numbers or more.
  static func all(in cases: [ExperimentCase]) -> [GridCurves] {
    var grids: [(place: String, curves: GridCurves)] = []
    for own in cases where own.gridPoint.count == 1 && own.scores.contains(.exact) {
      let parts = own.gridPoint[0].split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let value = Double(parts[1]), value > 0 else { continue }
      let key = String(parts[0])
      let place = own.name.dropLast(own.gridPoint[0].count) + key
      let before = grids.last?.place == String(place) ? grids.removeLast().curves.points : []
      let points = (before + [(value, own.name)]).sorted { $0.value < $1.value }
      grids.append((String(place), GridCurves(key: key, points: points)))
    }
    return grids.map(\.curves).filter { $0.points.count > 2 }
  }

  /// The figure of the exact costs; `nil` where no policy has one at every point.
  ///
  /// - Parameters:
  ///   - number: tells figures of several grids apart.
  ///   - results: of all cases.
  func figure(
    number: Int, results: [CaseResult], store: RunStore
  ) throws -> Figure? {
    var costs: [String: [BandCurves.Point]] = [:]
    var families: [String] = []
    for point in points {
      guard let exact = results.first(where: { $0.name == point.name })?.exact else { return nil }
      let scores = try store.scores(EvaluationKey(caseName: point.name, stage: "exact"))
      for family in scores.map(\.family).unique {
        let own = scores.filter { $0.family == family }
        let gaps = own.compactMap { $0.figures[.cost] }.map {
          max(($0 / exact.optimum.unrestricted - 1) * 100, Self.least)
        }
        // A median over some of the seeds would hide those that learned nothing.
        guard gaps.count == own.count, let low = gaps.min(), let high = gaps.max() else { continue }
        costs[family, default: []].append(
          .init(x: point.value, y: median(gaps), low: low, high: high))
        if !families.contains(family) { families.append(family) }
      }
    }
    let curves = families.compactMap { family in
      costs[family].flatMap {
        $0.count > 1 ? BandCurves.Curve(name: family, points: $0) : nil
      }
    }
    guard !curves.isEmpty else { return nil }
    var figure = BandCurves(
      name: "grid-\(number)", title: "Above the optimum, as \(key) grows",
      caption: "Exact cost above the optimum over any trade, median over seeds and their range; "
        + "both axes are logarithmic, and less than \(Self.least) % is drawn as that.",
      xLabel: key, yLabel: "above the optimum, %", curves: curves)
    figure.isLogarithmic = true
    return figure.figure
  }

  /// Percent; less is nothing that a reader cares for.
  private static let least = 0.01
}
