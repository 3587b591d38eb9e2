import Algebra
import Deployment
import Experiments
import Foundation
import Rebalancing
import Testing

/// Guards made from some paths of an environment, tried on others.
@Suite struct OutOfDistributionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var environment: String
    var rule = "rule:band(0.05)"
    var overrides: [String] = []
    var paths = 64
    /// Without prices, faults that only the law of the training finds, and how often at least.
    var alone: [String: Double] = [:]
    var testDescription: String { environment + overrides.joined() }
  }

  /// Of all guards together, on a request with prices and the day on which it is asked.
  static let found = [
    "target_weights in percent", "last_log_returns × 100", "last_log_returns of two assets swapped",
    "holdings of two assets swapped", "prices of two assets swapped", "a 10 × print",
    "a snapshot 30 days old",
  ]

  static let cases = [
    Case(
      environment: "two-asset-monthly-v0",
      alone: ["holdings of two assets swapped": 0.99, "a 10 × print": 0.99]),
    // Four assets of equal weight: with their holdings swapped the request is as good as before.
    Case(
      environment: "four-asset-r1-v0", paths: 40,
      alone: ["last_log_returns × 100": 0.99, "basis × 100": 0.99, "a 10 × print": 0.99]),
    Case(
      environment: "us-stock-bond-v0",
      alone: ["holdings of two assets swapped": 0.99, "a 10 × print": 0.99]),
    Case(
      environment: "taxable-eight-asset-v0", rule: "rule:band(0.02)",
      overrides: [
        "horizon_steps=252",
        "observation=[weight_deviation, unrealized_gain, harvestable_loss, carried_losses, accrued_tax, days_to_long_term]",
      ], paths: 32, alone: ["basis × 100": 0.99, "facts × 100": 0.99, "a 10 × print": 0.99]),
  ]

  @Test(arguments: cases)
  func `finds faults on paths that it was not made from, and leaves good requests alone`(
    _ given: Case
  ) throws {
    let path = top.appending(path: "envs/\(given.environment).yaml").path
    let task = try EnvironmentSpec(path: path, overrides: given.overrides).task
    let (_, trial) = try GuardTrial.heldOut(
      task, policy: RuleCatalog.rule(given.rule, for: task), fallback: "rule:band(0.05)",
      paths: given.paths, seed: 1_000_000)
    #expect(trial.requests > 2_000)
    #expect(trial.falsePositiveShare <= 0.01, "\(trial.table)")
    for fault in Self.found {
      let row = try #require(trial.faults.first { $0.fault == fault })
      #expect(row.requests > 1_500)
      #expect(row.share >= 0.99, "\(fault): \(trial.table)")
    }
    for (fault, share) in given.alone {
      let row = try #require(trial.faults.first { $0.fault == fault })
      #expect(row.requests > 1_500)
      #expect(row.shareWithoutPrices >= share, "\(fault): \(trial.table)")
    }
  }

  @Test func `what never varied in training is compared exactly, up to the rounding of a float`()
    throws
  {
    let source = RandomSource(seed: 3)
    let samples = (0..<500).map { k in
      let x = Float(source.uniform(.evaluation, copy: UInt32(k)))
      return [x, 0.0001, x < 0.5 ? 0 : 1]
    }
    let model = try OutOfDistribution(names: ["x", "rate", "regime"], samples: samples)
    #expect(model.columns.map(\.values) == [nil, [0.0001], [0, 1]])
    #expect(model.factor.count == 1)
    let detector = OutOfDistribution.Detector(model)
    #expect(detector.finding([0.5, 0.0001, 1]) == nil)
    #expect(detector.finding([0.5, Float(0.0001).nextUp, 1]) == nil)
    #expect(detector.finding([0.5, 0.01, 1])?.contains("rate is 0.01") == true)
    #expect(detector.finding([0.5, 0.0001, 0.5])?.contains("regime") == true)
    #expect(detector.finding([0.5, 0.0001, 2])?.contains("0.0 or 1.0") == true)
  }

  @Test func `Mahalanobis finds what no number alone shows`() throws {
    let source = RandomSource(seed: 3)
    let samples = (0..<2_000).map { k in
      let (a, b, _, _): (Double, Double, Double, Double) = source.normals(
        .evaluation, copy: UInt32(k), episode: 0, step: 0, draw: 0)
      return [Float(a), Float(0.95 * a + 0.312 * b), Float(3 + 2 * a)]
    }
    let model = try OutOfDistribution(names: ["a", "b", "c"], samples: samples)
    let detector = OutOfDistribution.Detector(model)
    // By hand: of a and b alone, d² = zᵀ S⁻¹ z with the sample's correlation.
    let standard = { (i: Int, x: Float) in
      (Double(x) - model.columns[i].mean) / model.columns[i].deviation
    }
    let rho = model.factor[1]
    let point: [Float] = [1.5, -1.5]
    let (u, v) = (standard(0, point[0]), standard(1, point[1]))
    let byHand = ((u * u - 2 * rho * u * v + v * v) / (1 - rho * rho)).squareRoot()
    let found = detector.measures(point)
    #expect(abs(found.distance / byHand - 1) < 1e-3)
    #expect(found.score < 2)
    #expect(found.excess < 0)
    #expect(detector.finding(point)?.contains("Mahalanobis") == true)
    // A number that follows from another: off by a tenth of its deviation, and found.
    #expect(detector.finding([1, 0.95, 5]) == nil)
    #expect(detector.finding([1, 0.95, 5.2])?.contains("Mahalanobis") == true)
  }

  @Test func `a request like nothing seen goes to the fallback rule, behind the other guards`()
    throws
  {
    let path = top.appending(path: "envs/four-asset-r1-v0.yaml").path
    let task = try EnvironmentSpec(path: path).task
    let policy = network(task.observation)
    let trigger = try LearnedTrigger(
      name: "net", policy: policy, observation: task.observation, actions: task.actions)
    let settings = try GuardCalibration.settings(
      task, policy: trigger, observation: task.observation, fallback: "rule:band(0.05)", paths: 8)
    let guarded = try GuardedTrigger(
      trigger, settings: settings, observation: task.observation, assets: task.assets)
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 0)
    for _ in 0..<50 { _ = environment.advance(fraction: 0) }
    let usual = environment.snapshot
    #expect(guarded.decide(usual) == trigger.decide(usual))
    var strange = usual
    strange.holdings[0] *= 10
    let decision = guarded.decide(strange)
    #expect(decision.codes == [.outOfDistribution, .fallback])
    #expect(decision.action == .full)
    #expect(decision.scores == nil)
    strange.controls = TradingControls(frozen: "A")
    #expect(guarded.decide(strange).codes == [.outOfDistribution, .fallback, .frozen])
    strange.controls?.pullKillSwitch(
      try ControlAct(at: UTCTime(strange.date), by: "ada", reason: "a crash"))
    #expect(guarded.decide(strange).codes == [.killSwitch])
    strange.holdings[0] = .nan
    #expect(guarded.decide(strange).codes == [.invalidInput, .notFinite])
  }
}
