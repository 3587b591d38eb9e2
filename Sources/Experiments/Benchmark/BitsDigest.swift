import Algebra
import Deployment
import Foundation
import Gym
public import Rebalancing

/// What identifies the bits of an environment: a digest of a long run.
///
/// The same on every machine, vector width, number of threads and number of copies; where it differs
/// from a published one, results differ.
public struct BitsDigest: Sendable, Codable {
  public var environment: String
  public var steps: Int
  /// SHA-256 of the bit patterns of all observations and rewards of the first copy.
  public var sha256: String

  enum CodingKeys: String, CodingKey {
    case environment = "env"
    case steps, sha256
  }

  /// Steps an environment under random actions, in the arithmetic of its specification.
  ///
  /// - Parameters:
  ///   - copies: how many are stepped together; only the first counts.
  ///   - threads: each steps a part of the copies.
  public init(_ task: RebalancingTask, steps: Int = 10_000, copies: Int = 7, threads: Int = 1) {
    environment = task.id
    self.steps = steps
    sha256 =
      switch task.precision {
      case .float: Self.digest(SIMD16<Float>.self, task, steps, copies, threads)
      case .double: Self.digest(SIMD8<Double>.self, task, steps, copies, threads)
      }
  }

  private static func digest<L: Lanes>(
    _ lanes: L.Type, _ task: RebalancingTask, _ steps: Int, _ copies: Int, _ threads: Int
  ) -> String {
    var shards = (0..<threads).map { shard in
      BitsRun<L>(
        task, steps: steps, copies: max(1, copies / threads), first: shard * copies / threads)
    }
    forEachConcurrently(in: &shards, workers: threads) { _, shard in shard.run() }
    return Deployment.sha256(shards[0].bytes)
  }
}

/// The run that is digested.
private struct BitsRun<L: Lanes>: Sendable {
  private var environment: BatchedRebalancingEnvironment<L>
  private var transition: VectorTransition
  private let steps: Int
  private let firstCopy: Int
  private(set) var bytes = Data()

  init(_ task: RebalancingTask, steps: Int, copies: Int, first: Int) {
    var task = task
    task.autoreset = .sameStep
    environment = BatchedRebalancingEnvironment(task, count: copies, firstCopy: first)
    transition = VectorTransition(for: environment)
    self.steps = steps
    firstCopy = first
  }

  mutating func run() {
    environment.reset(seed: 20_261_121, into: &transition)
    record()
    let source = RandomSource(seed: 7)
    for step in 0..<steps {
      let actions = (0..<environment.count).map { copy in
        Int32(
          source.integer(
            below: environment.task.actionCount, .exploration, copy: UInt32(firstCopy + copy),
            step: UInt32(step)))
      }
      environment.step(actions, into: &transition)
      record()
    }
  }

  /// Adds the first copy's observation and reward.
  private mutating func record() {
    let features = transition.observations.count / environment.count
    for number in transition.observations[..<features] + [transition.rewards[0]] {
      unsafe withUnsafeBytes(of: number.bitPattern.littleEndian) {
        unsafe bytes.append(contentsOf: $0)
      }
    }
  }
}
