import Algebra
import Markets

/// The state of many portfolios, structure of arrays: [groups, assets] bundles of lanes each, copy
/// `c` in lane `c % laneCount` of group `c / laneCount`.
struct Portfolios<L: Lanes>: Sendable {
  let assetCount: Int
  let count: Int
  let groupCount: Int
  /// The episode of each copy, counted from 0.
  var episodes: [L.Words]
  /// Steps taken in the episode.
  var steps: [L.Words]
  /// Weight per asset before the next trade.
  var weights: [L]
  /// Acquisition cost per asset, as a fraction of the present value, where it matters; else empty.
  var basis: [L]
  /// Log return of the last step per asset.
  var lastLogReturns: [L]
  /// Price per unit in currency, where trades are accounted for; else empty.
  var prices: [L]
  /// Lots and tax position, where there are lots: [groups, ledgerCount].
  var ledger: [L]
  /// What only some observations need, else empty: day of the last trade and capped share per
  /// group, trend per asset.
  var lastTradeDays: [L]
  var cappedShares: [L]
  var trends: [L]
  /// Per group, what has landed in cash since the last decision; empty where nobody asks.
  var inflows: [L]
  /// The volatility index at the last decisions, [groups, volatilityRiseSteps], the latest first, 0
  /// where there was none; empty where nobody asks.
  var pastIndices: [L]
  /// What the market remembers, [groups, stateCount].
  var marketState: [L]
  /// Net asset value in currency per copy, in `Double` at any precision, up to the last lane.
  var values: [Double]
  /// Whether a copy's episode has ended and it awaits its reset.
  var isOver: [Bool]
  /// Steps per group until the first of its lanes reaches the horizon; 0 also where a lane awaits
  /// its reset.
  var stepsToEnd: [Int32]

  init(_ task: RebalancingTask, count: Int) {
    assetCount = task.assets.count
    self.count = count
    groupCount = (count + L.laneCount - 1) / L.laneCount
    let zero = L(repeating: 0)
    episodes = Array(repeating: L.Words(word: 0), count: groupCount)
    steps = episodes
    let targets = task.targets.map { L(repeating: L.Scalar($0)) }
    weights = (0..<groupCount).flatMap { _ in targets }
    basis = task.needsBasis ? weights : []
    lastLogReturns = Array(repeating: zero, count: weights.count)
    let prices = task.initialPrices.map { L(repeating: L.Scalar($0)) }
    self.prices = task.needsAccount ? (0..<groupCount).flatMap { _ in prices } : []
    ledger = Array(repeating: zero, count: groupCount * task.ledgerCount)
    let facts = task.observation.facts
    let perGroup = Array(repeating: zero, count: groupCount)
    lastTradeDays = facts.contains(.daysSinceTrade) ? perGroup : []
    cappedShares = facts.contains(.cappedShare) ? perGroup : []
    trends = facts.contains(.trend) ? lastLogReturns : []
    inflows = facts.contains(.inflow) ? perGroup : []
    pastIndices = Array(
      repeating: zero,
      count: facts.contains(.volatilityIndexRise) ? groupCount * task.volatilityRiseSteps : 0)
    marketState = Array(repeating: zero, count: groupCount * task.market.stateCount)
    values = Array(repeating: task.initialValue, count: groupCount * L.laneCount)
    isOver = Array(repeating: false, count: groupCount * L.laneCount)
    stepsToEnd = Array(repeating: Int32(task.horizon), count: groupCount)
  }

  func episode(of copy: Int) -> UInt32 {
    episodes[copy / L.laneCount][lane: copy % L.laneCount]
  }

  func step(of copy: Int) -> Int {
    Int(steps[copy / L.laneCount][lane: copy % L.laneCount])
  }

  /// Puts a copy at the start of an episode.
  ///
  /// - Parameter held: its weights.
  mutating func begin(_ copy: Int, episode: UInt32, _ task: RebalancingTask, held: [Double]) {
    let (group, lane) = (copy / L.laneCount, copy % L.laneCount)
    episodes[group][lane: lane] = episode
    steps[group][lane: lane] = 0
    for asset in 0..<assetCount {
      let place = group * assetCount + asset
      weights[place][lane: lane] = L.Scalar(held[asset])
      if !basis.isEmpty { basis[place][lane: lane] = L.Scalar(held[asset]) }
      lastLogReturns[place][lane: lane] = 0
      if !trends.isEmpty { trends[place][lane: lane] = 0 }
      if !prices.isEmpty { prices[place][lane: lane] = L.Scalar(task.initialPrices[asset]) }
    }
    let memory = pastIndices.count / groupCount
    for place in group * memory..<(group + 1) * memory { pastIndices[place][lane: lane] = 0 }
    if !inflows.isEmpty { inflows[group][lane: lane] = 0 }
    values[copy] = task.initialValue
    isOver[copy] = false
  }

  /// Counts one step of every copy of a block.
  ///
  /// - Returns: whether all of them have another step to go.
  mutating func advance(_ block: Range<Int>) -> Bool {
    let one = L.Words(word: 1)
    var nearest = Int32.max
    for group in block {
      steps[group] = steps[group] &+ one
      stepsToEnd[group] -= 1
      nearest = min(nearest, stepsToEnd[group])
    }
    return nearest > 0
  }

  /// Counts anew when the lanes of some groups reach the horizon.
  mutating func findNextEnds(in groups: Range<Int>, horizon: Int) {
    for group in groups {
      // Lanes beyond the last copy go on and on; nobody waits for them.
      let lanes = 0..<min(L.laneCount, count - group * L.laneCount)
      let isAwaited = lanes.contains { isOver[group * L.laneCount + $0] }
      let longest = lanes.reduce(0) { max($0, Int(steps[group][lane: $1])) }
      stepsToEnd[group] = isAwaited ? 0 : Int32(max(0, horizon - longest))
    }
  }
}

// The volatility index at the last decisions.
extension Portfolios {
  /// Keeps the index of a decision, and forgets the oldest.
  mutating func noteIndex(_ index: L, of group: Int) {
    let memory = pastIndices.count / groupCount
    for place in stride(from: (group + 1) * memory - 1, to: group * memory, by: -1) {
      pastIndices[place] = pastIndices[place - 1]
    }
    pastIndices[group * memory] = index
  }

  /// The oldest that is kept; 0 where nobody asks.
  func indexBefore(_ group: Int) -> L {
    let memory = pastIndices.count / groupCount
    return memory > 0 ? pastIndices[(group + 1) * memory - 1] : L(repeating: 0)
  }
}
