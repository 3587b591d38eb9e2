/// Cuts every dimension of an observation into equal bins between two bounds.
///
/// The outer bins are open: what lies beyond a bound belongs to the bin next to it. The cell is the
/// row-major index, the last dimension fastest.
public struct TabularDiscretizer: Sendable, Hashable {
  /// Lower bounds, one per dimension.
  public let low: [Float]
  /// Upper bounds, one per dimension.
  public let high: [Float]
  /// Number of bins, one per dimension.
  public let bins: [Int]
  /// Bins per unit, one per dimension.
  private let density: [Float]

  public init(low: [Float], high: [Float], bins: [Int]) {
    precondition(
      low.count == high.count && low.count == bins.count && !low.isEmpty,
      "\(low.count) lower bounds, \(high.count) upper bounds and \(bins.count) bins do not fit")
    precondition(
      zip(low, high).allSatisfy { $0 < $1 && $0.isFinite && $1.isFinite },
      "lower bounds must be below upper bounds and both finite: \(low), \(high)")
    precondition(bins.allSatisfy { $0 > 0 }, "bins must be 1 or more: \(bins)")
    self.low = low
    self.high = high
    self.bins = bins
    density = bins.indices.map { Float(bins[$0]) / (high[$0] - low[$0]) }
  }

  /// Number of dimensions.
  public var dimensions: Int { low.count }
  /// Number of cells.
  public var cells: Int { bins.reduce(1, *) }

  /// The cell of the observation that begins at `start`; the observation must be finite.
  public func cell(of observations: [Float], at start: Int = 0) -> Int {
    var cell = 0
    for d in low.indices {
      let position = (observations[start + d] - low[d]) * density[d]
      // Bounded before the conversion, which traps on what does not fit.
      let bounded = min(max(position, 0), Float(bins[d] - 1))
      cell = cell * bins[d] + Int(bounded)
    }
    return cell
  }
}

/// Action values over the cells of a discretizer.
public struct QTable: Sendable, Equatable {
  public let discretizer: TabularDiscretizer
  public let actionCount: Int
  /// Shape [cells, actions].
  public let values: [Float]

  public init(discretizer: TabularDiscretizer, actionCount: Int, values: [Float]) {
    precondition(
      actionCount > 0 && values.count == discretizer.cells * actionCount,
      "\(values.count) values do not fill \(discretizer.cells) cells × \(actionCount) actions")
    self.discretizer = discretizer
    self.actionCount = actionCount
    self.values = values
  }

  /// The values of the observation's cell, one per action.
  public func scores(_ observation: [Float]) -> [Float] {
    precondition(
      observation.count == discretizer.dimensions,
      "a table over \(discretizer.dimensions) dimensions got \(observation.count) numbers")
    let start = discretizer.cell(of: observation) * actionCount
    return Array(values[start..<start + actionCount])
  }

  var tensors: [String: Tensor] {
    [
      "low": Tensor(discretizer.low), "high": Tensor(discretizer.high),
      "bins": Tensor(discretizer.bins.map(Int64.init)),
      "values": Tensor(values, shape: [discretizer.cells, actionCount]),
    ]
  }

  init(_ reader: TensorReader) throws(LearnerStateError) {
    let low: [Float] = try reader.values("low", shape: nil)
    let high: [Float] = try reader.values("high", shape: [low.count])
    let bins: [Int64] = try reader.values("bins", shape: [low.count])
    guard !low.isEmpty, zip(low, high).allSatisfy({ $0 < $1 && $0.isFinite && $1.isFinite }),
      bins.allSatisfy({ $0 > 0 && $0 < 1 << 31 })
    else { throw LearnerStateError("the bins are invalid: \(low) to \(high), \(bins)") }
    let values: [Float] = try reader.values("values", shape: nil)
    var cells = 1
    for count in bins {
      let (product, overflow) = cells.multipliedReportingOverflow(by: Int(count))
      guard !overflow else { throw LearnerStateError("the bins are invalid: \(bins)") }
      cells = product
    }
    let shape = reader.tensors["values"]?.shape ?? []
    guard shape.count == 2, shape[0] == cells, shape[1] > 0 else {
      throw LearnerStateError("tensor values has shape \(shape), valid is [\(cells), actions]")
    }
    guard values.allSatisfy(\.isFinite) else {
      throw LearnerStateError("tensor values has numbers that are not finite")
    }
    self.init(
      discretizer: TabularDiscretizer(low: low, high: high, bins: bins.map(Int.init)),
      actionCount: shape[1], values: values)
  }
}
