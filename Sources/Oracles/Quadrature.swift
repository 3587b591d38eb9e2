import Algebra
import Foundation

/// Nodes and weights for integrals over an interval, with panels between given breakpoints.
package struct Quadrature: Sendable {
  /// Ascending.
  package private(set) var nodes: [Double] = []
  package private(set) var weights: [Double] = []
  /// What the panels cover.
  private(set) var bounds: ClosedRange<Double>

  /// Gauss–Legendre panels no wider than `panelWidth`; no panel contains a breakpoint inside.
  package init(from low: Double, to high: Double, breakpoints: [Double], panelWidth: Double) {
    bounds = low...high
    let cuts = [low] + breakpoints.filter { $0 > low && $0 < high }.sorted() + [high]
    for (a, b) in zip(cuts, cuts.dropFirst()) where b > a {
      append(from: a, to: b, panels: Int(((b - a) / panelWidth).rounded(.up)))
    }
  }

  private mutating func append(from low: Double, to high: Double, panels: Int) {
    let half = (high - low) / Double(panels) / 2
    for panel in 0..<panels {
      let centre = low + half * Double(2 * panel + 1)
      for (x, weight) in Self.rule {
        nodes.append(centre + half * x)
        weights.append(half * weight)
      }
    }
  }

  /// The 12-point rule on [−1, 1].
  private static let rule = gaussLegendre(12)

  /// Nodes as roots of the Legendre polynomial by Newton's method, weights 2 / ((1 − x²) P′(x)²).
  static func gaussLegendre(_ count: Int) -> [(node: Double, weight: Double)] {
    (0..<count).map { i in
      var x = -cos(Double.pi * (Double(i) + 0.75) / (Double(count) + 0.5))
      var slope = 0.0
      for _ in 0..<100 {
        var (previous, value) = (1.0, x)
        for n in 2...count {
          let n = Double(n)
          (previous, value) = (value, ((2 * n - 1) * x * value - (n - 1) * previous) / n)
        }
        slope = Double(count) * (x * value - previous) / (x * x - 1)
        let step = value / slope
        x -= step
        if abs(step) < 1e-16 { break }
      }
      return (x, 2 / ((1 - x * x) * slope * slope))
    }
  }

  /// Two sets of panels, the first below the second.
  init(below low: Quadrature, above high: Quadrature) {
    nodes = low.nodes + high.nodes
    weights = low.weights + high.weights
    bounds = low.bounds.lowerBound...high.bounds.upperBound
  }

  /// The mean of values at the nodes under a normal law, over the mass that the nodes have.
  ///
  /// Eight nodes at a time; those of the last eight beyond the reach weigh nothing to speak of.
  package func normalMean(
    of values: [Double], centre: Double, deviation: Double, reach: Double
  ) -> Double {
    let near = range(from: centre - reach * deviation, to: centre + reach * deviation)
    let (middle, scale) = (SIMD8(repeating: centre), SIMD8(repeating: 1 / deviation))
    var sum = SIMD8<Double>()
    var mass = SIMD8<Double>()
    for first in stride(from: near.lowerBound, to: near.upperBound, by: 8) {
      let x = (eight(nodes, first, or: .infinity) - middle) * scale
      let share = eight(weights, first, or: 0) * SIMD8<Double>.exp(-0.5 * x * x)
      sum += share * eight(values, first, or: 0)
      mass += share
    }
    return sum.sum() / mass.sum()
  }

  /// Eight numbers, and a substitute for those beyond the end.
  private func eight(
    _ numbers: [Double], _ first: Int, or substitute: Double
  ) -> SIMD8<Double> {
    if first + 8 <= numbers.count { return SIMD8(numbers, from: first) }
    var lanes = SIMD8(repeating: substitute)
    for i in first..<numbers.count { lanes[i - first] = numbers[i] }
    return lanes
  }

  /// The indices of the nodes in [low, high].
  package func range(from low: Double, to high: Double) -> Range<Int> {
    let first = nodes.partitioningIndex { $0 >= low }
    let last = nodes.partitioningIndex { $0 > high }
    return first..<max(first, last)
  }
}

extension Array {
  /// The first index whose element satisfies a predicate that is false, then true.
  fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
