import Algebra
import Gym
import Markets
import Rebalancing
import Testing

/// The slow truth: scalar environments stepped one after another under same-step autoreset.
private struct NaiveEnvironments<Real>
where Real: Lanes & BinaryFloatingPoint, Real.Scalar == Real, Real.Words == UInt32 {
  private var environments: [RebalancingEnvironment<Real>]

  init(_ task: RebalancingTask, count: Int, firstCopy: Int) {
    environments = (0..<count).map {
      RebalancingEnvironment(task, copy: UInt32(firstCopy + $0))
    }
  }

  mutating func reset(seed: UInt64, into transition: inout VectorTransition) {
    for copy in environments.indices {
      let observation = environments[copy].reset(seed: seed)
      transition.observations.replace(row: copy, with: observation)
    }
  }

  mutating func step(_ actions: [Int32], into transition: inout VectorTransition) {
    step(into: &transition) { environment, copy in environment.step(Int(actions[copy])) }
  }

  mutating func step(values: [Float], into transition: inout VectorTransition) {
    let width = values.count / environments.count
    step(into: &transition) { environment, copy in
      environment.step(values: Array(values[copy * width..<(copy + 1) * width]))
    }
  }

  private mutating func step(
    into transition: inout VectorTransition,
    _ body: (inout RebalancingEnvironment<Real>, Int) -> Transition
  ) {
    for copy in environments.indices {
      let step = body(&environments[copy], copy)
      transition.rewards[copy] = Float(step.reward)
      transition.terminated[copy] = step.terminated
      transition.truncated[copy] = step.truncated
      transition.observations.replace(row: copy, with: step.observation)
      if step.isLast {
        transition.finalObservations.replace(row: copy, with: step.observation)
        let observation = environments[copy].reset(seed: nil)
        transition.observations.replace(row: copy, with: observation)
      }
    }
  }
}

extension [Float] {
  fileprivate mutating func replace(row: Int, with values: [Float]) {
    replaceSubrange(row * values.count..<(row + 1) * values.count, with: values)
  }
}

@Suite struct TwinTests {
  static let horizons: [Int?] = [nil, 97]

  /// Steps both twins and compares all that they return.
  private func compare<L: Lanes, Real>(
    _ lanes: L.Type, _ real: Real.Type, _ task: RebalancingTask, count: Int,
    ruins: Bool = false
  ) where Real: Lanes & BinaryFloatingPoint, Real.Scalar == Real, Real.Words == UInt32 {
    var fast = BatchedRebalancingEnvironment<L>(task, count: count, firstCopy: 5)
    var slow = NaiveEnvironments<Real>(task, count: count, firstCopy: 5)
    var fastStep = VectorTransition(for: fast)
    var slowStep = fastStep
    fast.reset(seed: 0xFEDC_BA98_7654_3210, into: &fastStep)
    slow.reset(seed: 0xFEDC_BA98_7654_3210, into: &slowStep)
    #expect(fastStep.bits == slowStep.bits, "reset")
    var truncations = 0
    var terminations = 0
    for step in 0..<600 {
      if task.actionFamily == .list {
        let actions = actions(0..<count, step: step, of: task)
        fast.step(actions, into: &fastStep)
        slow.step(actions, into: &slowStep)
      } else {
        let values = values(0..<count, step: step, of: task)
        fast.step(values: values, into: &fastStep)
        slow.step(values: values, into: &slowStep)
      }
      truncations += slowStep.truncated.count { $0 }
      terminations += slowStep.terminated.count { $0 }
      guard fastStep.bits == slowStep.bits else {
        Issue.record("step \(step): \(fastStep) and \(slowStep)")
        return
      }
    }
    #expect(ruins ? terminations > 0 : terminations == 0)
    #expect(ruins || truncations == count * (600 / task.horizon))
  }

  @Test(arguments: Shipped.plainNames, horizons)
  func `sixteen lanes of Float are the scalar environment to the bit`(
    _ name: String, _ horizon: Int?
  ) throws {
    let task = try Shipped.task(name, horizon: horizon)
    compare(SIMD16<Float>.self, Float.self, task, count: 19)
  }

  @Test(arguments: Shipped.names, horizons)
  func `eight lanes of Double are the scalar environment to the bit`(
    _ name: String, _ horizon: Int?
  ) throws {
    let task = try Shipped.task(name, horizon: horizon)
    compare(SIMD8<Double>.self, Double.self, task, count: 11)
  }

  @Test(arguments: Shipped.names)
  func `the terms of a step are those of the scalar environment`(_ name: String) throws {
    var task = try Shipped.task(name, horizon: 23)
    task.autoreset = .nextStep
    let (count, firstCopy) = (11, 5)
    var fast = BatchedRebalancingEnvironment<SIMD8<Double>>(
      task, count: count, firstCopy: firstCopy)
    var slow = (0..<count).map {
      RebalancingEnvironment<Double>(task, copy: UInt32(firstCopy + $0))
    }
    var transition = VectorTransition(for: fast)
    var terms = [Double](repeating: -1, count: StepTerm.allCases.count * count)
    transition.withSpans { observations, _, rewards, terminated, truncated in
      var spans = terms.mutableSpan
      fast.reset(
        seed: 4, observations: &observations, rewards: &rewards, terminated: &terminated,
        truncated: &truncated, terms: &spans)
    }
    for copy in slow.indices { _ = slow[copy].reset(seed: 4) }
    #expect(terms[..<count].allSatisfy { $0 == task.initialValue })
    #expect(terms[count...].allSatisfy { $0 == 0 })
    for step in 0..<60 {
      let actions = actions(0..<count, step: step, of: task)
      transition.withSpans { observations, final, rewards, terminated, truncated in
        var spans = terms.mutableSpan
        fast.step(
          actions.span, [Float]().span, observations: &observations, finalObservations: &final,
          rewards: &rewards, terminated: &terminated, truncated: &truncated, terms: &spans)
      }
      for copy in 0..<count {
        let own = StepTerm.allCases.map { terms[$0.rawValue * count + copy] }
        guard !slow[copy].hasEnded else {
          _ = slow[copy].reset(seed: nil)
          #expect(own == [task.initialValue, 0, 0, 0, 0], "step \(step) of copy \(copy)")
          continue
        }
        let info = slow[copy].step(Int(actions[copy])).info
        let names = [
          "value_after", "transaction_cost", "tax_cost", "drift_cost", "portfolio_return",
        ]
        #expect(own == names.map { info[$0] ?? .nan }, "step \(step) of copy \(copy)")
        #expect(own[0] == fast.value(of: copy) && fast.step(of: copy) == slow[copy].step)
      }
    }
  }

  @Test(arguments: Shipped.names)
  func `any fraction of the way is the same in both twins`(_ name: String) throws {
    var task = try Shipped.task(name, horizon: 97)
    (task.actions, task.actionFamily) = ([], .fraction)
    compare(SIMD8<Double>.self, Double.self, task, count: 11)
    guard !task.needsAccount else { return }
    compare(SIMD16<Float>.self, Float.self, task, count: 19)
  }

  @Test(arguments: Shipped.names)
  func `any destination is the same in both twins`(_ name: String) throws {
    var task = try Shipped.task(name, horizon: 97)
    (task.actions, task.actionFamily) = ([], .destination)
    compare(SIMD8<Double>.self, Double.self, task, count: 11)
    guard !task.needsAccount else { return }
    compare(SIMD16<Float>.self, Float.self, task, count: 19)
  }

  @Test(arguments: ReturnCapture.allCases)
  func `the twins agree under every return capture and with tax`(_ capture: ReturnCapture) throws {
    var task = try smallTask(assets: 5, volatility: [0.01, 0.02, 0.03, 0.04, 0.05])
    task.returnCapture = capture
    task.tax = .averageCost(rate: 0.3)
    task.targets = [0.5, 0, 0.25, 0.15, 0.1]
    compare(SIMD16<Float>.self, Float.self, task, count: 3)
    task.driftCost = .trackingError(weight: 0.5)
    compare(SIMD8<Double>.self, Double.self, task, count: 17)
  }

  @Test func `one lane at a time is the scalar environment too`() throws {
    let task = try Shipped.task("four-asset-r1-v0", horizon: 40)
    compare(Float.self, Float.self, task, count: 3)
    compare(Double.self, Double.self, task, count: 3)
  }

  @Test(arguments: Shipped.plainNames)
  func `a copy's bits do not depend on how copies are grouped`(_ name: String) throws {
    let task = try Shipped.task(name, horizon: 61)
    let parts = [0..<1, 1..<18, 18..<37]
    var whole = BatchedRebalancingEnvironment<SIMD16<Float>>(task, count: 37)
    var wholeStep = VectorTransition(for: whole)
    whole.reset(seed: 4, into: &wholeStep)
    var environments = parts.map {
      BatchedRebalancingEnvironment<SIMD16<Float>>(
        task, count: $0.count, firstCopy: $0.lowerBound)
    }
    var steps = environments.map { VectorTransition(for: $0) }
    for part in parts.indices { environments[part].reset(seed: 4, into: &steps[part]) }
    for step in 0..<150 {
      whole.step(actions(0..<37, step: step, of: task), into: &wholeStep)
      for (part, copies) in parts.enumerated() {
        environments[part].step(actions(copies, step: step, of: task), into: &steps[part])
      }
      let joined = zip(steps, parts).flatMap { $0.bits(of: 0..<$1.count) }
      #expect(wholeStep.bits(of: 0..<37) == joined, "step \(step)")
    }
  }

  @Test(arguments: Shipped.names)
  func `a copy does not feel what its neighbours do`(_ name: String) throws {
    let task = try Shipped.task(name, horizon: 61)
    var calm = BatchedRebalancingEnvironment<SIMD8<Double>>(task, count: 11)
    var busy = calm
    var calmStep = VectorTransition(for: calm)
    var busyStep = calmStep
    calm.reset(seed: 4, into: &calmStep)
    busy.reset(seed: 4, into: &busyStep)
    for step in 0..<150 {
      let same = actions(0..<11, step: step, of: task)
      var other = actions(100..<111, step: step, of: task)
      other[3] = same[3]
      other[10] = same[10]
      calm.step(same, into: &calmStep)
      busy.step(other, into: &busyStep)
      for copy in [3, 10] {
        #expect(calmStep.bits(of: copy..<copy + 1) == busyStep.bits(of: copy..<copy + 1))
      }
    }
    #expect(calmStep != busyStep)
  }

  @Test func `seeds, copies and episodes have paths of their own`() throws {
    let task = try Shipped.task("two-asset-monthly-v0", horizon: 2)
    func firstStep(seed: UInt64, copy: UInt32, episode: Int) -> [Float] {
      var environment = RebalancingEnvironment<Double>(task, copy: copy)
      _ = environment.reset(seed: seed)
      for _ in 0..<episode { _ = environment.reset(seed: nil) }
      return environment.step(0).observation
    }
    let seen = [(1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1), (1 << 40, 0, 0)].map {
      firstStep(seed: UInt64($0.0), copy: UInt32($0.1), episode: $0.2)
    }
    #expect(Set(seen).count == 5)
  }

  @Test func `ruin terminates both twins, and the next episode begins`() throws {
    // One asset takes all; going back to the other costs more than there is.
    let market = LogRatioMarket<Double>(volatility: 30, drift: 0, stepsPerYear: 1)
    var task = try Shipped.task("two-asset-monthly-v0")
    task.market = .logRatio(market)
    task.targets = [0.5, 0.5]
    task.costs = TradingCosts(perUnit: [1.5, 1.5])
    compare(SIMD8<Double>.self, Double.self, task, count: 9, ruins: true)
    // So does a withdrawal of more than there is, though nothing is traded.
    var deposits = try Shipped.task("stock-bond-deposits-v0")
    deposits.flows.chance?.mean = -200_000
    compare(SIMD8<Double>.self, Double.self, deposits, count: 9, ruins: true)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    var step = environment.step(0)
    while !step.isLast { step = environment.step(2) }
    #expect(step.terminated && !step.truncated)
    #expect(environment.value <= 0 && environment.hasEnded)
  }
}
