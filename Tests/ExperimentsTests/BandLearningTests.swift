import Algebra
import Deployment
import Experiments
import Foundation
import Gym
import Learning
import Rebalancing
import Testing

@Suite struct BandLearningTests {
  private static let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private typealias Batched = BatchedRebalancingEnvironment<SIMD8<Double>>

  private func task(_ name: String, _ family: ActionFamily) throws -> RebalancingTask {
    var task = try EnvironmentSpec(
      path: Self.top.appending(path: "envs/\(name).yaml").path,
      overrides: ["actions=\(family.rawValue)"]
    ).task
    task.autoreset = .disabled
    return task
  }

  private func agent(
    _ task: RebalancingTask, _ configuration: PostDecisionValueConfiguration
  ) throws -> PostDecisionValue<Batched> {
    try PostDecisionValue(configuration: configuration, seed: 1) {
      Batched(task, count: $0.count, firstCopy: $0.lowerBound)
    }
  }

  private func small() -> PostDecisionValueConfiguration {
    var configuration = PostDecisionValueConfiguration()
    configuration.copies = 64
    configuration.rolloutSteps = 37
    configuration.totalSteps = 3 * 64 * 37 * 6
    configuration.endsAtHorizon = true
    configuration.hiddenSizes = [16]
    configuration.policyHiddenSizes = [8]
    configuration.lessonInterval = 4
    configuration.lessons = 8
    configuration.exploringStarts = 0.25
    return configuration
  }

  @Test(arguments: [ActionFamily.fraction, .destination])
  func `bands resume to the same bits on any number of workers`(_ family: ActionFamily) throws {
    let task = try task("three-asset-myrgren-v0", family)
    var whole = try agent(task, small())
    for _ in 0..<3 { _ = whole.update(workers: 1) }
    var resumed = try agent(task, small())
    try resumed.restore(policy: whole.policy, trainingTensors: whole.trainingTensors())
    for _ in 0..<3 { #expect(whole.update(workers: 1) == resumed.update(workers: 2)) }
    #expect(whole.policy == resumed.policy)
    #expect(whole.trainingTensors() == resumed.trainingTensors())
    #expect(whole.stepsDone == 3 * 64 * 37 * 6)
  }

  @Test(arguments: [ActionFamily.fraction, .destination])
  func `a trigger of bands decides what the environment does`(_ family: ActionFamily) throws {
    let task = try task("three-asset-myrgren-v0", family)
    var learner = try agent(task, small())
    for _ in 0..<3 { _ = learner.update(workers: 2) }
    let policy = learner.policy
    #expect(try LearnedPolicy(policy.safetensors) == policy)
    let trigger = try LearnedTrigger(
      name: "band", policy: policy, observation: task.observation, actions: [], family: family)
    var (decided, stepped) = (
      RebalancingEnvironment<Double>(task), RebalancingEnvironment<Double>(task)
    )
    _ = decided.reset(seed: 5)
    _ = stepped.reset(seed: 5)
    var idle = 0
    for _ in 0..<task.horizon {
      let decision = trigger.decide(decided.snapshot)
      let observation = try task.observation.observe(stepped.snapshot)
      let step = stepped.step(values: try #require(policy.values(observation)))
      #expect(abs(decided.advance(decision).reward - step.reward) < 1e-6 * max(1, abs(step.reward)))
      if decision.action == .none { idle += 1 }
    }
    // Inside of the edges nothing is traded, exactly.
    #expect(idle > 3)
    #expect(idle < task.horizon - 3)
  }

  @Test func `the edges of two assets are where trading pays`() throws {
    let task = try task("two-asset-monthly-v0", .fraction)
    var configuration = PostDecisionValueConfiguration()
    configuration.copies = 512
    configuration.rolloutSteps = 128
    configuration.totalSteps = 4_000_000
    configuration.traceDecay = 0.9
    configuration.explorationScale = 0.2
    configuration.ridge = 1e-7
    configuration.hiddenSizes = [64]
    configuration.policyHiddenSizes = [16]
    configuration.lessonInterval = 4
    var learner = try agent(task, configuration)
    Training(totalSteps: configuration.totalSteps, workers: 2).run(&learner)
    let trigger = try LearnedTrigger(
      name: "band", policy: learner.policy, observation: task.observation, actions: [],
      family: .fraction)
    let row = try #require(try ExactEvaluation(task, policies: [trigger]).policies.first)
    let gap = try #require(row.gap)
    #expect(gap < 5)
  }
}
