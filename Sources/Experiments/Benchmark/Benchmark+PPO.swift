import Algebra
import Learning
import Rebalancing

extension Benchmark {
  /// Generalised advantage estimation over 32,768 steps, on one thread.
  static func advantageEstimation() -> Result {
    var rollout = Rollout(copies: 256, steps: 128, features: 1)
    for i in rollout.rewards.indices { rollout.rewards[i] = Float(i % 17) - 8 }
    let rounds = 200
    let seconds = best {
      for _ in 0..<rounds {
        rollout.estimateAdvantages(discount: 0.99, traceDecay: 0.95)
      }
    }
    return Result(
      name: "ppo/advantages/\(rollout.count)", value: seconds / Double(rounds) * 1e6, unit: "µs",
      threads: 1)
  }

  /// PPO with 64 copies × 128 steps, 4 epochs × 4 minibatches and networks of 64 and 64 apart; its
  /// floor, the same matrix products alone; and their share of its time.
  static func ppo(_ task: RebalancingTask) throws -> [Result] {
    var configuration = PPOConfiguration()
    configuration.totalSteps = 1 << 40
    let updates = 20
    let samples = Double(updates * configuration.stepsPerUpdate)
    return try [1, 2].flatMap { workers in
      var learner = try PPO(configuration: configuration, seed: 1) { copies in
        BatchedRebalancingEnvironment<SIMD16<Float>>(
          task, count: copies.count, firstCopy: copies.lowerBound)
      }
      _ = learner.update(workers: workers)
      let seconds = best { for _ in 0..<updates { _ = learner.update(workers: workers) } }
      var products = configuration.copyRanges.map {
        PPOProducts(configuration, copies: $0.count, task)
      }
      let floor = best {
        for _ in 0..<updates {
          forEachConcurrently(in: &products, workers: workers) { _, part in part.run() }
        }
      }
      return [
        Result(
          name: "ppo/r1/64x128", value: samples / seconds, unit: "steps/s", threads: workers),
        Result(
          name: "ppo/products_alone", value: samples / floor, unit: "steps/s", threads: workers),
        Result(
          name: "ppo/share_of_products", value: floor / seconds * 100, unit: "%",
          threads: workers),
      ]
    }
  }
}

/// The matrix products of one part's share of an update, and nothing else.
private struct PPOProducts: Sendable {
  private let acting: Products
  private let learning: [Products]
  private let steps: Int
  private let blocks: Int
  private let epochs: Int

  init(_ configuration: PPOConfiguration, copies: Int, _ task: RebalancingTask) {
    let hidden = [task.observation.size] + configuration.hiddenSizes
    acting = Products(rows: copies, sizes: hidden + [task.actionCount])
    learning = [task.actionCount, 1].map { Products(rows: 128, sizes: hidden + [$0]) }
    steps = configuration.rolloutSteps
    blocks = copies * configuration.rolloutSteps / 128
    epochs = configuration.epochs
  }

  mutating func run() {
    var (acting, learning) = (acting, learning)
    for _ in 0..<steps { acting.forward() }
    for _ in 0..<blocks { learning[1].forward() }
    for _ in 0..<epochs * blocks {
      for i in learning.indices {
        learning[i].forward()
        learning[i].backward()
      }
    }
  }
}

/// The products of a network's passes.
private struct Products: Sendable {
  private let weights: [Matrix]
  private let transposed: [Matrix]
  private var gradients: [Matrix]
  private var values: [Matrix]
  private var deltas: [Matrix]

  init(rows: Int, sizes: [Int]) {
    weights = zip(sizes, sizes.dropFirst()).map { Matrix(rows: $0, columns: $1, repeating: 0.01) }
    transposed = weights.map { Matrix(rows: $0.columns, columns: $0.rows, repeating: 0.01) }
    gradients = weights
    values = sizes.map { Matrix(rows: rows, columns: $0, repeating: 0.01) }
    deltas = values
  }

  mutating func forward() {
    for (i, weights) in weights.enumerated() {
      let x = values[i]
      values[i + 1].setProduct(x, .none, weights)
    }
  }

  mutating func backward() {
    for i in weights.indices.reversed() {
      gradients[i].setProduct(values[i], .transposed, deltas[i + 1])
      guard i > 0 else { continue }
      let delta = deltas[i + 1]
      deltas[i].setProduct(delta, .none, transposed[i])
    }
  }
}
