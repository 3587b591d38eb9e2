import Algebra
import Testing

/// Reproducible numbers in [−1, 1).
private func numbers(_ count: Int, seed: UInt64) -> [Double] {
  let source = RandomSource(seed: seed)
  return (0..<UInt32(count)).map { 2 * source.uniform(.evaluation, step: $0) - 1 }
}

private func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
  Matrix(
    rows: rows, columns: columns, elements: numbers(rows * columns, seed: seed).map { Float($0) })
}

/// Sizes of a product: m×k by k×n.
struct Shape: Sendable, CustomTestStringConvertible {
  let m, k, n: Int
  var testDescription: String { "\(m)×\(k) by \(k)×\(n)" }
}

private let shapes = [
  Shape(m: 1, k: 1, n: 1), Shape(m: 1, k: 7, n: 3), Shape(m: 5, k: 1, n: 2),
  Shape(m: 13, k: 17, n: 19), Shape(m: 64, k: 33, n: 1), Shape(m: 33, k: 64, n: 65),
]

@Suite struct MatrixTests {
  @Test(arguments: shapes, [Transposition.none, .transposed])
  func `products equal the triple loop`(_ shape: Shape, _ ta: Transposition) {
    for tb in [Transposition.none, .transposed] {
      let (m, k, n) = (shape.m, shape.k, shape.n)
      let a = ta == .none ? matrix(m, k, seed: 1) : matrix(k, m, seed: 1)
      let b = tb == .none ? matrix(k, n, seed: 2) : matrix(n, k, seed: 2)
      let before = matrix(m, n, seed: 3)
      var product = before
      product.setProduct(a, ta, b, tb)
      var accumulated = before
      accumulated.setProduct(a, ta, b, tb, scale: 0.5, keep: 2)
      for i in 0..<m {
        for j in 0..<n {
          let exact = (0..<k).reduce(0.0) { sum, l in
            let left = Double(ta == .none ? a[i, l] : a[l, i])
            return sum + left * Double(tb == .none ? b[l, j] : b[j, l])
          }
          let tolerance = 1e-6 * Double(k)
          #expect(abs(Double(product[i, j]) - exact) < tolerance, "\(tb) \(i) \(j)")
          let kept = 0.5 * exact + 2 * Double(before[i, j])
          #expect(abs(Double(accumulated[i, j]) - kept) < tolerance, "\(tb) \(i) \(j)")
        }
      }
    }
  }

  @Test(arguments: shapes)
  func `a product with a vector equals one with a matrix of one column`(_ shape: Shape) {
    let a = matrix(shape.m, shape.k, seed: 4)
    for transposition in [Transposition.none, .transposed] {
      let (length, count) =
        transposition == .none ? (shape.k, shape.m) : (shape.m, shape.k)
      let x = matrix(length, 1, seed: 5)
      var expected = Matrix(rows: count, columns: 1)
      expected.setProduct(a, transposition, x)
      let result = a.times(x.elements, transposition)
      #expect(result.count == count)
      #expect(zip(result, expected.elements).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test func `elements stand row after row`() {
    var a = Matrix(rows: 2, columns: 3, elements: [1, 2, 3, 4, 5, 6])
    #expect(a[0, 2] == 3 && a[1, 0] == 4)
    a[1, 0] = 7
    #expect(a.elements == [1, 2, 3, 7, 5, 6])
  }
}

@Suite struct LinearSystemTests {
  @Test func `a Cholesky factor with known elements is found`() throws {
    let factor = try choleskyFactor([[4, 12, -16], [12, 37, -43], [-16, -43, 98]])
    #expect(factor == [[2, 0, 0], [6, 1, 0], [-8, 5, 3]])
    #expect(try choleskyFactor([]) == [])
    // The upper triangle is not read.
    #expect(try choleskyFactor([[4, .nan], [2, 10]]) == [[2, 0], [1, 3]])
  }

  @Test func `a Cholesky factor times its transpose is the matrix`() throws {
    let n = 9
    let lower = numbers(n * n, seed: 6)
    let a = (0..<n).map { i in
      (0..<n).map { j in
        (0..<n).reduce(i == j ? 0.1 : 0) { $0 + lower[i * n + $1] * lower[j * n + $1] }
      }
    }
    let factor = try choleskyFactor(a)
    for i in 0..<n {
      for j in 0..<n {
        let product = (0..<n).reduce(0) { $0 + factor[i][$1] * factor[j][$1] }
        #expect(abs(product - a[i][j]) < 1e-13)
        #expect(j <= i || factor[i][j] == 0)
      }
    }
  }

  @Test(arguments: [([[1, 2], [2, 1]], 2), ([[-1, 0], [0, 1]], 1), ([[1, 1], [1, 1]], 2)])
  func `a matrix that is not positive definite is refused`(_ matrix: [[Double]], _ minor: Int) {
    do {
      _ = try choleskyFactor(matrix)
      Issue.record("no error")
    } catch {
      #expect(
        "\(error)"
          == "the matrix is not positive definite: its leading minor of order \(minor) is not positive"
      )
    }
  }

  @Test func `solutions of several right-hand sides satisfy the system`() throws {
    let n = 8
    let columns = numbers(n * n, seed: 7)
    let exact = numbers(3 * n, seed: 8)
    var sides = [Double](repeating: 0, count: 3 * n)
    for side in 0..<3 {
      for row in 0..<n {
        for column in 0..<n {
          sides[side * n + row] += columns[column * n + row] * exact[side * n + column]
        }
      }
    }
    var factors = columns
    try solveLinearSystem(columns: &factors, rightHandSides: &sides)
    #expect(zip(sides, exact).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func `columns are columns`() throws {
    // x + 3y = 7, 2x + 4y = 10.
    var columns = [1.0, 2, 3, 4]
    var sides = [7.0, 10]
    try solveLinearSystem(columns: &columns, rightHandSides: &sides)
    #expect(abs(sides[0] - 1) < 1e-14 && abs(sides[1] - 2) < 1e-14)
  }

  @Test func `a singular system is refused`() {
    var columns = [1.0, 2, 2, 4]
    var sides = [1.0, 1]
    do {
      try solveLinearSystem(columns: &columns, rightHandSides: &sides)
      Issue.record("no error")
    } catch {
      #expect("\(error)" == "the matrix is singular: pivot 2 is zero")
    }
  }
}
