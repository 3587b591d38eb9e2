import Algebra
import CRebalancing
import Gym
import Rebalancing

/// Copies of an environment that read and write memory of the caller's.
protocol BoundEnvironment: AnyObject {
  var task: RebalancingTask { get }
  var count: Int { get }
  func bind(_ buffers: rebalancing_buffers) throws
  func reset(seed: UInt64) throws
  func reset(where mask: UnsafePointer<Bool>?) throws
  func step() throws
  func portfolio(of copy: Int) throws -> HeldPortfolio
  func encodedState() -> [UInt8]
  func restore(_ state: [UInt8]) throws
}

/// What a copy holds before its next trade.
struct HeldPortfolio: Encodable {
  /// Steps of its episode that are done.
  var step: Int
  /// In currency.
  var value: Double
  var weights: [Double]
  /// Whether its episode has ended and it awaits its reset.
  var hasEnded: Bool

  enum CodingKeys: String, CodingKey {
    case step, value, weights
    case hasEnded = "ended"
  }
}

/// The same in one arithmetic.
@safe final class BoundCopies<L: Lanes>: BoundEnvironment {
  private var environment: BatchedRebalancingEnvironment<L>
  private var memory: Memory?
  private let awaitsReset: Bool
  /// Whether an episode has been begun.
  private var hasBegun = false

  init(_ task: RebalancingTask, count: Int, firstCopy: Int) {
    environment = BatchedRebalancingEnvironment(task, count: count, firstCopy: firstCopy)
    awaitsReset = task.autoreset == .disabled
  }

  var task: RebalancingTask { environment.task }
  var count: Int { environment.count }

  func bind(_ buffers: rebalancing_buffers) throws {
    memory = try unsafe Memory(buffers, task, count: count)
  }

  func reset(seed: UInt64) throws {
    let memory = try bound()
    memory.withSpans { _, _, observations, _, rewards, terminated, truncated, terms in
      environment.reset(
        seed: seed, observations: &observations, rewards: &rewards, terminated: &terminated,
        truncated: &truncated, terms: &terms)
    }
    hasBegun = true
  }

  func reset(where mask: UnsafePointer<Bool>?) throws {
    let memory = try begun()
    let flags = unsafe Array(UnsafeBufferPointer(start: mask, count: mask == nil ? 0 : count))
    let all = flags.isEmpty ? Array(repeating: true, count: count) : flags
    memory.withSpans { _, _, observations, _, rewards, terminated, truncated, terms in
      environment.reset(
        where: all.span, observations: &observations, rewards: &rewards, terminated: &terminated,
        truncated: &truncated, terms: &terms)
    }
  }

  // Generic code would copy the environment to ask it something.
  @_specialize(where L == SIMD16<Float>)
  @_specialize(where L == SIMD8<Double>)
  func step() throws {
    let memory = try begun()
    try memory.checkActions()
    if awaitsReset, let ended = environment.firstEnded {
      throw UsageError("copy \(ended) has ended: reset it before the next step")
    }
    memory.withSpans {
      choices, actions, observations, finalObservations, rewards, terminated, truncated, terms in
      environment.step(
        choices, actions, observations: &observations, finalObservations: &finalObservations,
        rewards: &rewards, terminated: &terminated, truncated: &truncated, terms: &terms)
    }
  }

  func portfolio(of copy: Int) throws -> HeldPortfolio {
    guard (0..<count).contains(copy) else {
      throw UsageError("the copy is \(copy), valid are 0 to \(count - 1)")
    }
    return HeldPortfolio(
      step: environment.step(of: copy), value: environment.value(of: copy),
      weights: environment.weights(of: copy), hasEnded: environment.hasEnded(copy))
  }

  func encodedState() -> [UInt8] { [hasBegun ? 1 : 0] + environment.encodedState() }

  func restore(_ state: [UInt8]) throws {
    guard let first = state.first, first <= 1 else { throw UsageError("the state is empty") }
    try environment.restore(encodedState: Array(state.dropFirst()))
    hasBegun = first == 1
  }

  private func bound() throws -> Memory {
    guard let memory else { throw UsageError("no memory is bound: bind before the first reset") }
    return memory
  }

  private func begun() throws -> Memory {
    let memory = try bound()
    guard hasBegun else { throw UsageError("no episode has begun: reset with a seed first") }
    return memory
  }
}

/// What is bound, with its sizes.
@safe private struct Memory {
  private let buffers: rebalancing_buffers
  private let count: Int
  private let features: Int
  private let dimensions: Int
  /// Whether an action is one of `actionCount`; else a point of a box.
  private let isList: Bool
  private let actionCount: Int

  init(_ buffers: rebalancing_buffers, _ task: RebalancingTask, count: Int) throws {
    isList = task.actionFamily == .list
    guard unsafe (isList ? buffers.choices != nil : buffers.actions != nil) else {
      throw UsageError(
        "\(isList ? "choices" : "actions") are null, the actions of \(task.id) are "
          + "\(task.actionSpace)")
    }
    guard
      unsafe buffers.observations != nil && buffers.final_observations != nil
        && buffers.rewards != nil && buffers.terminated != nil && buffers.truncated != nil
    else {
      throw UsageError(
        "observations, final_observations, rewards, terminated and truncated must not be null")
    }
    unsafe self.buffers = buffers
    self.count = count
    features = task.observation.size
    dimensions = task.actionSpace.size
    actionCount = task.actionCount
  }

  /// Refuses actions that are outside of their space, before anything moves.
  func checkActions() throws {
    if isList {
      let valid = 0..<Int32(actionCount)
      let choices = unsafe choices.span
      for copy in choices.indices where !valid.contains(choices[copy]) {
        throw UsageError(
          "copy \(copy): action \(choices[copy]) is not one of 0 ..< \(valid.upperBound)")
      }
    } else {
      let actions = unsafe actions.span
      for place in actions.indices where !actions[place].isFinite {
        throw UsageError("copy \(place / dimensions): the action holds \(actions[place])")
      }
    }
  }

  private var choices: UnsafeBufferPointer<Int32> {
    unsafe UnsafeBufferPointer(start: buffers.choices, count: buffers.choices == nil ? 0 : count)
  }
  private var actions: UnsafeBufferPointer<Float> {
    unsafe UnsafeBufferPointer(
      start: buffers.actions, count: buffers.actions == nil ? 0 : count * dimensions)
  }

  /// Lends the memory to a body: the actions that the family needs, the others empty, and what a step
  /// writes.
  func withSpans(
    _ body: (
      _ choices: Span<Int32>, _ actions: Span<Float>, _ observations: inout MutableSpan<Float>,
      _ finalObservations: inout MutableSpan<Float>, _ rewards: inout MutableSpan<Float>,
      _ terminated: inout MutableSpan<Bool>, _ truncated: inout MutableSpan<Bool>,
      _ terms: inout MutableSpan<Double>
    ) -> Void
  ) {
    let (noChoices, noActions) = unsafe (
      UnsafeBufferPointer<Int32>(start: nil, count: 0),
      UnsafeBufferPointer<Float>(start: nil, count: 0)
    )
    let (given, values) = unsafe isList ? (choices, noActions) : (noChoices, actions)
    let seen = unsafe UnsafeMutableBufferPointer(
      start: buffers.observations, count: count * features)
    let last = unsafe UnsafeMutableBufferPointer(
      start: buffers.final_observations, count: count * features)
    let rewards = unsafe UnsafeMutableBufferPointer(start: buffers.rewards, count: count)
    let terminated = unsafe UnsafeMutableBufferPointer(start: buffers.terminated, count: count)
    let truncated = unsafe UnsafeMutableBufferPointer(start: buffers.truncated, count: count)
    let terms = unsafe UnsafeMutableBufferPointer(
      start: buffers.terms,
      count: buffers.terms == nil ? 0 : StepTerm.allCases.count * count)
    var a = unsafe seen.mutableSpan
    var b = unsafe last.mutableSpan
    var c = unsafe rewards.mutableSpan
    var d = unsafe terminated.mutableSpan
    var e = unsafe truncated.mutableSpan
    var f = unsafe terms.mutableSpan
    unsafe body(given.span, values.span, &a, &b, &c, &d, &e, &f)
  }
}
