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
    if self != .list, task.hasHarvestAction { return "a harvest action needs a list of fractions" }
    if self == .destination, task.needsAccount {
      return "`destination` is for proportional costs paid pro rata, here fractions are valid"
    }
    return nil
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
