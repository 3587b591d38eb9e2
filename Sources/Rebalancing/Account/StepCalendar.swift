import Algebra
import Markets

/// What the number of a step says: its date, its scheduled flow, whether it is the last.
struct StepCalendar: Sendable {
  private let market: Market<Double>
  private let clock: StepClock
  private let horizon: Int
  /// Whether dates are those of data.
  private let isReplayed: Bool
  /// Days since 1970-01-01 and scheduled flow per step, on synthetic dates.
  private let days: [Double]
  private let flows: [Double]

  init(_ task: RebalancingTask) {
    market = task.market
    clock = task.clock
    horizon = task.horizon
    isReplayed = task.market.dates != nil
    let isNeeded = task.needsAccount || !task.facts.isEmpty
    let steps = isNeeded ? 0...task.horizon : 0...0
    let clock = clock
    days = steps.map { Double(clock.date(step: $0).daysSinceEpoch) }
    flows = steps.map { task.flows.scheduled(step: $0) }
  }

  /// Days since 1970-01-01 of the decision of a path's step.
  func days<L: Lanes>(_ path: MarketPath<L>) -> L {
    var result = L(repeating: 0)
    if !isReplayed {
      return value(of: days, at: path.step)
    }
    for lane in 0..<L.laneCount {
      let step = Int(path.step[lane: lane])
      let date = market.date(
        path.source, copy: path.copy[lane: lane], episode: path.episode[lane: lane],
        step: min(step, horizon), clock: clock)
      result[lane: lane] = L.Scalar(date.daysSinceEpoch)
    }
    return result
  }

  /// What lands by schedule at the end of a step.
  func scheduledFlow<L: Lanes>(_ step: L.Words) -> L {
    value(of: flows, at: step)
  }

  /// A number per step, looked up in every lane; mostly all lanes are at the same step.
  private func value<L: Lanes>(of table: [Double], at steps: L.Words) -> L {
    let first = steps[lane: 0]
    if steps == L.Words(word: first) {
      return L(repeating: L.Scalar(table[min(Int(first), horizon)]))
    }
    var result = L(repeating: 0)
    for lane in 0..<L.laneCount {
      result[lane: lane] = L.Scalar(table[min(Int(steps[lane: lane]), horizon)])
    }
    return result
  }

  /// Steps from a decision to the end of its episode.
  func stepsLeft<L: Lanes>(_ step: L.Words) -> L {
    var result = L(repeating: 0)
    for lane in 0..<L.laneCount {
      result[lane: lane] = L.Scalar(max(0, horizon - Int(step[lane: lane])))
    }
    return result
  }

  /// Where a step is the last of its episode.
  func isLast<Words: WordLanes, Mask: MaskLanes>(_ step: Words, lanes: Int) -> Mask {
    let first = step[lane: 0]
    if step == Words(word: first) { return Mask(repeating: Int(first) + 1 >= horizon) }
    var mask = Mask(repeating: false)
    for lane in 0..<lanes { mask[lane: lane] = Int(step[lane: lane]) + 1 >= horizon }
    return mask
  }
}

/// Which actions harvest losses.
struct Harvests: Sendable {
  /// Whether every step does.
  private let isOverlay: Bool
  /// The action that does.
  private let action: Int?

  init(_ task: RebalancingTask) {
    isOverlay = task.tax.lots?.isOverlay == true && task.tax.lots?.harvesting != nil
    action = task.hasHarvestAction ? task.actions.count : nil
  }

  /// Where losses are harvested under the lanes' actions.
  func mask<L: Lanes>(_ actions: L) -> L.Mask {
    guard !isOverlay else { return L.Mask(repeating: true) }
    guard let action else { return L.Mask(repeating: false) }
    return L(repeating: L.Scalar(action)) .<= actions
  }
}
