import Learning
import Rebalancing

extension Benchmark {
  /// Tabular learning: with the environment, then the updates alone.
  static func tabular(_ task: RebalancingTask) throws -> [Result] {
    var configuration = TabularConfiguration()
    configuration.totalSteps = 1 << 40
    var learner = try TabularLearner(configuration: configuration, seed: 1) { copies in
      BatchedRebalancingEnvironment<SIMD8<Double>>(
        task, count: copies.count, firstCopy: copies.lowerBound)
    }
    let before = learner.stepsDone
    let seconds = best { for _ in 0..<20 { _ = learner.update(workers: 1) } }
    let together = Result(
      name: "tabular/q_learning/two-asset-daily",
      value: Double(learner.stepsDone - before) / 3 / seconds,
      unit: "steps/s", threads: 1)
    return [together]
      + [
        (TabularMethod.qLearning, 1), (.sarsa, 1), (.expectedSarsa, 1), (.doubleQ, 1),
        (.qLearning, 4),
      ].map { method, tilings in
        var replay = TabularReplay(method: method, tilings: tilings)
        let seconds = best { for _ in 0..<100 { replay.learn() } }
        return Result(
          name: "tabular/updates/\(method.rawValue)" + (tilings > 1 ? "/\(tilings)-tilings" : ""),
          value: Double(100 * replay.count) / seconds, unit: "updates/s", threads: 1)
      }
  }
}
