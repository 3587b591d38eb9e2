import Algebra
import Deployment
import Experiments
import Foundation
import Gym
import Learning
import Markets
import Rebalancing
import Testing

private let twoAssets = ["A", "B"]

@Suite struct LearnedTriggerTests {
  @Test(arguments: [
    "four-asset-r1-v0", "us-factors-v0", "two-asset-monthly-v0", "us-stock-bond-v0",
  ])
  func `answers with the bits that the policy gives in the environment`(name: String) throws {
    let task = try EnvironmentSpec(path: top.appending(path: "envs/\(name).yaml").path).task
    let policy = network(task.observation)
    let trigger = try LearnedTrigger(
      name: name, policy: policy, observation: task.observation, actions: task.actions)
    var environment = RebalancingEnvironment<Double>(task)
    var observation = environment.reset(seed: 5)
    var actions: Set<Int> = []
    for _ in 0..<min(task.horizon, 1000) {
      let action = try #require(policy.greedyAction(observation))
      let decision = trigger.decide(environment.snapshot)
      #expect(decision.scores == policy.scores(observation))
      #expect(decision.fraction == task.actions[action])
      actions.insert(action)
      observation = environment.step(action).observation
    }
    #expect(actions.count > 1)
  }

  @Test(arguments: [ActionFamily.fraction, .destination])
  func `an actor's answer is what the environment does`(family: ActionFamily) throws {
    let path = top.appending(path: "envs/three-asset-myrgren-v0.yaml").path
    let task = try EnvironmentSpec(path: path, overrides: ["actions=\(family.rawValue)"]).task
    guard case .network(let network) = network(task.observation) else { return }
    var layers = network.layers
    // As many outputs as an action has numbers.
    let (rows, outputs) = (layers[layers.count - 1].weights.rows, task.actionSpace.size)
    layers[layers.count - 1] = Network.Layer(
      weights: Matrix(rows: rows, columns: outputs, repeating: 0.2),
      bias: (0..<outputs).map { 0.3 + 0.1 * Float($0) })
    let policy = LearnedPolicy.actor(Network(layers: layers, activation: network.activation))
    let trigger = try LearnedTrigger(
      name: "actor", policy: policy, observation: task.observation, actions: [], family: family)
    var (decided, stepped) = (
      RebalancingEnvironment<Double>(task), RebalancingEnvironment<Double>(task)
    )
    _ = decided.reset(seed: 5)
    var observation = stepped.reset(seed: 5)
    for _ in 0..<task.horizon {
      let outcome = decided.advance(trigger.decide(decided.snapshot))
      // What a snapshot shows differs from the environment's in the last bit of a float.
      observation = try task.observation.observe(stepped.snapshot)
      let step = stepped.step(values: try #require(policy.values(observation)))
      #expect(abs(outcome.reward - step.reward) < 1e-6 * max(1, abs(step.reward)))
    }
    #expect(policy.greedyAction(observation) == nil)
    #expect(try LearnedPolicy(policy.safetensors) == policy)
  }

  @Test func `a policy of one kind does not stand for actions of another`() throws {
    let builder = ObservationBuilder(features: [.weightDeviation], assetCount: 2)
    #expect(throws: PolicyMismatch.self) {
      try LearnedTrigger(
        name: "x", policy: network(builder), observation: builder, actions: [], family: .fraction)
    }
  }

  @Test(
    arguments: [
      ("no basis", nil, [0.01, 0.02], "basis"),
      ("no returns", [600.0, 400.0], nil, "last_log_returns"),
      ("a basis that is not a number", [.nan, 400.0], [0.01, 0.02], "not finite"),
      ("an infinite return", [600.0, 400.0], [.infinity, 0.02], "not finite"),
    ] as [(String, [Double]?, [Double]?, String)])
  func `takes no action on what it cannot see`(
    name: String, basis: [Double]?, returns: [Double]?, says: String
  ) throws {
    let builder = ObservationBuilder(
      features: [.weightDeviation, .lastLogReturn, .unrealizedGain], assetCount: 2)
    let trigger = try LearnedTrigger(
      name: name, policy: network(builder), observation: builder, actions: [0, 0.5, 1])
    let date = try #require(CalendarDate(iso: "2020-02-03"))
    let decision = trigger.decide(
      PortfolioSnapshot(
        date: date, assets: twoAssets, holdings: [700, 300], targets: [0.6, 0.4], basis: basis,
        lastLogReturns: returns))
    #expect(decision.action == .none)
    #expect(decision.fraction == 0)
    #expect(decision.scores == nil)
    let reason = try #require(decision.reasons.first)
    #expect(reason.hasPrefix("invalid_input: "))
    #expect(reason.contains(says))
  }

  @Test(arguments: [
    ("a missing field that the policy sees", "\"basis\":[600,400],", "", "basis: missing"),
    ("a number beyond all", "600,", "1e999,", "line 1: 1e999 is not a finite number"),
    ("NaN", "600,", "NaN,", "line 1: NaN is not a finite number"),
    ("an infinity in lower case", "600,", "-inf,", "line 1: -inf is not a finite number"),
    ("a list", "{", "[{", "not JSON"),
  ])
  func `throws at a request that it cannot answer`(
    name: String, old: String, new: String, says: String
  ) throws {
    let builder = ObservationBuilder(
      features: [.weightDeviation, .unrealizedGain], assetCount: 2)
    let request = """
      {"date":"2020-02-03","assets":["A","B"],"holdings":[700,300],"basis":[600,400],\
      "target_weights":[0.6,0.4]}
      """
    try withBundle(network(builder), builder) { folder in
      let bundle = try PolicyBundle.load(folder).bundle
      #expect(throws: Never.self) { try bundle.decide(request: Data(request.utf8)) }
      let bad = request.replacingOccurrences(of: old, with: new)
      let error = #expect(throws: RequestError.self) {
        try bundle.decide(request: Data(bad.utf8))
      }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
  }

  @Test func `names itself, its weights and its day in a response`() throws {
    let builder = ObservationBuilder(features: [.weightDeviation], assetCount: 2)
    let request = """
      {"date":"2020-02-03","assets":["A","B"],"holdings":[700,300],"target_weights":[0.6,0.4]}
      """
    try withBundle(network(builder), builder) { folder in
      let bundle = try PolicyBundle.load(folder).bundle
      let response = try bundle.decide(request: Data(request.utf8))
      let weights = try Data(contentsOf: folder.appending(path: "policy.safetensors"))
      #expect(response.policy.name == "steps")
      #expect(response.policy.version == "1.2.3")
      #expect(response.policy.sha256 == sha256(weights))
      #expect(response.date == "2020-02-03")
      #expect(response.weights == ["A": 0.7, "B": 0.3])
      let copy = try JSONDecoder().decode(
        DecisionResponse.self, from: JSONEncoder().encode(response))
      #expect(copy == response)
    }
  }
}
