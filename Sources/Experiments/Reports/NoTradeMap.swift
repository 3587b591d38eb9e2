import Oracles
public import Rebalancing

/// Where policies trade, as figures: one of all policies for two assets, one of each for more.
public enum NoTradeMap {
  /// - Parameters:
  ///   - policies: with the names that they are shown by; those that dates or facts decide are left
  ///     out for two assets, since weights alone do not say what they do.
  ///   - window: for more than two assets the weights that are shown, around the targets; all of
  ///     them if absent.
  /// - Returns: figures; none where no policy is left.
  public static func figures(
    of policies: [(name: String, policy: any Trigger)], on task: RebalancingTask,
    window: Double? = nil
  ) throws -> [Figure] {
    guard task.assets.count > 2 else {
      let drawn = policies.filter { !$0.policy.needs.dates && $0.policy.needs.facts.isEmpty }
      return drawn.isEmpty ? [] : [try bars(drawn, task)]
    }
    return try policies.enumerated().map { number, named in
      try triangle(named.name, named.policy, task, number + 1, window)
    }
  }

  private static func bars(
    _ policies: [(name: String, policy: any Trigger)], _ task: RebalancingTask
  ) throws -> Figure {
    var rows: [DecisionBars.Row] = []
    for named in policies {
      let state = try atTarget(task, named.policy)
      let line = DecisionLine(0, around: state) { named.policy.decide($0) }
      rows.append(.init(name: named.name, segments: line.segments))
    }
    var bars = DecisionBars(asset: task.assets[0], target: task.targets[0], rows: rows)
    if let optimum = Explanation.Optimum(task) { bars.add(optimum) }
    return bars.figure
  }

  /// The two assets with the largest targets.
  private static func triangle(
    _ name: String, _ policy: any Trigger, _ task: RebalancingTask, _ number: Int,
    _ window: Double?
  ) throws -> Figure {
    let order = task.targets.indices.sorted {
      task.targets[$0] == task.targets[$1] ? $0 < $1 : task.targets[$0] > task.targets[$1]
    }
    let grids = order.prefix(2).map { asset in
      let target = task.targets[asset]
      let reach = window ?? 1
      return weightGrid(max(target - reach, 0)...min(target + reach, 1), 101)
    }
    let plane = DecisionPlane(
      (order[0], order[1]), around: try atTarget(task, policy), columns: grids[0],
      rows: grids[1]
    ) { policy.decide($0) }
    var triangle = DecisionTriangle(title: "\(shortName(name)) on \(task.id)", plane: plane)
    triangle.name = "decision-map-\(number)"
    return triangle.figure
  }

  private static func atTarget(
    _ task: RebalancingTask, _ policy: any Trigger
  ) throws(SpecError) -> ExplainedState {
    try ExplainedState(task, policy: policy, seed: 0, step: 0, weights: task.targets)
  }
}
