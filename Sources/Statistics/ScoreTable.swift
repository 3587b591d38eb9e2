/// Scores of one policy: a row per stratum (a training seed, a task), a column per item (a path).
///
/// A rule that is not trained has one row. Tables that are compared met the same items: column j of
/// one and column j of the other are the same path.
public struct ScoreTable: Sendable, Hashable {
  /// Number of rows.
  public let strata: Int
  /// Number of columns.
  public let items: Int
  /// Row after row.
  public let values: [Double]

  /// - Parameter rows: `[stratum, item]`, of one length.
  public init(_ rows: [[Double]]) throws(StatisticsError) {
    let items = rows.first?.count ?? 0
    guard items > 0 else {
      throw StatisticsError("a table of no scores is given, at least one is needed")
    }
    if let odd = rows.firstIndex(where: { $0.count != items }) {
      throw StatisticsError(
        "stratum \(odd) has \(rows[odd].count) scores and stratum 0 has \(items): "
          + "all must have met the same items")
    }
    for (stratum, row) in rows.enumerated() { try checkFinite(row, "stratum \(stratum)") }
    self.init(strata: rows.count, items: items, values: rows.flatMap { $0 })
  }

  init(strata: Int, items: Int, values: [Double]) {
    (self.strata, self.items, self.values) = (strata, items, values)
  }

  public subscript(stratum: Int, item: Int) -> Double { values[stratum * items + item] }

  /// The scores of a stratum.
  public subscript(stratum stratum: Int) -> ArraySlice<Double> {
    values[stratum * items..<(stratum + 1) * items]
  }

  /// Mean of all scores.
  public var mean: Double { values.reduce(0, +) / Double(values.count) }
}
