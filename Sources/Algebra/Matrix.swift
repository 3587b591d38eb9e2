import COpenBLAS

/// A row-major matrix of `Float`.
public struct Matrix: Sendable, Equatable {
  /// Number of rows.
  public let rows: Int
  /// Number of columns.
  public let columns: Int
  /// The elements, row after row.
  public var elements: [Float]

  /// A matrix filled with one value.
  public init(rows: Int, columns: Int, repeating value: Float = 0) {
    self.rows = rows
    self.columns = columns
    elements = Array(repeating: value, count: rows * columns)
  }

  /// A matrix of given elements, row after row.
  public init(rows: Int, columns: Int, elements: [Float]) {
    precondition(
      elements.count == rows * columns,
      "\(elements.count) elements do not fill a \(rows)×\(columns) matrix")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  @inlinable public subscript(row: Int, column: Int) -> Float {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }
}

/// Whether a factor enters a product as it is or transposed.
public enum Transposition: Sendable {
  case none, transposed
  var cblas: CBLAS_TRANSPOSE { self == .none ? CblasNoTrans : CblasTrans }
}

extension Matrix {
  /// `self = scale · a·b + keep · self`, with factors transposed as told (`sgemm`).
  public mutating func setProduct(
    _ a: Matrix, _ ta: Transposition = .none, _ b: Matrix, _ tb: Transposition = .none,
    scale: Float = 1, keep: Float = 0
  ) {
    let (m, k) = ta == .none ? (a.rows, a.columns) : (a.columns, a.rows)
    let (k2, n) = tb == .none ? (b.rows, b.columns) : (b.columns, b.rows)
    precondition(
      k == k2 && rows == m && columns == n,
      "cannot store a \(m)×\(k) by \(k2)×\(n) product in a \(rows)×\(columns) matrix")
    let columns = columns
    unsafe cblas_sgemm(
      CblasRowMajor, ta.cblas, tb.cblas, Int32(m), Int32(n), Int32(k), scale, a.elements,
      Int32(a.columns), b.elements, Int32(b.columns), keep, &elements, Int32(columns))
  }

  /// The product with a vector (`sgemv`).
  public func times(_ vector: [Float], _ transposition: Transposition = .none) -> [Float] {
    let (length, count) = transposition == .none ? (columns, rows) : (rows, columns)
    precondition(
      vector.count == length,
      "a \(rows)×\(columns) matrix (\(transposition)) times a vector of \(vector.count)")
    var result = [Float](repeating: 0, count: count)
    unsafe cblas_sgemv(
      CblasRowMajor, transposition.cblas, Int32(rows), Int32(columns), 1, elements, Int32(columns),
      vector, 1, 0, &result, 1)
    return result
  }
}
