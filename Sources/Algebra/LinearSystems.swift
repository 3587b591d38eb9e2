import COpenBLAS

/// A linear system that has no answer.
public enum LinearAlgebraError: Error, CustomStringConvertible, Sendable {
  /// The matrix is not positive definite: the leading minor of this order is not positive.
  case notPositiveDefinite(minor: Int)
  /// The matrix is singular: this pivot is exactly zero.
  case singular(pivot: Int)

  public var description: String {
    switch self {
    case .notPositiveDefinite(let minor):
      "the matrix is not positive definite: its leading minor of order \(minor) is not positive"
    case .singular(let pivot):
      "the matrix is singular: pivot \(pivot) is zero"
    }
  }
}

/// The lower Cholesky factor L of a symmetric positive definite matrix, A = L·Lᵀ.
///
/// - Parameter matrix: rows of a square matrix; only the lower triangle is read.
/// - Returns: L with zeros above the diagonal.
public func choleskyFactor(_ matrix: [[Double]]) throws(LinearAlgebraError) -> [[Double]] {
  let n = matrix.count
  precondition(matrix.allSatisfy { $0.count == n }, "a Cholesky factor needs a square matrix")
  guard n > 0 else { return [] }
  var packed = matrix.flatMap { $0 }
  var order = Int32(n)
  var leading = Int32(n)
  var info: Int32 = 0
  // LAPACK counts by columns: our lower triangle is its upper one.
  var triangle = CChar(UInt8(ascii: "U"))
  unsafe dpotrf_(&triangle, &order, &packed, &leading, &info)
  guard info == 0 else { throw .notPositiveDefinite(minor: Int(info)) }
  return (0..<n).map { i in (0..<n).map { j in j <= i ? packed[i * n + j] : 0 } }
}

/// The solutions of `matrix · x = b` for several right-hand sides by LU with partial pivoting.
///
/// - Parameters:
///   - columns: the square matrix, column after column; overwritten by its factors.
///   - rightHandSides: the right-hand sides, one after another; overwritten by the solutions.
public func solveLinearSystem(
  columns: inout [Double], rightHandSides: inout [Double]
) throws(LinearAlgebraError) {
  let n = Int(Double(columns.count).squareRoot().rounded())
  precondition(n * n == columns.count && rightHandSides.count % max(n, 1) == 0, "not a system")
  guard n > 0 else { return }
  var order = Int32(n)
  var sides = Int32(rightHandSides.count / n)
  var leading = Int32(n)
  var leadingSide = Int32(n)
  var pivots = [Int32](repeating: 0, count: n)
  var info: Int32 = 0
  unsafe dgesv_(
    &order, &sides, &columns, &leading, &pivots, &rightHandSides, &leadingSide, &info)
  guard info == 0 else { throw .singular(pivot: Int(info)) }
}
