import Algebra

/// The law of what a market of three normal simple returns does to weights, as weighted points.
///
/// Weights move to wᵢ(1 + rᵢ) / Σ wⱼ(1 + rⱼ). With r = ρ + s·1, s independent of ρ and its variance
/// 1/(1ᵀC⁻¹1) the largest possible, ρ is of two dimensions, and s only stretches what ρ does: a
/// trapezoidal rule of one deviation's step in those two, for smooth functions off by 10⁻⁸, and two
/// Gauss points in s.
struct WeightMove: Sendable {
  /// 1 + r at the points.
  private(set) var growth: [SIMD3<Double>] = []
  private(set) var probabilities: [Double] = []
  /// How many deviations the points go, one apart.
  private static let reach = 6

  /// The move of a month.
  ///
  /// - Throws: where the covariance is singular.
  init(_ problem: ThreeAssetProblem) throws(NoReferenceSolution) {
    let covariance = problem.covariance.map { $0.map { $0 / 12 } }
    var entries = covariance.flatMap { $0 }
    var solution = [1.0, 1, 1]
    do { try solveLinearSystem(columns: &entries, rightHandSides: &solution) } catch {
      throw NoReferenceSolution("the covariance is singular: \(error)")
    }
    let common = 1 / solution.reduce(0, +)
    // The factor of C − s²11ᵀ, whose rank is two: Cholesky's, largest pivots first.
    var rest = covariance.map { $0.map { $0 - common } }
    let axes = (0..<2).map { _ in
      let k = (0..<3).max { rest[$0][$0] < rest[$1][$1] } ?? 0
      let pivot = rest[k][k].squareRoot()
      let column = pivot > 0 ? SIMD3(rest[0][k], rest[1][k], rest[2][k]) / pivot : SIMD3()
      for i in 0..<3 { for j in 0..<3 { rest[i][j] -= column[i] * column[j] } }
      return column
    }
    let wing = common.squareRoot()
    for i in -Self.reach...Self.reach {
      for j in -Self.reach...Self.reach where i * i + j * j <= Self.reach * Self.reach {
        let (x, y) = (Double(i), Double(j))
        let share = normalDensity(x) * normalDensity(y)
        for (s, part) in [(-wing, 0.5), (wing, 0.5)] {
          growth.append(1 + problem.monthlyMean + axes[0] * x + axes[1] * y + s)
          probabilities.append(share * part)
        }
      }
    }
    let total = probabilities.reduce(0, +)
    probabilities = probabilities.map { $0 / total }
  }

  /// The expected value after a move from weights.
  @inline(__always)
  func expectation(
    from weights: SIMD3<Double>, of value: (_ first: Double, _ second: Double) -> Double
  ) -> Double {
    var sum = 0.0
    for place in growth.indices {
      let moved = weights * growth[place]
      let scale = 1 / moved.sum()
      sum += probabilities[place] * value(moved.x * scale, moved.y * scale)
    }
    return sum
  }
}
