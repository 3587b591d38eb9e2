/// Action values over the cells of a discretizer; with several tilings, parts of a sum.
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

  /// The values of the observation, one per action: those of its cell, summed over tilings.
  public func scores(_ observation: [Float]) -> [Float] {
    precondition(
      observation.count == discretizer.dimensions,
      "a table over \(discretizer.dimensions) dimensions got \(observation.count) numbers")
    var cells = [Int32](repeating: 0, count: discretizer.tilings)
    discretizer.findCells(of: observation, row: 0, into: &cells)
    var scores = [Float](repeating: 0, count: actionCount)
    for cell in cells {
      for action in scores.indices { scores[action] += values[Int(cell) * actionCount + action] }
    }
    return scores
  }

  var tensors: [String: Tensor] {
    var tensors = [
      "low": Tensor(discretizer.low), "high": Tensor(discretizer.high),
      "bins": Tensor(discretizer.bins.map(Int64.init)),
      "values": Tensor(values, shape: [discretizer.cells, actionCount]),
    ]
    if discretizer.tilings > 1 { tensors["tilings"] = Tensor([Int64(discretizer.tilings)]) }
    return tensors
  }

  init(_ reader: TensorReader) throws(LearnerStateError) {
    let low: [Float] = try reader.values("low", shape: nil)
    let high: [Float] = try reader.values("high", shape: [low.count])
    let bins: [Int64] = try reader.values("bins", shape: [low.count])
    guard !low.isEmpty, zip(low, high).allSatisfy({ $0 < $1 && $0.isFinite && $1.isFinite }),
      bins.allSatisfy({ $0 > 0 && $0 < 1 << 31 })
    else { throw LearnerStateError("the bins are invalid: \(low) to \(high), \(bins)") }
    // Bins too wide or too narrow for a number would make a position that is none.
    let densities = bins.indices.map { Float(bins[$0]) / (high[$0] - low[$0]) }
    guard densities.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw LearnerStateError("the bins are invalid: \(low) to \(high), \(bins)")
    }
    let values: [Float] = try reader.values("values", shape: nil)
    // A file without the tensor has one tiling.
    let tilings: [Int64] =
      reader.tensors["tilings"] == nil ? [1] : try reader.values("tilings", shape: [1])
    guard tilings[0] > 0, tilings[0] < 1 << 31 else {
      throw LearnerStateError("tilings is \(tilings[0]), valid is 1 or more")
    }
    var cells = Int(tilings[0])
    for count in bins {
      let width = Int(count) + (tilings[0] > 1 ? 1 : 0)
      let (product, overflow) = cells.multipliedReportingOverflow(by: width)
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
      discretizer: TabularDiscretizer(
        low: low, high: high, bins: bins.map(Int.init), tilings: Int(tilings[0])),
      actionCount: shape[1], values: values)
  }
}
