import Algebra
import Foundation
import Markets
import Rebalancing

extension Benchmark {
  /// Speeds of the environments: R1 scalar and batched, with more copies, with more assets.
  static func environment(_ task: RebalancingTask, lots: RebalancingTask) -> [Result] {
    // First, while the program's memory is small: freed memory would be used again unseen.
    var results = [memory(task, copies: 1_000_000)]
    results.append(scalar(task))
    results += [4, 16].map { batched(task, copies: $0) }
    results += [1, 2].map { batched(task, copies: 4_096, threads: $0) }
    results += [1_000, 10_000, 100_000, 1_000_000].map { batched(task, copies: $0) }
    results += [2, 4, 8, 16, 32, 64].map { assets in
      var result = batched(lognormalTask(assets: assets, like: task), copies: 4_096)
      result.name = "assets/\(assets)/float/4096"
      return result
    }
    return results + [1, 16, 64].map { self.lots(lots, tradesEvery: $0) }
  }

  /// The taxable task, with copies that act at every step, or at one of several.
  private static func lots(_ task: RebalancingTask, tradesEvery: Int) -> Result {
    let copies = 1_024
    var play = BatchedPlay<SIMD8<Double>>(
      task, copies: copies, actionSets: 64, tradesEvery: tradesEvery)
    let seconds = secondsPerCall(for: 0.9) { for _ in 0..<100 { play.step() } }
    return Result(
      name: "lots/\(task.id)/acts-1-in-\(tradesEvery)",
      value: Double(copies * 100) / seconds, unit: "steps/s", threads: 1)
  }

  private static func scalar(_ task: RebalancingTask) -> Result {
    var play = ScalarPlay<Float>(task)
    let seconds = secondsPerCall(for: 1) { play.step() }
    return Result(name: "r1/scalar", value: 1 / seconds, unit: "steps/s", threads: 1)
  }

  /// Steps per second of all copies together, spread over threads.
  private static func batched(
    _ task: RebalancingTask, copies: Int, threads: Int = 1
  ) -> Result {
    var plays = (0..<threads).map { shard in
      BatchedPlay<SIMD16<Float>>(task, copies: copies / threads, first: shard * copies / threads)
    }
    // Threads are started once for many steps.
    let steps = max(1, 2_000_000 / copies)
    let seconds = secondsPerCall(for: 0.9) {
      forEachConcurrently(in: &plays, workers: threads) { _, play in
        for _ in 0..<steps { play.step() }
      }
    }
    return Result(
      name: "r1/float/\(copies)", value: Double(copies * steps) / seconds, unit: "steps/s",
      threads: threads)
  }

  /// What the program grows by, per copy, with the storage of a step and its answer.
  private static func memory(_ task: RebalancingTask, copies: Int) -> Result {
    let before = residentBytes
    var play = BatchedPlay<SIMD16<Float>>(task, copies: copies, actionSets: 1)
    play.step()
    let growth = withExtendedLifetime(play) { residentBytes - before }
    return Result(
      name: "memory/r1/float/\(copies)", value: Double(growth) / Double(copies),
      unit: "bytes/copy", threads: 1)
  }

  /// Bytes of the program in memory; 0 where the system does not say.
  private static var residentBytes: Int {
    let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
      .split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return (pages.flatMap(\.self) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// A task like R1 of any number of assets: equal weights, correlations of 0.3.
  private static func lognormalTask(assets: Int, like task: RebalancingTask) -> RebalancingTask {
    let correlation = (0..<assets).map { i in (0..<assets).map { i == $0 ? 1 : 0.3 } }
    // A matrix of equal correlations has a factor.
    guard
      let market = try? LognormalMarket<Double>(
        driftPerStep: (0..<assets).map { 1e-4 * Double(1 + $0 % 4) },
        volatilityPerStep: (0..<assets).map { 0.004 + 0.003 * Double($0 % 4) },
        correlation: correlation, stepsPerYear: task.stepsPerYear)
    else { preconditionFailure("correlations of 0.3 are positive definite") }
    return RebalancingTask(
      id: "lognormal-\(assets)", assets: (1...assets).map { "A\($0)" },
      targets: Array(repeating: 1 / Double(assets), count: assets), market: .lognormal(market),
      stepsPerYear: task.stepsPerYear, horizon: task.horizon, startDate: task.startDate,
      actions: task.actions,
      costs: TradingCosts(perUnit: Array(repeating: 0.001, count: assets)),
      driftCost: task.driftCost, tax: task.tax, returnCapture: task.returnCapture,
      observation: ObservationBuilder(
        features: task.observation.features, assetCount: assets),
      autoreset: task.autoreset, precision: .float)
  }
}
