import Learning
import Oracles
import Rebalancing

extension FiniteModel {
  /// The law of an exactly solvable two-asset task over bins of its observation.
  ///
  /// A state stands for the weight in the middle of its bin; the probabilities of the bins after a
  /// trade and the market's move are exact.
  ///
  /// - Parameter discretizer: bins of `scaled_deviation`.
  /// - Throws: where the task gives no law, or not over this observation.
  init(_ task: RebalancingTask, discretizer: TabularDiscretizer) throws {
    let chain = try TwoAssetChain(task)
    guard task.observation.features.count == 1,
      case .scaledDeviation(let halfWidth) = task.observation.features[0]
    else {
      let columns = task.observation.columns.map(\.name).joined(separator: ", ")
      throw SpecError(
        file: task.id,
        "its law is given over scaled_deviation alone, the observation is \(columns)")
    }
    let count = discretizer.bins[0]
    let (low, high) = (Double(discretizer.low[0]), Double(discretizer.high[0]))
    func weight(_ place: Double) -> Double {
      chain.target + halfWidth * (low + (high - low) * place / Double(count))
    }
    guard weight(0) >= 0, weight(Double(count)) <= 1 else {
      throw SpecError(
        file: task.id,
        "low and high are \(low) and \(high), which are weights of \(weight(0)) and "
          + "\(weight(Double(count))); valid are weights between 0 and 1")
    }
    var rewards: [Double] = []
    var transitions: [Row] = []
    for state in 0..<count {
      let before = weight(Double(state) + 0.5)
      for fraction in task.actions {
        let after = before + fraction * (chain.target - before)
        rewards.append(-task.rewardScale * chain.cost(from: before, to: after))
        // The outer bins are open.
        let cuts =
          [0]
          + (1..<count).map {
            chain.probability(thatWeight: after, movesUpTo: weight(Double($0)))
          } + [1]
        transitions.append(Row(zip(cuts.dropFirst(), cuts).map { max($0 - $1, 0) }))
      }
    }
    try self.init(
      stateCount: count, actionCount: task.actions.count, rewards: rewards,
      transitions: transitions)
  }
}

extension FiniteModel.Row {
  /// A row without the zeros at its ends.
  fileprivate init(_ probabilities: [Double]) {
    let first = probabilities.firstIndex { $0 > 0 } ?? 0
    let last = probabilities.lastIndex { $0 > 0 } ?? 0
    self.init(first: first, probabilities: Array(probabilities[first...last]))
  }
}
