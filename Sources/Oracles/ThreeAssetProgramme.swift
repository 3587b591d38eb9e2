import Algebra

/// Rebalancing three assets over some months, solved by dynamic programming on a grid of weights.
///
/// With k months left, J_k(w) = min over v of c·|v − w| + A_k(v) before a decision and
/// A_k(v) = drift(v) + E J_{k−1}(v after a move) after it, J_0 = 0. The cost to show is E J at w*
/// before the first move.
///
/// Anywhere: v is a node, and J is bilinear between nodes, which lies above the convex J: at steps of
/// 1, ½, ¼ % the values fall towards the continuous one by about a quarter of the difference each
/// time. Over fractions: J has kinks where the fraction changes, but A is smooth, so J is computed
/// from a cubic A wherever the market leads, and the grid hardly matters below ½ %.
public struct ThreeAssetProgramme: Sendable {
  /// What a decision may do.
  public enum Actions: Sendable, Hashable {
    /// Trade to any node.
    case anywhere
    /// Go one of these fractions of the way to target; 0 is among them.
    case fractions([Double])
  }

  public let problem: ThreeAssetProblem
  public let actions: Actions
  public let grid: SimplexGrid
  /// E J before the first move, as a fraction of value.
  public let cost: Double
  /// By months left: J at the nodes where decisions go anywhere, A where they go fractions.
  let values: [[Double]]
  /// Where the best decision leads from each node, by months left; empty over fractions.
  let destinations: [[Int32]]

  /// - Parameters:
  ///   - step: of the grid; 1/step is a whole number from 20 to 1000.
  ///   - workers: threads; the result does not depend on them.
  /// - Throws: where the step or a fraction is out of range.
  public init(
    _ problem: ThreeAssetProblem, actions: Actions, step: Double, workers: Int
  ) throws(NoReferenceSolution) {
    let divisions = (1 / step).rounded()
    guard divisions >= 20, divisions <= 1000, abs(divisions * step - 1) < 1e-9 else {
      throw NoReferenceSolution(
        "the step is \(step); valid are 1/n with a whole n from 20 to 1000, for example 0.005")
    }
    if case .fractions(let fractions) = actions {
      guard fractions.contains(0), fractions.allSatisfy({ $0 >= 0 && $0 <= 1 }) else {
        throw NoReferenceSolution(
          "the actions are \(fractions); valid are fractions from 0 to 1, with 0 among them")
      }
    }
    var recursion = Recursion(
      problem: problem, actions: actions, grid: SimplexGrid(divisions: Int(divisions)),
      move: try WeightMove(problem))
    var values = [[Double](repeating: 0, count: recursion.grid.count)]
    var destinations: [[Int32]] = [[]]
    for month in 1...problem.months {
      let (next, places) = recursion.step(from: values[month - 1], workers: workers)
      values.append(next)
      destinations.append(places)
      recursion.isLast = false
    }
    cost = recursion.expectedValue(values[problem.months], from: problem.target)
    self.problem = problem
    self.actions = actions
    grid = recursion.grid
    self.values = values
    self.destinations = destinations
  }

  /// J: the cost to come before a decision at given weights.
  ///
  /// - Parameter months: decisions that are left, this one included; 0 ... `problem.months`.
  public func value(months: Int, weights: SIMD3<Double>) -> Double {
    guard months > 0 else { return 0 }
    let known = values[months]
    switch actions {
    case .anywhere: return grid.linear(known.span, first: weights.x, second: weights.y)
    case .fractions(let fractions):
      return problem.best(of: fractions, after: known.span, on: grid, weights.x, weights.y).cost
    }
  }

  /// The weights after the decision at given weights; between nodes a blend of what they do.
  public func decision(months: Int, weights: SIMD3<Double>) -> SIMD3<Double> {
    guard months > 0 else { return weights }
    switch actions {
    case .anywhere:
      let places = destinations[months]
      let (corners, shares) = grid.corners(first: weights.x, second: weights.y)
      if (0..<4).allSatisfy({ shares[$0] == 0 || places[corners[$0]] == corners[$0] }) {
        return weights
      }
      return (0..<4).reduce(SIMD3()) {
        $0 + shares[$1] * grid.weights(at: Int(places[corners[$1]]))
      }
    case .fractions(let fractions):
      let known = values[months]
      let fraction = problem.best(
        of: fractions, after: known.span, on: grid, weights.x, weights.y
      ).fraction
      return weights + fraction * (problem.target - weights)
    }
  }

  /// The nodes at which nothing is done, as weights.
  public func noTrade(months: Int) -> [SIMD3<Double>] {
    (0..<grid.count).lazy.map { grid.weights(at: $0) }.filter {
      decision(months: months, weights: $0) == $0
    }
  }
}

extension ThreeAssetProblem {
  /// The cheapest fraction of the way to target at given weights, and the cost to come; ties to the
  /// first.
  ///
  /// - Parameter held: A at the nodes.
  @inline(__always)
  func best(
    of fractions: [Double], after held: Span<Double>, on grid: SimplexGrid, _ first: Double,
    _ second: Double
  ) -> (fraction: Double, cost: Double) {
    let way = target - SIMD3(first, second, 1 - first - second)
    let price = tradingCost(way)
    var best = (fraction: 0.0, cost: Double.infinity)
    for fraction in fractions {
      let after = grid.cubic(
        held, first: first + fraction * way.x, second: second + fraction * way.y)
      let cost = fraction * price + after
      if cost < best.cost { best = (fraction, cost) }
    }
    return best
  }
}

/// One month of the programme.
private struct Recursion: Sendable {
  let problem: ThreeAssetProblem
  let actions: ThreeAssetProgramme.Actions
  let grid: SimplexGrid
  let move: WeightMove
  /// Whether no decision follows.
  var isLast = true

  /// The values with one month more, and where decisions lead.
  func step(from later: [Double], workers: Int) -> (values: [Double], destinations: [Int32]) {
    let divisions = grid.divisions
    var rows = (0...divisions).map { [Double](repeating: 0, count: divisions - $0 + 1) }
    forEachConcurrently(in: &rows, workers: workers) { i, row in
      for j in row.indices {
        let v = grid.weights(i, j)
        row[j] = problem.driftCost(v) + (isLast ? 0 : expectedValue(later, from: v))
      }
    }
    var values = Array(rows.joined())
    var places: [Int32] = []
    if actions == .anywhere {
      places = grid.minimiseOverTrades(&values, costs: problem.costs)
    }
    return (values, places)
  }

  /// E J after a move.
  func expectedValue(_ later: [Double], from weights: SIMD3<Double>) -> Double {
    let later = later.span
    switch actions {
    case .anywhere:
      return move.expectation(from: weights) { grid.linear(later, first: $0, second: $1) }
    case .fractions(let fractions):
      return move.expectation(from: weights) {
        problem.best(of: fractions, after: later, on: grid, $0, $1).cost
      }
    }
  }
}
