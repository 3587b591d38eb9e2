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
