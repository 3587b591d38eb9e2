import Rebalancing

extension Explanation {
  /// The decisions around the state: bars for two assets, a map for more.
  public var figure: Figure {
    let title = "\(shortName(policy)) on \(environment)"
    if let plane {
      return DecisionTriangle(title: title, plane: plane, marksState: true).figure
    }
    var bars = DecisionBars(
      asset: line.asset, target: line.target,
      rows: [.init(name: policy, segments: line.segments)])
    bars.title = title
    bars.here = line.here
    bars.window = window
    if let optimum { bars.add(optimum) }
    return bars.figure
  }
}

extension DecisionBars {
  /// Lays the optimum's region of no trade below the rows, and adds its own row.
  mutating func add(_ best: Explanation.Optimum) {
    optimum = best.noTrade[0]...best.noTrade[1]
    rows.append(.init(name: "optimum", segments: best.segments(target: target), isOptimum: true))
  }
}

extension Explanation.Optimum {
  /// The optimum as decisions along the weight.
  func segments(target: Double) -> [DecisionLine.Segment] {
    let cuts = [0, fullTradeBelow ?? 0, noTrade[0], noTrade[1], fullTradeAbove ?? 1, 1]
    let actions: [TriggerDecision.Action] = [.full, .partial, .none, .partial, .full]
    return actions.indices.filter { cuts[$0 + 1] > cuts[$0] }.map { place in
      let ends = [cuts[place], cuts[place + 1]]
      let action = actions[place]
      return DecisionLine.Segment(
        from: ends[0], to: ends[1], action: action.rawValue,
        fractions: ends.map { _ in action == .full ? 1 : 0.5 },
        destinations: action == .partial
          ? partial(from: ends, target: target) : ends.map { action == .full ? target : $0 })
    }
  }

  private func partial(from ends: [Double], target: Double) -> [Double] {
    switch step {
    case .toEdge: ends.map { min(max($0, noTrade[0]), noTrade[1]) }
    case .fraction(let fraction): ends.map { $0 + fraction * (target - $0) }
    case .several: []
    }
  }
}
