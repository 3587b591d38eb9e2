import Experiments
import Foundation
import Learning
import Testing

@Suite struct AgentSpecTests {
  private func spec(_ text: String, _ overrides: [String] = []) throws -> AgentSpec {
    let value = try SpecValue(yaml: text, file: "agent.yaml")
    return try AgentSpec(value.setting(overrides, file: "agent.yaml"), file: "agent.yaml")
  }

  static let shipped: [String] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "agents").path
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    // Rules learn nothing and have no steps; see AgentFileTests.
    return files.filter { !$0.hasPrefix("rule-") }.sorted().map { folder + "/" + $0 }
  }()

  @Test(arguments: shipped)
  func `every agent that ships is valid`(_ path: String) throws {
    #expect(try AgentSpec(path: path, overrides: ["total_steps=12345"]).totalSteps == 12_345)
  }

  @Test func `values reach the configuration and absent keys keep their default`() throws {
    let ppo = try spec("algorithm: ppo\nlearning_rate: 0.01\nhidden_sizes: [8, 4]")
    guard case .ppo(let configuration) = ppo.algorithm else {
      Issue.record("the algorithm is \(ppo.algorithm)")
      return
    }
    #expect(configuration.learningRate == 0.01 && configuration.hiddenSizes == [8, 4])
    #expect(configuration.clipRange == PPOConfiguration().clipRange)
    let deep = try spec("algorithm: dqn\nreturn_steps: 5")
    guard case .dqn(let configuration) = deep.algorithm else {
      Issue.record("the algorithm is \(deep.algorithm)")
      return
    }
    #expect(configuration.returnSteps == 5)
    let learning = try spec("algorithm: q_learning\nbins: [12]", ["discount=0.5"])
    guard case .tabular(let configuration) = learning.algorithm else {
      Issue.record("the algorithm is \(learning.algorithm)")
      return
    }
    #expect(configuration.bins == [12] && configuration.discount == 0.5)
    #expect(configuration.method == .qLearning)
    let double = try spec("algorithm: double_q\ntilings: 4")
    guard case .tabular(let configuration) = double.algorithm else {
      Issue.record("the algorithm is \(double.algorithm)")
      return
    }
    #expect(configuration.method == .doubleQ && configuration.tilings == 4)
  }

  @Test func `a rule is an agent that learns nothing`() throws {
    let rule = try spec("algorithm: rule\nrule: rule:band(0.05)")
    guard case .rule("rule:band(0.05)") = rule.algorithm else {
      Issue.record("the algorithm is \(rule.algorithm)")
      return
    }
    #expect(rule.totalSteps == 0)
  }

  @Test(arguments: [
    (
      "algorithm: sarsi",
      "agent.yaml:1: algorithm: “sarsi” is given, valid are ppo, dqn, q_learning, sarsa, expected_sarsa, "
    ),
    ("copies: 3", "agent.yaml:1: the key “algorithm” is missing"),
    ("algorithm: ppo\nlearning_rat: 1", "agent.yaml:2: unknown key “learning_rat”; valid here are"),
    ("algorithm: q_learning\nclip_range: 1", "agent.yaml:2: unknown key “clip_range”"),
    ("algorithm: rule\nrule: never\ncopies: 1", "agent.yaml:3: unknown key “copies”"),
    ("algorithm: ppo\nalgorithm: ppo", "agent.yaml:2: the key “algorithm” stands twice"),
    (
      "algorithm: ppo\nlearning_rate: fast",
      "agent.yaml:2: learning_rate: “fast” is given, Double is expected"
    ),
    (
      "algorithm: ppo\nhidden_sizes: 64", "agent.yaml:2: hidden_sizes: 64 is given, Array<"
    ),
    (
      "algorithm: ppo\ncopies: 2.5",
      "agent.yaml:2: copies: 2.5 is given, another kind of number is expected"
    ),
    (
      "algorithm: ppo\nlearning_rate: .inf",
      "agent.yaml:2: learning_rate: inf is given, another kind of number is expected"
    ),
    (
      "algorithm: ppo\n\nactivation: sine",
      "agent.yaml:3: activation: “sine” is given, Cannot initialize Activation from invalid String value sine"
    ),
    ("algorithm: ppo\nlearning_rate: -1", "learning_rate is -1.0, valid is a positive number"),
    ("algorithm: ppo\ndiscount: 1.5", "agent.yaml: discount is 1.5, valid is 0 to 1"),
    (
      "algorithm: ppo\ncopies: 2\nparts: 3", "agent.yaml: parts is 3, valid is at most copies, 2"
    ),
    (
      "algorithm: sarsa\nepsilon_schedule: harmonic\nfinal_epsilon: 0",
      "agent.yaml: epsilon goes from 1.0 to 0.0, valid for harmonic are numbers above 0"
    ),
    (
      "algorithm: sarsa\nreturn_steps: 9\nrollout_steps: 8",
      "agent.yaml: return_steps is 9, valid is 1 to rollout_steps, 8"
    ),
    ("algorithm: value_iteration\nbins: 1", "agent.yaml: bins is 1, valid is 2 to 5000"),
    (
      "algorithm: cross_entropy\nrule: band({b})\nranges:\n  c: [0, 1]",
      "agent.yaml:3: ranges: c has no gap {c} in the rule band({b})"
    ),
    (
      "algorithm: cross_entropy\nrule: band({b},to={c})\nranges: {b: [0, 1]}",
      "agent.yaml:2: rule: band({b},to={c}) has a gap that is not among ranges: "
    ),
    (
      "algorithm: cross_entropy\nrule: band({b})\nranges: {b: [1, 0]}",
      "agent.yaml:3: ranges: b: two rising numbers, or several words, are expected"
    ),
    (
      "algorithm: cross_entropy\nrule: band({b})\nranges: {b: [0, 1]}\nelites: 99",
      "agent.yaml: elites is 99, valid is 1 to population, 32"
    ),
    ("algorithm: q_learning\nbins: [0]", "agent.yaml: bins is [0], valid are counts of 1 or more"),
    ("- algorithm: ppo", "agent.yaml:1: keys with values are expected"),
    ("", "agent.yaml: the file is empty"),
  ])
  func `a fault is named with its file, line and what is valid`(
    _ text: String, _ message: String
  ) {
    let error = #expect(throws: SpecError.self) { try spec(text) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }
}
