import Algebra
import Dispatch
import Learning
import Rebalancing

extension Benchmark {
  /// What the choices in PPO's inner loops are against what else could be done: networks of 64 and 64
  /// on one thread, and the handing over of work to a second one.
  static func choices(_ task: RebalancingTask) -> [Result] {
    let sizes = [task.observation.size, 64, 64, task.actionCount]
    let random = RandomSource(seed: 1)
    func network(_ index: UInt32, outputs: Int) -> Network {
      Network(
        sizes: sizes.dropLast() + [outputs], activation: .tanh, outputGain: 1, random: random,
        index: index)
    }
    let agent = ActorCritic(
      actor: network(0, outputs: task.actionCount), critic: network(1, outputs: 1),
      head: .categorical(count: task.actionCount))
    return acting(agent.networks[0]) + deltas(sizes) + blocks(agent, features: sizes[0])
      + handingOver()
  }

  private static func time(_ name: String, threads: Int = 1, _ body: () -> Void) -> Result {
    let rounds = 100
    let seconds = best { for _ in 0..<rounds { body() } }
    return Result(
      name: "ppo/choices/\(name)", value: seconds / Double(rounds) * 1e6, unit: "µs",
      threads: threads)
  }

  /// Scores for 32 copies, in one product and one after another.
  private static func acting(_ network: Network) -> [Result] {
    var together = NetworkWorkspace(for: network, rows: 32)
    var alone = NetworkWorkspace(for: network, rows: 1)
    return [
      time("acting/32_together") { network.forward(&together) },
      time("acting/32_one_by_one") { for _ in 0..<32 { network.forward(&alone) } },
    ]
  }

  /// The hidden layers' deltas of a block, by transposed weights that are written out, and by BLAS's
  /// flag.
  private static func deltas(_ sizes: [Int]) -> [Result] {
    let weights = zip(sizes, sizes.dropFirst()).map {
      Matrix(rows: $0, columns: $1, repeating: 0.01)
    }
    let transposed = weights.map { Matrix(rows: $0.columns, columns: $0.rows, repeating: 0.01) }
    var deltas = sizes.map { Matrix(rows: 128, columns: $0, repeating: 0.01) }
    return [
      time("deltas/written_out") {
        for i in weights.indices.dropFirst().reversed() {
          let delta = deltas[i + 1]
          deltas[i].setProduct(delta, .none, transposed[i])
        }
      },
      time("deltas/by_flag") {
        for i in weights.indices.dropFirst().reversed() {
          let delta = deltas[i + 1]
          deltas[i].setProduct(delta, .none, weights[i], .transposed)
        }
      },
    ]
  }

  /// A part's share of a minibatch, 1,024 samples, in blocks of some rows.
  private static func blocks(_ agent: ActorCritic, features: Int) -> [Result] {
    let count = 1_024
    var rollout = Rollout(copies: count, steps: 1, features: features)
    for i in 0..<count {
      (rollout.advantages[i], rollout.actions[i]) = (Float(i % 5) - 2, Int32(i % 3))
      rollout.logProbabilities[i] = -1.1
    }
    let order = (0..<Int32(count)).map { $0 }
    let loss = PPOLoss(
      clipRange: 0.2, valueClipRange: nil, valueCoefficient: 0.5, entropyCoefficient: 0.01)
    return [64, 128, 256, 1_024].map { rows in
      var pass = PPOGradientPass(for: agent, rows: rows)
      return time("gradient/blocks_of_\(rows)") {
        pass.run(
          rollout, order: order, range: 0..<count, minibatchSize: 2 * count, agent: agent,
          loss: loss, scale: AdvantageScale())
      }
    }
  }

  /// Two pieces of work of a quarter of a millisecond on two threads: a team that waits, and threads
  /// that are woken.
  private static func handingOver() -> [Result] {
    @Sendable func piece(_ x: inout Double) {
      for _ in 0..<150_000 { x = x * 1.0000001 + 1e-9 }
    }
    var (alone, numbers) = (1.0, [1.0, 1.0])
    return [
      time("handing_over/one_piece_alone") { piece(&alone) },
      time("handing_over/two_by_the_team", threads: 2) {
        forEachConcurrently(in: &numbers, workers: 2) { _, x in piece(&x) }
      },
      time("handing_over/two_by_woken_threads", threads: 2) {
        DispatchQueue.concurrentPerform(iterations: 2) { index in
          var x = Double(index)
          piece(&x)
          precondition(x < .infinity)
        }
      },
    ]
  }
}
