/// Cuts every dimension of an observation into equal bins between two bounds, once or in several
/// tilings that are offset against each other.
///
/// The outer bins are open: what lies beyond a bound belongs to the bin next to it. The cell is the
/// row-major index, the last dimension fastest. With T tilings an observation has T cells, one of each
/// tiling; tiling k is shifted by k(2d + 1)/T bins in dimension d, modulo 1 (the displacement by odd
/// numbers of Miller and Glanz, in Sutton and Barto 2018, section 9.5.4), and has one bin more in every
/// dimension for the shift.
public struct TabularDiscretizer: Sendable, Hashable {
  /// Lower bounds, one per dimension.
  public let low: [Float]
  /// Upper bounds, one per dimension.
  public let high: [Float]
  /// Number of bins between the bounds, one per dimension.
  public let bins: [Int]
  /// Number of tilings.
  public let tilings: Int
  /// Bins per unit, one per dimension.
  package let density: [Float]
  /// Bins of a tiling, one per dimension.
  package let tilingBins: [Int]
  /// Shape [tilings, dimensions], in bins.
  package let offsets: [Float]
  private let cellsPerTiling: Int

  public init(low: [Float], high: [Float], bins: [Int], tilings: Int = 1) {
    precondition(
      low.count == high.count && low.count == bins.count && !low.isEmpty,
      "\(low.count) lower bounds, \(high.count) upper bounds and \(bins.count) bins do not fit")
    precondition(
      zip(low, high).allSatisfy { $0 < $1 && $0.isFinite && $1.isFinite },
      "lower bounds must be below upper bounds and both finite: \(low), \(high)")
    precondition(bins.allSatisfy { $0 > 0 }, "bins must be 1 or more: \(bins)")
    precondition(tilings > 0, "tilings must be 1 or more: \(tilings)")
    self.low = low
    self.high = high
    self.bins = bins
    self.tilings = tilings
    density = bins.indices.map { Float(bins[$0]) / (high[$0] - low[$0]) }
    tilingBins = tilings == 1 ? bins : bins.map { $0 + 1 }
    offsets = (0..<tilings).flatMap { tiling in
      bins.indices.map { Float(tiling * (2 * $0 + 1) % tilings) / Float(tilings) }
    }
    cellsPerTiling = tilingBins.reduce(1, *)
  }

  /// Number of dimensions.
  public var dimensions: Int { low.count }
  /// Number of cells of all tilings.
  public var cells: Int { cellsPerTiling * tilings }

  /// The cell of the first tiling for the observation that begins at `start`, which must be finite.
  public func cell(of observations: [Float], at start: Int = 0) -> Int {
    var cell = 0
    for d in low.indices {
      let position = (observations[start + d] - low[d]) * density[d]
      // Bounded before the conversion, which traps on what does not fit.
      cell = cell * tilingBins[d] + Int(min(max(position, 0), Float(tilingBins[d] - 1)))
    }
    return cell
  }

  /// Writes the cells of one observation among others.
  ///
  /// - Parameters:
  ///   - row: the observation's place.
  ///   - cells: shape [rows, tilings].
  func findCells(of observations: [Float], row: Int, into cells: inout [Int32]) {
    findCells(of: observations, rows: row..<row + 1, into: &cells)
  }

  /// Writes the cells of all observations.
  ///
  /// - Parameters:
  ///   - observations: shape [rows, dimensions], finite.
  ///   - cells: shape [rows, tilings].
  func findCells(of observations: [Float], into cells: inout [Int32]) {
    guard low.count == 1, tilings == 1 else {
      return findCells(of: observations, rows: 0..<cells.count / tilings, into: &cells)
    }
    // The common case, without the loops inside.
    let (low, density, last) = (low[0], density[0], Float(tilingBins[0] - 1))
    let observations = observations.span
    var cells = cells.mutableSpan
    precondition(
      observations.count == cells.count,
      "\(observations.count) numbers are not \(cells.count) observations")
    for row in 0..<cells.count {
      cells[row] = Int32(min(max((observations[row] - low) * density, 0), last))
    }
  }

  private func findCells(of observations: [Float], rows: Range<Int>, into cells: inout [Int32]) {
    let (low, density, offsets) = (low.span, density.span, offsets.span)
    let (bins, tilings, size) = (tilingBins.span, tilings, cellsPerTiling)
    let dimensions = low.count
    let observations = observations.span
    var cells = cells.mutableSpan
    for row in rows {
      for tiling in 0..<tilings {
        var cell = 0
        for d in 0..<dimensions {
          let position =
            (observations[row * dimensions + d] - low[d]) * density[d]
            + offsets[tiling * dimensions + d]
          let bounded = min(max(position, 0), Float(bins[d] - 1))
          cell = cell * bins[d] + Int(bounded)
        }
        cells[row * tilings + tiling] = Int32(truncatingIfNeeded: tiling * size + cell)
      }
    }
  }
}
