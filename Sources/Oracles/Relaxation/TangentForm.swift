import Algebra

/// A symmetric form on trades, which sum to 0: xᵀFx in their first N − 1 coordinates.
struct TangentForm: Sendable, Hashable {
  /// N − 1.
  let order: Int
  /// Shape [order, order].
  var entries: [Double]

  init(order: Int, entries: [Double]) {
    self.order = order
    self.entries = entries
  }

  /// The restriction of a symmetric matrix, shape [assets, assets].
  init(of matrix: [Double], assets: Int) {
    let last = assets - 1
    order = last
    entries = (0..<last * last).map { place in
      let (i, j) = (place / last, place % last)
      return matrix[i * assets + j] - matrix[i * assets + last] - matrix[last * assets + j]
        + matrix[last * assets + last]
    }
  }

  func inverse() throws(LinearAlgebraError) -> TangentForm {
    var columns = entries
    var identity = (0..<order * order).map { $0 % (order + 1) == 0 ? 1.0 : 0 }
    try solveLinearSystem(columns: &columns, rightHandSides: &identity)
    return TangentForm(order: order, entries: identity)
  }

  /// Throws where xᵀFx is not above 0 for all x but 0.
  func checkPositive() throws(LinearAlgebraError) {
    _ = try choleskyFactor((0..<order).map { Array(entries[$0 * order..<($0 + 1) * order]) })
  }

  /// G with G A⁻¹ G = B, by arithmetic and harmonic means, which meet there quadratically.
  static func geometricMean(
    _ a: TangentForm, _ b: TangentForm
  ) throws(LinearAlgebraError) -> TangentForm {
    var (upper, lower) = (a, b)
    for _ in 0..<60 {
      let sum = plus(try upper.inverse(), try lower.inverse())
      let harmonic = try sum.inverse()
      let next = TangentForm(
        order: a.order, entries: zip(upper.entries, lower.entries).map { ($0 + $1) / 2 })
      lower = TangentForm(order: a.order, entries: harmonic.entries.map { 2 * $0 })
      let change = zip(next.entries, upper.entries).map { abs($0 - $1) }.max() ?? 0
      let size = next.entries.map { abs($0) }.max() ?? 0
      upper = next
      if change <= 1e-13 * size { break }
    }
    return upper
  }

  private static func plus(_ a: TangentForm, _ b: TangentForm) -> TangentForm {
    TangentForm(order: a.order, entries: zip(a.entries, b.entries).map { $0 + $1 })
  }

  /// The symmetric matrix of the same form that is 0 on equal changes of all assets, shape
  /// [assets, assets].
  var matrix: [Double] {
    let count = order + 1
    func padded(_ i: Int, _ j: Int) -> Double {
      i < order && j < order ? entries[i * order + j] : 0
    }
    let means = (0..<count).map { i in
      (0..<count).reduce(0) { $0 + padded(i, $1) } / Double(count)
    }
    let mean = means.reduce(0, +) / Double(count)
    return (0..<count * count).map { place in
      let (i, j) = (place / count, place % count)
      return padded(i, j) - means[i] - means[j] + mean
    }
  }

  /// The matrix that takes a gradient g to the trade δ with δᵀFδ/2 + g·δ smallest, times −1; shape
  /// [assets, assets].
  func response() throws(LinearAlgebraError) -> [Double] {
    let inverse = try inverse().entries
    let count = order + 1
    let sums = (0..<order).map { i in inverse[i * order..<(i + 1) * order].reduce(0, +) }
    let total = sums.reduce(0, +)
    return (0..<count * count).map { place in
      let (i, j) = (place / count, place % count)
      if i < order, j < order { return inverse[i * order + j] }
      return i < order ? -sums[i] : j < order ? -sums[j] : total
    }
  }
}

/// The smallest value of xᵀFx/2 + g·x over all x; `nil` where F is not positive definite.
///
/// - Parameters:
///   - form: F, shape [order, order], of which the lower triangle is read; overwritten.
///   - gradient: g; overwritten.
func smallestValue(_ form: inout [Double], _ gradient: inout [Double]) -> Double? {
  let n = gradient.count
  var value = 0.0
  // Cholesky, row by row, and L y = g on the way: the value is −½ yᵀy.
  for i in 0..<n {
    for j in 0...i {
      var sum = form[i &* n &+ j]
      for k in 0..<j { sum -= form[i &* n &+ k] * form[j &* n &+ k] }
      if i == j {
        guard sum > 0 else { return nil }
        form[i &* n &+ i] = sum.squareRoot()
      } else {
        form[i &* n &+ j] = sum / form[j &* n &+ j]
      }
    }
    var sum = gradient[i]
    for k in 0..<i { sum -= form[i &* n &+ k] * gradient[k] }
    gradient[i] = sum / form[i &* n &+ i]
    value -= gradient[i] * gradient[i] / 2
  }
  return value
}
