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
  var source = RandomSource(seed: 0)
  var portfolios: Portfolios<L>
  let kernel: StepKernel<L>
  var workspace: StepWorkspace<L>

  public init(_ task: RebalancingTask, count: Int, firstCopy: Int = 0) {
    precondition(count > 0, "\(count) copies: at least 1 is needed")
    self.task = task
    self.count = count
    self.firstCopy = firstCopy
    portfolios = Portfolios(task, count: count)
    kernel = StepKernel(task)
    workspace = StepWorkspace(task)
  }

  public var observationSpace: Space { task.observation.space }
  public var actionSpace: Space { task.actionSpace }
  public var autoreset: Autoreset { task.autoreset }

  @_specialize(where L == SIMD16<Float>)
  @_specialize(where L == SIMD8<Double>)
  public mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    var none: [Double] = []
    transition.withSpans { observations, _, rewards, terminated, truncated in
      var terms = none.mutableSpan
      reset(
        seed: seed, observations: &observations, rewards: &rewards, terminated: &terminated,
        truncated: &truncated, terms: &terms)
    }
  }

  public mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {
    var none: [Double] = []
    transition.withSpans { observations, _, rewards, terminated, truncated in
      var terms = none.mutableSpan
      reset(
        where: mask.span, observations: &observations, rewards: &rewards, terminated: &terminated,
        truncated: &truncated, terms: &terms)
    }
  }

  // Fast even where a caller is generic over environments.
  @_specialize(where L == SIMD16<Float>)
  @_specialize(where L == SIMD8<Double>)
  public mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    precondition(task.actionFamily == .list, "the actions of \(task.id) are \(actionSpace)")
    precondition(actions.count == count, "\(actions.count) actions for \(count) copies")
    advance(actions, [], into: &transition)
  }

  public mutating func step(values: [Float], into transition: inout VectorTransition) {
    precondition(task.actionFamily != .list, "the actions of \(task.id) are \(actionSpace)")
    precondition(
      values.count == count * actionSpace.size,
      "\(values.count) numbers for \(count) copies of \(actionSpace.size) dimensions")
    advance([], values, into: &transition)
  }

  private mutating func advance(
    _ actions: [Int32], _ values: [Float], into transition: inout VectorTransition
  ) {
    var none: [Double] = []
    transition.withSpans { observations, finalObservations, rewards, terminated, truncated in
      var terms = none.mutableSpan
      step(
        actions.span, values.span, observations: &observations,
        finalObservations: &finalObservations, rewards: &rewards, terminated: &terminated,
        truncated: &truncated, terms: &terms)
    }
  }
}

/// What a step of a copy did, in the order in which `step` writes it.
public enum StepTerm: Int, Sendable, CaseIterable {
  /// Value after the step in currency; at the end of an episode before the next begins.
  case valueAfter
  /// Fractions of the value before the step, as ``StepOutcome`` has them.
  case transactionCost, taxCost, driftCost, portfolioReturn
}

// The same on memory of the caller's, whose shapes are those of `VectorTransition`; `terms` is
// [terms, copies], or empty where nobody asks.
extension BatchedRebalancingEnvironment {
  /// Begins the first episode of every copy.
  @_specialize(where L == SIMD16<Float>)
  @_specialize(where L == SIMD8<Double>)
  public mutating func reset(
    seed: UInt64, observations: inout MutableSpan<Float>, rewards: inout MutableSpan<Float>,
    terminated: inout MutableSpan<Bool>, truncated: inout MutableSpan<Bool>,
    terms: inout MutableSpan<Double>
  ) {
    source = RandomSource(seed: seed)
    for copy in 0..<count {
      begin(copy, episode: 0, into: &observations)
      (rewards[copy], terminated[copy], truncated[copy]) = (0, false, false)
      clearTerms(of: copy, in: &terms)
    }
  }

  /// Begins the next episode of the copies where `mask` is true.
  public mutating func reset(
    where mask: Span<Bool>, observations: inout MutableSpan<Float>,
    rewards: inout MutableSpan<Float>, terminated: inout MutableSpan<Bool>,
    truncated: inout MutableSpan<Bool>, terms: inout MutableSpan<Double>
  ) {
    precondition(mask.count == count, "\(mask.count) flags for \(count) copies")
    for copy in 0..<count where mask[copy] {
      begin(copy, episode: portfolios.episode(of: copy) &+ 1, into: &observations)
      (rewards[copy], terminated[copy], truncated[copy]) = (0, false, false)
      clearTerms(of: copy, in: &terms)
    }
  }

  /// Steps every copy with the actions of one kind, the other being empty.
  @_specialize(where L == SIMD16<Float>)
  @_specialize(where L == SIMD8<Double>)
  public mutating func step(
    _ actions: Span<Int32>, _ values: Span<Float>, observations: inout MutableSpan<Float>,
    finalObservations: inout MutableSpan<Float>, rewards: inout MutableSpan<Float>,
    terminated: inout MutableSpan<Bool>, truncated: inout MutableSpan<Bool>,
    terms: inout MutableSpan<Double>
  ) {
    for first in stride(from: 0, to: portfolios.groupCount, by: StepWorkspace<L>.blockSize) {
      let block = first..<min(first + StepWorkspace<L>.blockSize, portfolios.groupCount)
      let hasEnds = kernel.step(
        block, &portfolios, actions, values, source, firstCopy: firstCopy, &workspace,
        observations: &observations, rewards: &rewards, terminated: &terminated,
        truncated: &truncated)
      if !terms.isEmpty { writeTerms(of: block, to: &terms) }
      if hasEnds {
        finishEpisodes(
          in: block, &observations, &finalObservations, &rewards, &terminated, &truncated, &terms)
      }
    }
  }

  /// Writes what the steps of a block did.
  private func writeTerms(of block: Range<Int>, to terms: inout MutableSpan<Double>) {
    precondition(terms.count == StepTerm.allCases.count * count, "terms have another shape")
    for (index, group) in block.enumerated() {
      let first = group * L.laneCount
      let (cost, tax) = (workspace.costs[index], workspace.taxes[index])
      let (drift, total) = (workspace.drifts[index], workspace.totals[index])
      for lane in 0..<min(L.laneCount, count - first) {
        let copy = first + lane
        terms[StepTerm.valueAfter.rawValue * count + copy] = portfolios.values[copy]
        terms[StepTerm.transactionCost.rawValue * count + copy] = Double(cost[lane: lane])
        terms[StepTerm.taxCost.rawValue * count + copy] = Double(tax[lane: lane])
        terms[StepTerm.driftCost.rawValue * count + copy] = Double(drift[lane: lane])
        terms[StepTerm.portfolioReturn.rawValue * count + copy] = Double(total[lane: lane]) - 1
      }
    }
  }

  /// Forgets the step of a copy that has only been reset.
  private func clearTerms(of copy: Int, in terms: inout MutableSpan<Double>) {
    guard !terms.isEmpty else { return }
    for term in StepTerm.allCases {
      terms[term.rawValue * count + copy] = term == .valueAfter ? task.initialValue : 0
    }
  }

  /// Marks the ends of episodes in a block and applies the autoreset mode.
  private mutating func finishEpisodes(
    in block: Range<Int>, _ observations: inout MutableSpan<Float>,
    _ finalObservations: inout MutableSpan<Float>, _ rewards: inout MutableSpan<Float>,
    _ terminated: inout MutableSpan<Bool>, _ truncated: inout MutableSpan<Bool>,
    _ terms: inout MutableSpan<Double>
  ) {
    let size = task.observation.size
    for copy in block.lowerBound * L.laneCount..<min(block.upperBound * L.laneCount, count) {
      if portfolios.isOver[copy] {
        precondition(
          autoreset == .nextStep, "copy \(copy) has ended: reset it before the next step")
        begin(copy, episode: portfolios.episode(of: copy) &+ 1, into: &observations)
        rewards[copy] = 0
        clearTerms(of: copy, in: &terms)
        continue
      }
      let isRuined = portfolios.values[copy] <= 0
      let isLast = portfolios.step(of: copy) >= task.horizon
      guard isRuined || isLast else { continue }
      terminated[copy] = isRuined
      truncated[copy] = !isRuined
      portfolios.isOver[copy] = true
      if autoreset == .sameStep {
        // Reward and flags tell of the episode before and stay.
        for place in copy * size..<(copy + 1) * size {
          finalObservations[place] = observations[place]
        }
        begin(copy, episode: portfolios.episode(of: copy) &+ 1, into: &observations)
      }
    }
    portfolios.findNextEnds(in: block, horizon: task.horizon)
  }

  /// Puts a copy at the start of an episode.
  ///
  /// - Parameter anywhere: whether it begins with any weights instead of the target's.
  mutating func begin(
    _ copy: Int, episode: UInt32, anywhere: Bool = false,
    into observations: inout MutableSpan<Float>
  ) {
    let held =
      anywhere
      ? task.weightsAnywhere(source, copy: UInt32(firstCopy + copy), episode: episode)
      : task.targets
    portfolios.begin(copy, episode: episode, task, held: held)
    kernel.begin(copy, &portfolios, source, firstCopy: firstCopy)
    kernel.writeObservation(
      of: copy, &portfolios, source, firstCopy: firstCopy, &workspace, into: &observations)
  }

  /// Whether a copy's episode has ended and it awaits its reset.
  public func hasEnded(_ copy: Int) -> Bool { portfolios.isOver[copy] }

  /// The first copy whose episode has ended and that awaits its reset.
  public var firstEnded: Int? { portfolios.isOver[..<count].firstIndex(of: true) }

  /// Steps of its episode that a copy has done.
  public func step(of copy: Int) -> Int { portfolios.step(of: copy) }

  /// Net asset value of a copy, in currency.
  public func value(of copy: Int) -> Double { portfolios.values[copy] }

  /// Weights of a copy before its next trade.
  public func weights(of copy: Int) -> [Double] {
    let (group, lane) = (copy / L.laneCount, copy % L.laneCount)
    return task.assets.indices.map {
      Double(portfolios.weights[group * task.assets.count + $0][lane: lane])
    }
  }
}
