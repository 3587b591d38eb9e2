import Dispatch
public import Foundation
import Synchronization

/// Trainings that differ in nothing but the seed, side by side.
///
/// Each has a core to itself while there are as many left as cores: small networks gain more from that
/// than from threads of their own. The files are those that each would write alone.
public struct SeedSweep: Sendable {
  public let runs: [TrainingRun]
  /// Threads of all runs together.
  public let threads: Int

  public init(_ runs: [TrainingRun], threads: Int) {
    self.runs = runs
    self.threads = threads
  }

  /// The folder of a seed below that of the sweep.
  public static func folder(_ seed: UInt64, in folder: URL) -> URL {
    folder.appending(path: "seed-\(seed)")
  }

  /// Runs all; one that fails leaves the others alone.
  ///
  /// - Parameter options: of the run of an index; its threads are set here.
  /// - Returns: how each ended, in order.
  public func run(
    _ options: @escaping @Sendable (Int) -> TrainingRun.Options
  ) -> [Result<TrainingRun.Ending, any Error>] {
    let results = Mutex([Int: Result<TrainingRun.Ending, any Error>]())
    let next = Atomic(0)
    let left = Atomic(runs.count)
    DispatchQueue.concurrentPerform(iterations: min(threads, runs.count)) { _ in
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < runs.count else { return }
        var options = options(index)
        options.workers = 1
        let threads = threads
        options.threads = { max(1, threads / max(left.load(ordering: .relaxed), 1)) }
        let result = Result { try runs[index].run(options) }
        results.withLock { $0[index] = result }
        left.subtract(1, ordering: .relaxed)
      }
    }
    let all = results.withLock { $0 }
    return runs.indices.compactMap { all[$0] }
  }
}
