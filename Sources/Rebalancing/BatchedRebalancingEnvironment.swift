public import Algebra
public import Gym
import Markets

/// Many copies of a rebalancing environment, stepped side by side: the fast twin.
///
/// Structure of arrays: each quantity of each asset is an array over groups of copies, one copy per
/// lane. A copy's bits are those of the scalar environment of the same precision, whatever the number
/// of copies, their grouping into environments or the width of `L`.
public struct BatchedRebalancingEnvironment<L: Lanes>: VectorEnvironment {
  /// The problem.
  public let task: RebalancingTask
  public let count: Int
  /// The number of the first copy; environments with different ranges share one seed.
  public let firstCopy: Int
  private var source = RandomSource(seed: 0)
  private var groups: [Group]
  private var scratch: Scratch
  private let constants: Constants
  private let features: Int

  public init(_ task: RebalancingTask, count: Int, firstCopy: Int = 0) {
    precondition(count > 0, "\(count) copies: at least 1 is needed")
    self.task = task
    self.count = count
    self.firstCopy = firstCopy
    features = task.observation.size
    constants = Constants(task)
    scratch = Scratch(assets: task.assets.count, features: features)
    let groupCount = (count + L.laneCount - 1) / L.laneCount
    groups = (0..<groupCount).map { group in
      var copies = L.Words(word: 0)
      for lane in 0..<L.laneCount {
        copies[lane: lane] = UInt32(firstCopy + group * L.laneCount + lane)
      }
      return Group(copies: copies, targets: task.targets)
    }
    if task.market.hasConstantCovariance {
      task.market.covariance(path(0), into: &scratch.covariance)
    }
  }

  public var observationSpace: Space { task.observation.space }
  public var actionSpace: Space { .discrete(count: task.actions.count) }
  public var autoreset: Autoreset { task.autoreset }

  /// The state of `laneCount` copies.
  private struct Group: Sendable {
    let copies: L.Words
    var episodes = L.Words(word: 0)
    var steps = L.Words(word: 0)
    var weights: [L]
    var basis: [L]
    var lastLogReturns: [L]
    /// Net asset value in currency per lane, in `Double` at any precision.
    var values = [Double](repeating: 1, count: L.laneCount)
    /// Whether the lane's episode has ended and it awaits its reset.
    var isOver = [Bool](repeating: false, count: L.laneCount)

    init(copies: L.Words, targets: [Double]) {
      self.copies = copies
      weights = targets.map { L(repeating: L.Scalar($0)) }
      basis = weights
      lastLogReturns = targets.map { _ in L(repeating: 0) }
    }

    /// Puts one lane at the start of an episode.
    mutating func begin(lane: Int, episode: UInt32, targets: [Double]) {
      episodes[lane: lane] = episode
      steps[lane: lane] = 0
      for i in targets.indices {
        weights[i][lane: lane] = L.Scalar(targets[i])
        basis[i][lane: lane] = L.Scalar(targets[i])
        lastLogReturns[i][lane: lane] = 0
      }
      values[lane] = 1
      isOver[lane] = false
    }
  }

  /// Storage that a step works in.
  private struct Scratch: Sendable {
    var growth: [L]
    var held: [L]
    var deviation: [L]
    var covariance: [L]
    var observation: [L]

    init(assets: Int, features: Int) {
      growth = Array(repeating: L(repeating: 0), count: assets)
      held = growth
      deviation = growth
      covariance = Array(repeating: L(repeating: 0), count: assets * assets)
      observation = Array(repeating: L(repeating: 0), count: features)
    }
  }

  /// The task's numbers, in all lanes.
  private struct Constants: Sendable {
    let targets: [L]
    let costPerUnit: [L]
    let taxRate: L
    let driftFactor: L
    let rewardScale: L

    init(_ task: RebalancingTask) {
      targets = task.targets.map { L(repeating: L.Scalar($0)) }
      costPerUnit = task.costs.perUnit.map { L(repeating: L.Scalar($0)) }
      taxRate = L(repeating: L.Scalar(task.tax.rate))
      rewardScale = L(repeating: L.Scalar(task.rewardScale))
      switch task.driftCost {
      case .quadratic(let riskAversion):
        driftFactor = L(repeating: L.Scalar(riskAversion / 2 / task.stepsPerYear))
      case .trackingError(let weight):
        driftFactor = L(repeating: L.Scalar(weight / task.stepsPerYear))
      }
    }
  }

  private func path(_ group: Int) -> MarketPath<L> {
    MarketPath(
      source: source, copy: groups[group].copies, episode: groups[group].episodes,
      step: groups[group].steps)
  }

  // MARK: - Protocol

  public mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    source = RandomSource(seed: seed)
    for group in groups.indices {
      for lane in 0..<L.laneCount {
        groups[group].begin(lane: lane, episode: 0, targets: task.targets)
      }
      observe(group)
      for lane in 0..<lanes(in: group) {
        write(group, lane, into: &transition.observations)
        transition.clear(group * L.laneCount + lane)
      }
    }
  }

  public mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {
    precondition(mask.count == count, "\(mask.count) flags for \(count) copies")
    for group in groups.indices {
      for lane in 0..<lanes(in: group) where mask[group * L.laneCount + lane] {
        beginNext(group, lane)
        observe(group)
        write(group, lane, into: &transition.observations)
        transition.clear(group * L.laneCount + lane)
      }
    }
  }

  public mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    precondition(actions.count == count, "\(actions.count) actions for \(count) copies")
    let one = L.Words(word: 1)
    for group in groups.indices {
      let (reward, factor) = advance(group, fractions(group, actions))
      groups[group].steps = groups[group].steps &+ one
      observe(group)
      for lane in 0..<lanes(in: group) {
        finish(group, lane, reward[lane: lane], factor[lane: lane], into: &transition)
      }
    }
  }

  private func lanes(in group: Int) -> Int { min(L.laneCount, count - group * L.laneCount) }

  private func fractions(_ group: Int, _ actions: [Int32]) -> L {
    var fractions = L(repeating: 0)
    for lane in 0..<lanes(in: group) {
      let action = Int(actions[group * L.laneCount + lane])
      precondition(
        task.actions.indices.contains(action),
        "action \(action) is not one of 0 ..< \(task.actions.count)")
      fractions[lane: lane] = L.Scalar(task.actions[action])
    }
    return fractions
  }

  // MARK: - One step of a group

  /// Trades, pays and lets the market move; the twin of `RebalancingEnvironment.advance`.
  ///
  /// - Returns: rewards, and the factors by which the values change.
  private mutating func advance(_ group: Int, _ fractions: L) -> (reward: L, factor: L) {
    let assets = task.assets.count
    let zero = L(repeating: 0)
    let one = L(repeating: 1)
    var cost = zero
    var gains = zero
    for i in 0..<assets {
      let weight = groups[group].weights[i]
      let basis = groups[group].basis[i]
      let trade = fractions * (constants.targets[i] - weight)
      let bought = L.larger(trade, zero)
      let sold = L.larger(zero - trade, zero)
      cost = cost + (bought + sold) * constants.costPerUnit[i]
      let soldShare = sold / one.replacing(with: weight, where: zero .< weight)
      gains = gains + soldShare * (weight - basis)
      groups[group].basis[i] = basis + bought - soldShare * basis
      scratch.held[i] = weight + trade
      scratch.deviation[i] = scratch.held[i] - constants.targets[i]
    }
    let tax = gains * constants.taxRate
    let path = path(group)
    let drift = driftCost(path)

    task.market.move(
      path, growth: &scratch.growth, logReturns: &groups[group].lastLogReturns)
    var total = zero
    var targetTotal = zero
    for i in 0..<assets {
      total = total + scratch.held[i] * scratch.growth[i]
      targetTotal = targetTotal + constants.targets[i] * scratch.growth[i]
    }
    for i in 0..<assets {
      groups[group].weights[i] = scratch.held[i] * scratch.growth[i] / total
      groups[group].basis[i] = groups[group].basis[i] / total
    }
    let reward = (capture(total, targetTotal) - drift - cost - tax) * constants.rewardScale
    return (reward, (one - (cost + tax)) * total)
  }

  private mutating func driftCost(_ path: MarketPath<L>) -> L {
    let assets = task.assets.count
    if !task.market.hasConstantCovariance {
      task.market.covariance(path, into: &scratch.covariance)
    }
    var variance = L(repeating: 0)
    for i in 0..<assets {
      var row = L(repeating: 0)
      for j in 0..<assets {
        row = row + scratch.covariance[i * assets + j] * scratch.deviation[j]
      }
      variance = variance + scratch.deviation[i] * row
    }
    switch task.driftCost {
    case .quadratic: return variance * constants.driftFactor
    case .trackingError:
      return L.larger(variance, L(repeating: 0)).roots() * constants.driftFactor
    }
  }

  private func capture(_ total: L, _ targetTotal: L) -> L {
    switch task.returnCapture {
    case .none: L(repeating: 0)
    case .active: total - targetTotal
    case .simple: total - L(repeating: 1)
    case .log: L.log(total)
    }
  }

  // MARK: - Ends and observations

  /// Writes a lane's results and applies the autoreset mode.
  private mutating func finish(
    _ group: Int, _ lane: Int, _ reward: L.Scalar, _ factor: L.Scalar,
    into transition: inout VectorTransition
  ) {
    let copy = group * L.laneCount + lane
    if groups[group].isOver[lane] {
      precondition(autoreset == .nextStep, "copy \(copy) has ended: reset it before the next step")
      beginNext(group, lane)
      observe(group)
      write(group, lane, into: &transition.observations)
      transition.clear(copy)
      return
    }
    groups[group].values[lane] *= Double(factor)
    let isRuined = groups[group].values[lane] <= 0
    let isLast = Int(groups[group].steps[lane: lane]) >= task.horizon
    transition.rewards[copy] = Float(reward)
    transition.terminated[copy] = isRuined
    transition.truncated[copy] = isLast && !isRuined
    groups[group].isOver[lane] = isLast || isRuined
    if groups[group].isOver[lane], autoreset == .sameStep {
      write(group, lane, into: &transition.finalObservations)
      beginNext(group, lane)
      observe(group)
    }
    write(group, lane, into: &transition.observations)
  }

  private mutating func beginNext(_ group: Int, _ lane: Int) {
    let next = groups[group].episodes[lane: lane] &+ 1
    groups[group].begin(lane: lane, episode: next, targets: task.targets)
  }

  private mutating func observe(_ group: Int) {
    task.observation.observe(
      weights: groups[group].weights, targets: constants.targets, basis: groups[group].basis,
      lastLogReturns: groups[group].lastLogReturns, into: &scratch.observation)
  }

  private func write(_ group: Int, _ lane: Int, into rows: inout [Float]) {
    let first = (group * L.laneCount + lane) * features
    for column in 0..<features {
      rows[first + column] = Float(scratch.observation[column][lane: lane])
    }
  }
}

extension VectorTransition {
  /// Marks a copy as just reset.
  fileprivate mutating func clear(_ copy: Int) {
    rewards[copy] = 0
    terminated[copy] = false
    truncated[copy] = false
  }
}

// MARK: - State

extension BatchedRebalancingEnvironment {
  /// Numbers per copy in an encoded state.
  private var stride: Int { 4 + 3 * task.assets.count }

  public func encodedState() -> [UInt8] {
    var numbers: [Double] = [
      Double(count), Double(firstCopy), Double(source.seed >> 32),
      Double(source.seed & 0xFFFF_FFFF),
    ]
    for copy in 0..<count {
      let group = groups[copy / L.laneCount]
      let lane = copy % L.laneCount
      numbers += [
        Double(group.episodes[lane: lane]), Double(group.steps[lane: lane]),
        group.values[lane], group.isOver[lane] ? 1 : 0,
      ]
      for quantity in [group.weights, group.basis, group.lastLogReturns] {
        numbers += quantity.map { Double($0[lane: lane]) }
      }
    }
    return numbers.flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt64($0))) }
    }
  }

  public mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError) {
    let numbers = Swift.stride(from: 0, to: encodedState.count - 7, by: 8).map { first in
      Double(
        bitPattern: (0..<8).reduce(UInt64(0)) {
          $0 | UInt64(encodedState[first + $1]) << (8 * UInt64($1))
        })
    }
    guard encodedState.count == 8 * (4 + count * stride), numbers[0] == Double(count),
      numbers[1] == Double(firstCopy)
    else {
      throw EnvironmentStateError(
        "the state of \(encodedState.count) bytes does not fit \(count) copies of \(task.id) "
          + "from copy \(firstCopy)")
    }
    guard numbers.allSatisfy(\.isFinite), let high = UInt32(exactly: numbers[2]),
      let low = UInt32(exactly: numbers[3])
    else { throw EnvironmentStateError("the state holds numbers that cannot be") }
    source = RandomSource(seed: UInt64(high) << 32 | UInt64(low))
    for copy in 0..<count {
      try restore(copy, Array(numbers[(4 + copy * stride)..<(4 + (copy + 1) * stride)]))
    }
  }

  private mutating func restore(
    _ copy: Int, _ numbers: [Double]
  ) throws(EnvironmentStateError) {
    guard let episode = UInt32(exactly: numbers[0]), let step = UInt32(exactly: numbers[1]),
      Int(step) <= task.horizon
    else { throw EnvironmentStateError("copy \(copy) is at a step that cannot be") }
    let (group, lane) = (copy / L.laneCount, copy % L.laneCount)
    let assets = task.assets.count
    groups[group].episodes[lane: lane] = episode
    groups[group].steps[lane: lane] = step
    groups[group].values[lane] = numbers[2]
    groups[group].isOver[lane] = numbers[3] != 0
    for i in 0..<assets {
      groups[group].weights[i][lane: lane] = L.Scalar(numbers[4 + i])
      groups[group].basis[i][lane: lane] = L.Scalar(numbers[4 + assets + i])
      groups[group].lastLogReturns[i][lane: lane] = L.Scalar(numbers[4 + 2 * assets + i])
    }
  }
}
