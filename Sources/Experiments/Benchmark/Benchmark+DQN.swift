import Algebra
import Learning
import Rebalancing

extension Benchmark {
  /// A gradient step of DQN on 64 transitions with hidden layers of 64 and 64, uniform and prioritised,
  /// and its floor: the same matrix products alone.
  static func dqn(_ task: RebalancingTask) -> [Result] {
    let plain = gradientStep(task, priorityExponent: 0)
    let prioritized = gradientStep(task, priorityExponent: 0.6)
    let floor = products(
      batch: 64, sizes: [task.observation.size, 64, 64, task.actionCount + 1])
    return [
      ("dqn/gradient_step/64/64-64", plain),
      ("dqn/gradient_step/64/64-64/prioritized", prioritized),
      ("dqn/products_alone/64/64-64", floor),
    ].map { Result(name: $0, value: $1 * 1e6, unit: "µs", threads: 1) }
  }

  /// Seconds of one step with double Q and a duelling head, on a full replay of random transitions.
  private static func gradientStep(_ task: RebalancingTask, priorityExponent: Double) -> Double {
    var configuration = DQNConfiguration()
    configuration.priorityExponent = priorityExponent
    let features = task.observation.size
    var trainer = QNetworkTrainer(
      configuration: configuration, features: features, actionCount: task.actionCount,
      random: RandomSource(seed: 1))
    let random = RandomSource(seed: 2)
    let rows = 1_000
    let observations = (0..<rows * features).map {
      Float(random.uniform(.evaluation, step: UInt32($0)) * 2 - 1)
    }
    for i in 0..<configuration.bufferSize {
      trainer.replay.add(
        i % rows, of: observations, action: Int32(i % task.actionCount),
        return: observations[i % rows], discount: 0.99, length: 1, next: (i + 1) % rows,
        of: observations)
    }
    return secondsPerCall(for: 0.6) { trainer.step(progress: 0.5) }
  }

  /// Seconds of the products of a gradient step: forward for S, for S′ by both networks, and back.
  private static func products(batch: Int, sizes: [Int]) -> Double {
    let weights = zip(sizes, sizes.dropFirst()).map {
      Matrix(rows: $0, columns: $1, repeating: 0.1)
    }
    let transposed = weights.map { Matrix(rows: $0.columns, columns: $0.rows, repeating: 0.1) }
    var gradients = weights
    var values = sizes.map { Matrix(rows: batch, columns: $0, repeating: 0.1) }
    var deltas = values
    return secondsPerCall(for: 0.6) {
      for _ in 0..<3 {
        for (i, weights) in weights.enumerated() {
          let x = values[i]
          values[i + 1].setProduct(x, .none, weights)
        }
      }
      for i in weights.indices.reversed() {
        gradients[i].setProduct(values[i], .transposed, deltas[i + 1])
        guard i > 0 else { continue }
        let delta = deltas[i + 1]
        deltas[i].setProduct(delta, .none, transposed[i])
      }
    }
  }
}
