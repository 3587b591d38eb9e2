import COpenBLAS

/// Adds XᵀX to a matrix, in `Double`: what tells nearly equal columns apart is lost in `Float`.
///
/// - Parameters:
///   - rows: X, row after row.
///   - columns: of X.
///   - gram: shape [columns, columns].
public func addGramMatrix(of rows: [Double], columns: Int, to gram: inout [Double]) {
  precondition(
    rows.count % columns == 0 && gram.count == columns * columns,
    "\(rows.count) elements in rows of \(columns), \(gram.count) in the Gram matrix")
  unsafe cblas_dgemm(
    CblasRowMajor, CblasTrans, CblasNoTrans, Int32(columns), Int32(columns),
    Int32(rows.count / columns), 1, rows, Int32(columns), rows, Int32(columns), 1, &gram,
    Int32(columns))
}
