import Algebra
import Gym
public import Rebalancing

/// What one step of an environment costs in time on this machine, on one thread.
public struct StepTiming: Sendable, Encodable {
  /// Nanoseconds per step of the scalar environment.
  public var scalar: Double
  /// Nanoseconds per step and copy of the batched environment.
  public var batched: Double
  /// Copies of the batched environment.
  public var copies: Int

  enum CodingKeys: String, CodingKey {
    case copies
    case scalar = "scalar_ns"
    case batched = "batched_ns"
  }

  /// Steps both under random actions, in the task's precision, for a tenth of a second each.
  public init(_ task: RebalancingTask, copies: Int = 1_024) {
    self.copies = copies
    switch task.precision {
    case .double:
      var (one, many) = (ScalarPlay<Double>(task), BatchedPlay<SIMD8<Double>>(task, copies: copies))
      scalar = secondsPerCall(for: 0.1) { one.step() } * 1e9
      batched = secondsPerCall(for: 0.1) { many.step() } * 1e9 / Double(copies)
    case .float:
      var (one, many) = (ScalarPlay<Float>(task), BatchedPlay<SIMD16<Float>>(task, copies: copies))
      scalar = secondsPerCall(for: 0.1) { one.step() } * 1e9
      batched = secondsPerCall(for: 0.1) { many.step() } * 1e9 / Double(copies)
    }
  }
}

/// Seconds per call: the best of three runs that take about `seconds` together.
func secondsPerCall(for seconds: Double, _ body: () -> Void) -> Double {
  func run(_ calls: Int) -> Double {
    ContinuousClock().measure { for _ in 0..<calls { body() } }.seconds
  }
  var calls = 1
  var least = run(calls)
  // Runs of doubling length, until one takes a quarter to a half of the time.
  while least * 4 < seconds {
    calls *= 2
    least = run(calls)
  }
  return min(least, run(calls), run(calls)) / Double(calls)
}

extension Duration {
  /// The duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// A scalar environment that is stepped with actions chosen before.
struct ScalarPlay<Real>: Sendable
where Real: Lanes & BinaryFloatingPoint, Real.Scalar == Real, Real.Words == UInt32 {
  private var environment: RebalancingEnvironment<Real>
  private let actions: [Int]
  /// Where actions are a box.
  private let values: [[Float]]
  private var stepCount = 0

  init(_ task: RebalancingTask) {
    environment = RebalancingEnvironment(task)
    _ = environment.reset(seed: 1)
    actions = (0..<64).map { randomAction(task, copy: 0, step: $0) }
    values = (0..<64).map { randomValues(task, copy: 0, step: $0) }
  }

  mutating func step() {
    if environment.hasEnded { _ = environment.reset(seed: nil) }
    if environment.task.actionFamily == .list {
      _ = environment.step(actions[stepCount & 63])
    } else {
      _ = environment.step(values: values[stepCount & 63])
    }
    stepCount += 1
  }
}

/// Copies of a batched environment that are stepped with actions chosen before.
struct BatchedPlay<L: Lanes>: Sendable {
  private var environment: BatchedRebalancingEnvironment<L>
  private var transition: VectorTransition
  /// Actions of every copy, for a number of steps that repeats.
  private let actions: [[Int32]]
  /// The same where actions are a box.
  private let values: [[Float]]
  private var stepCount = 0

  /// - Parameters:
  ///   - actionSets: steps before the actions repeat.
  ///   - tradesEvery: a copy acts at one step of so many, at random.
  init(
    _ task: RebalancingTask, copies: Int, first: Int = 0, actionSets: Int? = nil,
    tradesEvery: Int = 1
  ) {
    var task = task
    // Modes of reset do not differ in cost, and this one needs no help.
    task.autoreset = .sameStep
    environment = BatchedRebalancingEnvironment(task, count: copies, firstCopy: first)
    transition = VectorTransition(for: environment)
    environment.reset(seed: 1, into: &transition)
    let family = task.actionFamily
    values = (0..<(family == .list ? 0 : 4)).map { step in
      (0..<copies).flatMap { randomValues(task, copy: first + $0, step: step) }
    }
    actions = (0..<(actionSets ?? max(4, min(64, 262_144 / copies)))).map { step in
      (0..<copies).map { copy in
        let isActing =
          RandomSource(seed: 3).integer(
            below: tradesEvery, .exploration, copy: UInt32(first + copy), step: UInt32(step)) == 0
        return isActing ? Int32(randomAction(task, copy: first + copy, step: step)) : 0
      }
    }
  }

  mutating func step() {
    if values.isEmpty {
      environment.step(actions[stepCount % actions.count], into: &transition)
    } else {
      environment.step(values: values[stepCount % values.count], into: &transition)
    }
    stepCount += 1
  }
}

private func randomAction(_ task: RebalancingTask, copy: Int, step: Int) -> Int {
  guard task.actionFamily == .list else { return 0 }
  return RandomSource(seed: 2).integer(
    below: task.actionCount, .exploration, copy: UInt32(copy), step: UInt32(step))
}

private func randomValues(_ task: RebalancingTask, copy: Int, step: Int) -> [Float] {
  (0..<task.actionSpace.size).map {
    Float(
      RandomSource(seed: 2).uniform(
        .exploration, copy: UInt32(copy), step: UInt32(step), draw: $0))
  }
}
