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
