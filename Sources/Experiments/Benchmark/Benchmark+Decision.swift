import Algebra
import Deployment
import Learning
import Rebalancing

extension Benchmark {
  /// One decision of a network of 64 and 64: the scores alone, from a snapshot, and from a snapshot
  /// with prices through all guards.
  static func decision(_ task: RebalancingTask) throws -> [Result] {
    let network = Network(
      sizes: [task.observation.size, 64, 64, task.actions.count], activation: .tanh, outputGain: 1,
      random: RandomSource(seed: 1), index: 0)
    let policy = LearnedPolicy.network(network)
    let observation = [Float](repeating: 0.1, count: task.observation.size)
    let trigger = try LearnedTrigger(
      name: "64-64", policy: policy, observation: task.observation, actions: task.actions)
    let settings = try GuardCalibration.settings(
      task, policy: trigger, observation: task.observation, fallback: "rule:band(0.05)", paths: 4)
    let guarded = try GuardedTrigger(
      trigger, settings: settings, observation: task.observation, assets: task.assets)
    let request = request(task, trigger)
    precondition(guarded.decide(request).codes.isEmpty, "the guards find fault with the benchmark")
    return [
      time("64-64") { policy.greedyAction(observation) ?? 0 },
      time("snapshot/64-64") { trigger.decide(request).action == .none ? 0 : 1 },
      time("guarded/64-64") { guarded.decide(request).action == .none ? 0 : 1 },
    ]
  }

  /// A request in the middle of an episode, with controls that are there and do not speak.
  private static func request(_ task: RebalancingTask, _ trigger: LearnedTrigger)
    -> PortfolioSnapshot
  {
    var request = RebalancingEnvironment<Double>(task).snapshot
    ProductionPaths(task, policy: trigger, seed: 0, copies: 0..<1, steps: 100..<101).visit {
      snapshot, _ in request = snapshot
    }
    request.controls = TradingControls()
    request.controls?.minimumDays = 1
    return request
  }

  private static func time(_ name: String, _ decide: () -> Int) -> Result {
    let count = 20_000
    var sum = 0
    let seconds = best { for _ in 0..<count { sum &+= decide() } }
    precondition(sum >= 0)
    return Result(
      name: "decision/\(name)", value: seconds / Double(count) * 1e6, unit: "µs", threads: 1)
  }
}
