import Algebra

/// A square matrix of a few rows, for formulas that read like their papers.
struct SmallMatrix: Sendable, Hashable {
  /// Order.
  let size: Int
  /// Row after row.
  private(set) var values: [Double]

  init(size: Int, _ element: (Int, Int) -> Double = { _, _ in 0 }) {
    self.size = size
    values = (0..<size * size).map { element($0 / size, $0 % size) }
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * size + column] }
    set { values[row * size + column] = newValue }
  }

  static func identity(size: Int) -> Self { Self(size: size) { $0 == $1 ? 1 : 0 } }

  var transposed: Self { Self(size: size) { self[$1, $0] } }

  static func + (a: Self, b: Self) -> Self { Self(size: a.size) { a[$0, $1] + b[$0, $1] } }
  static func - (a: Self, b: Self) -> Self { Self(size: a.size) { a[$0, $1] - b[$0, $1] } }
  static func * (a: Double, b: Self) -> Self { Self(size: b.size) { a * b[$0, $1] } }

  static func * (a: Self, b: Self) -> Self {
    Self(size: a.size) { i, j in (0..<a.size).reduce(0) { $0 + a[i, $1] * b[$1, j] } }
  }

  /// A·x.
  func times(_ x: [Double]) -> [Double] {
    (0..<size).map { i in (0..<size).reduce(0) { $0 + self[i, $1] * x[$1] } }
  }

  /// xᵀ·A·x.
  func form(_ x: [Double]) -> Double { zip(x, times(x)).reduce(0) { $0 + $1.0 * $1.1 } }

  /// A⁻¹.
  func inverse() throws(LinearAlgebraError) -> Self {
    var columns = transposed.values
    var sides = Self.identity(size: size).values
    try solveLinearSystem(columns: &columns, rightHandSides: &sides)
    return Self(size: size) { sides[$1 * size + $0] }
  }

  /// U·min(S, bound)·Vᵀ, of the singular values S: one-sided Jacobi rotations turn the columns until
  /// they are orthogonal; those that are then longer than the bound are shortened.
  func limitingSingularValues(to bound: Double) -> Self {
    var (turned, rotation) = (self, Self.identity(size: size))
    // A handful of sweeps converges to the last bit; the limit is a guard.
    for _ in 0..<60 {
      var isDiagonal = true
      for p in 0..<size {
        for q in p + 1..<size {
          let (alpha, beta, gamma) = turned.products(p, q)
          guard abs(gamma) > 1e-15 * (alpha * beta).squareRoot() else { continue }
          isDiagonal = false
          let zeta = (beta - alpha) / (2 * gamma)
          let tangent = (zeta < 0 ? -1 : 1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
          let cosine = 1 / (1 + tangent * tangent).squareRoot()
          turned.rotate(p, q, cosine, cosine * tangent)
          rotation.rotate(p, q, cosine, cosine * tangent)
        }
      }
      if isDiagonal { break }
    }
    for column in 0..<size {
      let length = turned.products(column, column).0.squareRoot()
      guard length > bound else { continue }
      for row in 0..<size { turned[row, column] *= bound / length }
    }
    return turned * rotation.transposed
  }

  /// Squared lengths of two columns, and their product.
  private func products(_ p: Int, _ q: Int) -> (Double, Double, Double) {
    (0..<size).reduce((0, 0, 0)) {
      let (x, y) = (self[$1, p], self[$1, q])
      return ($0.0 + x * x, $0.1 + y * y, $0.2 + x * y)
    }
  }

  private mutating func rotate(_ p: Int, _ q: Int, _ cosine: Double, _ sine: Double) {
    for row in 0..<size {
      let (x, y) = (self[row, p], self[row, q])
      self[row, p] = cosine * x - sine * y
      self[row, q] = sine * x + cosine * y
    }
  }
}
