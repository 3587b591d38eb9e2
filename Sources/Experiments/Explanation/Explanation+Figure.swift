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
    if let optimum {
      bars.optimum = optimum.noTrade[0]...optimum.noTrade[1]
      bars.rows.append(
        .init(name: "optimum", segments: optimum.segments(target: line.target), isOptimum: true))
    }
    return bars.figure
  }
}

extension Explanation.Optimum {
  /// The optimum over fractions of the way as decisions along the weight; over 0, ½, 1 in full.
  func segments(target: Double) -> [DecisionLine.Segment] {
    let cuts = [0, fullTradeBelow ?? 0, noTrade[0], noTrade[1], fullTradeAbove ?? 1, 1]
    let fractions = [1, 0.5, 0, 0.5, 1]
    let actions = [
      "REBALANCE_FULL", "REBALANCE_PARTIAL", "NO_ACTION", "REBALANCE_PARTIAL", "REBALANCE_FULL",
    ]
    return actions.indices.filter { cuts[$0 + 1] > cuts[$0] }.map { place in
      let ends = [cuts[place], cuts[place + 1]]
      return DecisionLine.Segment(
        from: ends[0], to: ends[1], action: actions[place],
        fractions: ends.map { _ in fractions[place] },
        destinations: ends.map { $0 + fractions[place] * (target - $0) })
    }
  }
}
