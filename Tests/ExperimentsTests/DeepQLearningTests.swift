import Algebra
import Deployment
import Experiments
import Foundation
import Gym
import Learning
import Rebalancing
import Testing

/// DQN on small versions of the two-asset task, whose answers are known.
@Suite struct DeepQLearningTests {
  init() { BLAS.threads = 1 }

  @Test func `comes close to the exact optimum in a quarter of its steps`() throws {
    let task = try Self.task([])
    let policy = try Self.train(task, ["total_steps=100000", "epsilon_steps=25000"])
    let trigger = try LearnedTrigger(
      name: "dqn", policy: policy, observation: task.observation, actions: task.actions)
    let gap = try #require(try ExactEvaluation(task, policies: [trigger]).policies[0].gap)
    #expect(gap >= -1e-6 && gap < 3)
  }

  @Test func `goes all of the way wherever there is a way to go, when trading is free`() throws {
    // In millionths, for differences of hundredths of a basis point to be seen.
    let task = try Self.task([
      "cost_per_unit=0", "observation=[weight_deviation]", "reward_scale=1000000",
    ])
    let policy = try Self.train(task, ["total_steps=100000", "epsilon_steps=50000"])
    // A month moves the weight by 0.011.
    for deviation in stride(from: Float(0.005), through: 0.06, by: 0.005) {
      for side in [deviation, -deviation] {
        #expect(policy.greedyAction([side, -side]) == 2, "\(side)")
      }
    }
  }

  @Test func `never trades when it costs all that is moved and a year is left`() throws {
    var task = try Self.task(["horizon_steps=12"])
    task.costs = TradingCosts(perUnit: [0.5, 0.5])
    let policy = try Self.train(
      task, ["total_steps=50000", "epsilon_steps=25000", "criterion=discounted"])
    for deviation in stride(from: Float(-2), through: 2, by: 0.1) {
      #expect(policy.greedyAction([deviation]) == 0, "\(deviation)")
    }
  }

  private static let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func task(_ overrides: [String]) throws -> RebalancingTask {
    let path = top.appending(path: "envs/two-asset-monthly-v0.yaml").path
    return try EnvironmentSpec(path: path, overrides: overrides).task
  }

  /// The policy that the agent of `agents/dqn.yaml` ends with.
  private static func train(_ task: RebalancingTask, _ overrides: [String]) throws -> LearnedPolicy
  {
    let path = top.appending(path: "agents/dqn.yaml").path
    guard case .dqn(let configuration) = try AgentSpec(path: path, overrides: overrides).algorithm
    else { throw NotDQN() }
    var agent = try DQN(configuration: configuration, seed: 1) {
      BatchedRebalancingEnvironment<SIMD8<Double>>(
        task, count: $0.count, firstCopy: $0.lowerBound)
    }
    Training(totalSteps: configuration.totalSteps).run(&agent)
    return agent.policy
  }

  private struct NotDQN: Error {}
}
