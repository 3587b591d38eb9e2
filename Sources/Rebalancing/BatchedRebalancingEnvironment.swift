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
    source = RandomSource(seed: seed)
    for copy in 0..<count { begin(copy, episode: 0, into: &transition) }
  }

  public mutating func reset(where mask: [Bool], into transition: inout VectorTransition) {
    precondition(mask.count == count, "\(mask.count) flags for \(count) copies")
    for copy in 0..<count where mask[copy] {
      begin(copy, episode: portfolios.episode(of: copy) &+ 1, into: &transition)
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

  /// Steps every copy with the actions of one kind, the other being empty.
  private mutating func advance(
    _ actions: [Int32], _ values: [Float], into transition: inout VectorTransition
  ) {
    for first in stride(from: 0, to: portfolios.groupCount, by: StepWorkspace<L>.blockSize) {
      let block = first..<min(first + StepWorkspace<L>.blockSize, portfolios.groupCount)
      let hasEnds = kernel.step(
        block, &portfolios, actions.span, values.span, source, firstCopy: firstCopy, &workspace,
        &transition)
      if hasEnds { finishEpisodes(in: block, into: &transition) }
    }
  }

  /// Marks the ends of episodes in a block and applies the autoreset mode.
  private mutating func finishEpisodes(
    in block: Range<Int>, into transition: inout VectorTransition
  ) {
    for copy in block.lowerBound * L.laneCount..<min(block.upperBound * L.laneCount, count) {
      if portfolios.isOver[copy] {
        precondition(
          autoreset == .nextStep, "copy \(copy) has ended: reset it before the next step")
        begin(copy, episode: portfolios.episode(of: copy) &+ 1, into: &transition)
        continue
      }
      let isRuined = portfolios.values[copy] <= 0
      let isLast = portfolios.step(of: copy) >= task.horizon
      guard isRuined || isLast else { continue }
      transition.terminated[copy] = isRuined
      transition.truncated[copy] = !isRuined
      portfolios.isOver[copy] = true
      if autoreset == .sameStep {
        transition.copyFinalObservation(of: copy)
        begin(
          copy, episode: portfolios.episode(of: copy) &+ 1, flagged: true, into: &transition)
      }
    }
    portfolios.findNextEnds(in: block, horizon: task.horizon)
  }

  /// Puts a copy at the start of an episode.
  ///
  /// - Parameters:
  ///   - flagged: whether reward and flags tell of the episode before and stay.
  ///   - anywhere: whether it begins with any weights instead of the target's.
  mutating func begin(
    _ copy: Int, episode: UInt32, flagged: Bool = false, anywhere: Bool = false,
    into transition: inout VectorTransition
  ) {
    let held =
      anywhere
      ? task.weightsAnywhere(source, copy: UInt32(firstCopy + copy), episode: episode)
      : task.targets
    portfolios.begin(copy, episode: episode, task, held: held)
    kernel.begin(copy, &portfolios, source, firstCopy: firstCopy)
    kernel.writeObservation(
      of: copy, &portfolios, source, firstCopy: firstCopy, &workspace,
      into: &transition.observations)
    guard !flagged else { return }
    transition.rewards[copy] = 0
    transition.terminated[copy] = false
    transition.truncated[copy] = false
  }
}

extension VectorTransition {
  /// Keeps a copy's observation before the next episode's takes its place.
  fileprivate mutating func copyFinalObservation(of copy: Int) {
    let features = observations.count / rewards.count
    for place in copy * features..<(copy + 1) * features {
      finalObservations[place] = observations[place]
    }
  }
}
