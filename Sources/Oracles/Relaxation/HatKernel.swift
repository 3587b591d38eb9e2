import Foundation

/// Expectations of piecewise linear functions under a normal law, at the nodes of an even grid.
///
/// With C(a) = E (x − a)⁺ = (m − a) Φ((m − a)/s) + s φ((m − a)/s) the hat around node j has the weight
/// [C(j−1) − 2 C(j) + C(j+1)] / width; beyond the grid functions are constant.
struct HatKernel: Sendable {
  /// The weight of the node `index − reach` steps away.
  let weights: [Double]
  let reach: Int

  /// - Parameters:
  ///   - mean: m, in the units of the grid.
  ///   - deviation: s; may be 0.
  ///   - width: from node to node.
  init(mean: Double, deviation: Double, width: Double) {
    reach = Int(((9 * deviation + abs(mean)) / width).rounded(.up)) + 1
    func excess(_ node: Int) -> Double {
      let gap = mean - Double(node) * width
      guard deviation > 0 else { return max(gap, 0) }
      let x = gap / deviation
      return gap * 0.5 * erfc(-x / 2.0.squareRoot()) + deviation * normalDensity(x)
    }
    weights = (-reach...reach).map {
      (excess($0 - 1) - 2 * excess($0) + excess($0 + 1)) / width
    }
  }

  func expectation(_ values: ArraySlice<Double>) -> [Double] {
    guard let low = values.first, let high = values.last else { return [] }
    let padded =
      Array(repeating: low, count: reach) + values + Array(repeating: high, count: reach)
    let (padding, weights) = (padded.span, weights.span)
    return (0..<values.count).map { node in
      var sum = 0.0
      for k in weights.indices { sum += weights[k] * padding[node &+ k] }
      return sum
    }
  }
}
