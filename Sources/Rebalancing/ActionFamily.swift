import Algebra
public import Gym

/// What an action says about the trade.
public enum ActionFamily: String, Sendable, Hashable, CaseIterable, Codable {
  /// The number of a fraction in the task's list.
  case list
  /// Box [1]: f in [0, 1], the fraction of the way to target, v = w + f (w* − w).
  case fraction
  /// Box [assets]: the post-trade weights, v = a⁺ / Σ a⁺; all zero is no action.
  case destination

  /// Why a task cannot have this family of actions; nil where it can.
  public func obstacle(_ task: RebalancingTask) -> String? {
    self != .list && task.hasHarvestAction ? "a harvest action needs a list of fractions" : nil
  }
}

extension RebalancingTask {
  /// The valid actions.
  public var actionSpace: Space {
    switch actionFamily {
    case .list: .discrete(count: actionCount)
    case .fraction: .box(low: 0, high: 1, dimensions: 1)
    case .destination: .box(low: 0, high: 1, dimensions: assets.count)
    }
  }
}

extension ActionFamily {
  /// Sets the destinations of one group's lanes, v = a⁺ / Σ a⁺.
  ///
  /// - Parameters:
  ///   - values: a, shape [copies, assets].
  ///   - weights: w, which is the destination where Σ a⁺ = 0.
  /// - Returns: where Σ a⁺ > 0.
  @discardableResult
  static func read<L: Lanes>(
    _ values: Span<Float>, _ group: Int, weights: Span<L>,
    into destination: inout MutableSpan<L>
  ) -> L.Mask {
    let zero = L(repeating: 0)
    let assets = destination.count
    var sum = zero
    for i in 0..<assets {
      destination[i] = L.larger(L(values, from: group * L.laneCount, column: i, of: assets), zero)
      sum = sum + destination[i]
    }
    let isGiven = zero .< sum
    let divisor = L(repeating: 1).replacing(with: sum, where: isGiven)
    for i in 0..<assets {
      destination[i] = weights[i].replacing(with: destination[i] / divisor, where: isGiven)
    }
    return isGiven
  }
}
