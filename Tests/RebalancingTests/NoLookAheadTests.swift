import Algebra
import Gym
import Markets
import Rebalancing
import Testing

@Suite struct NoLookAheadTests {
  /// The last day that both histories share.
  static let fork = 40

  /// Daily returns by chance; the seed changes those after the fork.
  private func growth(future seed: UInt64) -> [[Double]] {
    (1...100).map { day in
      (0..<3).map { asset in
        let source = RandomSource(seed: day <= Self.fork ? 1 : seed)
        return 0.97
          + 0.06 * source.uniform(.market, copy: UInt32(asset), step: UInt32(day))
      }
    }
  }

  private func task(
    future seed: UInt64, _ capture: ReturnCapture, from start: EpisodeStart = .fixed
  ) throws -> RebalancingTask {
    var task = try smallTask(assets: 3, volatility: [0.01, 0.02, 0.03])
    let market = try HistoricalMarket<Double>(
      history: history(growth: growth(future: seed)), warmup: 10, horizon: 50, start: start,
      halfLife: 8, stepsPerYear: 250)
    task.market = .historical(market)
    task.horizon = market.horizon
    task.tax = .averageCost(rate: 0.2)
    task.returnCapture = capture
    return task
  }

  @Test(arguments: [
    "rule:always", "rule:band(0.02,to=0.01)", "rule:calendar(monthly)",
    "rule:any(above(volatility_index,40),above(volatility_index_rise,0.1))",
    "rule:delay(band(0.01),days=9)", "rule:all(cost_benefit(1),volatility_band(0.02))",
  ])
  func `what happens until a day is the same whatever comes after it`(_ rule: String) throws {
    let tasks = try [task(future: 2, .simple), task(future: 3, .simple)]
    let triggers = try tasks.map { try RuleCatalog.rule(rule, for: $0) }
    var environments: [RebalancingEnvironment<Double>] = []
    for (task, trigger) in zip(tasks, triggers) {
      environments.append(RebalancingEnvironment(task.informing(trigger)))
    }
    for index in environments.indices { _ = environments[index].reset(seed: 1) }
    for step in 0..<50 {
      let day = 10 + step
      let snapshots = environments.map(\.snapshot)
      let decisions = zip(triggers, snapshots).map { $0.decide($1) }
      if day <= Self.fork {
        #expect(snapshots[0] == snapshots[1], "step \(step)")
        #expect(decisions[0] == decisions[1], "step \(step)")
      }
      let outcomes = environments.indices.map {
        environments[$0].advance(decisions[$0])
      }
      // At the fork the costs are still the same, the move of the market is not.
      if day <= Self.fork {
        #expect(outcomes[0].driftCost == outcomes[1].driftCost, "step \(step)")
        #expect(outcomes[0].transactionCost == outcomes[1].transactionCost, "step \(step)")
        #expect(outcomes[0].taxCost == outcomes[1].taxCost, "step \(step)")
      }
      #expect((outcomes[0].reward == outcomes[1].reward) == (day < Self.fork), "step \(step)")
    }
  }

  @Test func `observations and rewards of a batch are blind to the future too`() throws {
    var environments = try [2, 3].map {
      BatchedRebalancingEnvironment<SIMD16<Float>>(
        try task(future: $0, .none, from: .random), count: 20)
    }
    // Episodes begin on random days: those days say how far a copy may see.
    let market = HistoricalDays(try task(future: 2, .none, from: .random))
    var transitions = environments.map { VectorTransition(for: $0) }
    for index in 0..<2 { environments[index].reset(seed: 9, into: &transitions[index]) }
    var differing = 0
    for step in 0..<49 {
      let actions = actions(0..<20, step: step, of: environments[0].task)
      for index in 0..<2 { environments[index].step(actions, into: &transitions[index]) }
      for copy in 0..<20 {
        let day = market.firstDay(seed: 9, copy: copy) + step
        let observations = transitions.map { $0.observation(of: copy) }
        let rewards = transitions.map { $0.rewards[copy] }
        // The costs of a day are known on it, the observation after the move is not.
        if day <= Self.fork { #expect(rewards[0] == rewards[1], "copy \(copy), day \(day)") }
        if day < Self.fork { #expect(observations[0] == observations[1]) }
        if day >= Self.fork, observations[0] != observations[1] { differing += 1 }
      }
    }
    #expect(differing > 300)
  }

  @Test(arguments: Shipped.names)
  func `what a decision costs does not depend on the move that follows`(_ name: String) throws {
    var task = try Shipped.task(name)
    task.returnCapture = .none
    let count = 8
    var environment = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: count)
    var transition = VectorTransition(for: environment)
    var (other, otherTransition) = (environment, transition)
    environment.reset(seed: 7, into: &transition)
    other.reset(seed: 7, into: &otherTransition)
    var differing = 0
    for step in 0..<min(30, task.horizon - 1) {
      // The same past under another seed has another future.
      var state = environment.encodedState()
      let seed = Double(1_000 + step).bitPattern
      state.replaceSubrange(
        24..<32, with: (0..<8).map { UInt8(truncatingIfNeeded: seed >> (8 * UInt64($0))) })
      try other.restore(encodedState: state)
      let actions = actions(0..<count, step: step, of: task)
      environment.step(actions, into: &transition)
      other.step(actions, into: &otherTransition)
      #expect(transition.rewards == otherTransition.rewards, "step \(step)")
      if transition.observations != otherTransition.observations { differing += 1 }
    }
    switch task.market {
    // What has happened can only happen again.
    case .historical, .yielding: #expect(differing == 0)
    // A block that has begun goes on.
    case .bootstrap: #expect(differing > 0)
    default: #expect(differing == min(30, task.horizon - 1))
    }
  }

  @Test func `the covariance of a day is the weighted mean of the returns up to it`() throws {
    let returns = growth(future: 2)
    let market = try task(future: 2, .none).market
    // The naive way, from the whole past each day.
    for step in 0..<50 {
      var covariance = [Double](repeating: 0, count: 9)
      let path = MarketPath<Double>(
        source: RandomSource(seed: 1), copy: 0, episode: 0, step: UInt32(step))
      // The state of a history is the day.
      let state = [Double(10 + step)]
      var entries = covariance.mutableSpan
      market.covariance(path, state: state.span, into: &entries)
      let keep = pow2(-1.0 / 8)
      for i in 0..<3 {
        for j in 0..<3 {
          let products = returns[..<(10 + step)].map { ($0[i] - 1) * ($0[j] - 1) * 250 }
          var expected = products[..<10].reduce(0, +) / 10
          for product in products[10...] { expected = keep * expected + (1 - keep) * product }
          #expect(isClose(covariance[i * 3 + j], expected, 1e-12))
        }
      }
    }
  }

  private func pow2(_ x: Double) -> Double { Double.exp(x * 0.693147180559945309) }
}

/// The days on which episodes begin.
private struct HistoricalDays {
  private let task: RebalancingTask
  init(_ task: RebalancingTask) { self.task = task }

  func firstDay(seed: UInt64, copy: Int) -> Int {
    guard case .historical(let market) = task.market else { return 0 }
    return market.firstDay(RandomSource(seed: seed), copy: UInt32(copy), episode: 0)
  }
}
