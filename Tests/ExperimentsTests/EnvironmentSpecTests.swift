import Experiments
import Foundation
import Gym
import Markets
import Rebalancing
import Testing

/// The folder of shipped specifications, found beside the tests.
private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path

private let lognormal = """
  # Three assets.
  id: small-v0
  market: lognormal
  assets: [A, B, C]
  target_weights: [0.5, 0.3, 0.2]
  drift_per_step: [0.0003, 0.0002, 0.0001]
  volatility_per_step: [0.01, 0.02, 0.03]
  correlation:
    - [1, 0.5, 0.25]
    - [0.5, 1, 0.5]
    - [0.25, 0.5, 1]
  half_spread_bp: [10, 20, 30]
  commission_bp: 1
  risk_aversion: 5
  steps_per_year: 252
  horizon_steps: 100
  actions: [0, 0.5, 1]
  observation: [weight_deviation, last_log_return]
  """

private let history = """
  id: history-v0
  market: historical
  data: levels.csv
  assets: [A, B]
  target_weights: 0.5
  covariance_half_life_days: 3
  covariance_warmup_days: 3
  half_spread_bp: 10
  risk_aversion: 5
  steps_per_year: 252
  actions: [0, 1]
  observation: [weight_deviation]
  """

/// One edit of a valid specification and what is said about it.
struct SpecFault: Sendable, CustomTestStringConvertible {
  let from: String
  let to: String
  let message: String
  init(_ from: String, _ to: String, _ message: String) {
    self.from = from
    self.to = to
    self.message = message
  }
  var testDescription: String { "\(from) → \(to)" }
}

private let faults = [
  SpecFault(
    "commission_bp", "comission_bp", "small.yaml:13: unknown key “comission_bp”; valid here are"),
  SpecFault(
    "risk_aversion: 5", "risk_aversion: 5\ntax_rate: 0.2",
    "small.yaml:15: unknown key “tax_rate”; valid here are"),
  SpecFault(
    "[0, 0.5, 1]\nobs", "[0.5, 1]\nobs",
    "small.yaml:17: actions: [0.5, 1.0] is given, the first must be 0: no action"),
  SpecFault(
    "[0, 0.5, 1]\nobs", "[]\nobs",
    "small.yaml:17: actions: [] is given, the first must be 0: no action"),
  SpecFault(
    "[0, 0.5, 1]\nobs", "[0, 1.5]\nobs",
    "small.yaml:17: actions: [0.0, 1.5] is given, rising fractions up to 1 are valid"),
  SpecFault(
    "[0, 0.5, 1]\nobs", "[0, 1, 0.5]\nobs",
    "small.yaml:17: actions: [0.0, 1.0, 0.5] is given, rising fractions up to 1 are valid"),
  SpecFault(
    "[0, 0.5, 1]\nobs", "[0]\nobs",
    "small.yaml:17: actions: [0.0] is given, rising fractions up to 1 are valid"),
  SpecFault(
    "[0.5, 0.3, 0.2]", "[0.5, 0.25, 0.2]",
    "small.yaml:5: target_weights: they sum to 0.95, 1 is valid"),
  SpecFault(
    "[0.5, 0.3, 0.2]", "[1.5, -0.5, 0]",
    "small.yaml:5: target_weights: a weight is negative, 0 or more is valid"),
  SpecFault("[0.5, 0.3, 0.2]", "[1]", "small.yaml:5: target_weights: 1 numbers for 3 assets"),
  SpecFault(
    "[A, B, C]", "[A, B, A]", "small.yaml:4: assets: at least two different names are expected"),
  SpecFault("[A, B, C]", "[A, B, 3]", "small.yaml:4: assets: 3 is not a name"),
  SpecFault("[A, B, C]", "A", "small.yaml:4: assets: a list of names is expected"),
  SpecFault(
    "[1, 0.5, 0.25]\n  - [0.5, 1, 0.5]\n  - [0.25, 0.5, 1]",
    "[1, 0.9, -0.9]\n  - [0.9, 1, 0.9]\n  - [-0.9, 0.9, 1]",
    "small.yaml:8: correlation: the matrix is not positive definite: its leading minor of order 3 "
      + "is not positive"),
  SpecFault(
    "[0.5, 1, 0.5]", "[0.4, 1, 0.5]",
    "small.yaml:8: correlation: row 2: 1 on the diagonal and a symmetric matrix are valid"),
  SpecFault(
    "[0.25, 0.5, 1]", "[0.25, 0.5, 2]",
    "small.yaml:8: correlation: row 3: 1 on the diagonal and a symmetric matrix are valid"),
  SpecFault(
    "[0.5, 1, 0.5]", "[0.5, 1]", "small.yaml:8: correlation: 3 rows of 3 numbers are expected"),
  SpecFault(
    "[0.01, 0.02, 0.03]", "[0.01, -1, 0.03]",
    "small.yaml:7: volatility_per_step: [0.01, -1.0, 0.03] is given, 0 to 1 is valid"),
  SpecFault(
    "horizon_steps: 100", "horizon_steps: 100\nhorizon_steps: 50",
    "small.yaml:17: the key “horizon_steps” stands twice"),
  SpecFault("risk_aversion: 5\n", "", "small.yaml:2: the key “risk_aversion” is missing"),
  SpecFault(
    "risk_aversion: 5", "risk_aversion: high",
    "small.yaml:14: risk_aversion: a number is expected, “high” is given"),
  SpecFault(
    "risk_aversion: 5", "risk_aversion: .inf",
    "small.yaml:14: risk_aversion: a number is expected, inf is given"),
  SpecFault(
    "risk_aversion: 5", "risk_aversion: -1",
    "small.yaml:14: risk_aversion: -1.0 is given, 0 or more is valid"),
  SpecFault(
    "risk_aversion: 5", "risk_aversion:",
    "small.yaml:14: risk_aversion: a number is expected, nothing is given"),
  SpecFault(
    "horizon_steps: 100", "horizon_steps: 10.5",
    "small.yaml:16: horizon_steps: a whole number is expected, 10.5 is given"),
  SpecFault(
    "horizon_steps: 100", "horizon_steps: 0",
    "small.yaml:16: horizon_steps: 0 is given, 1 to 1e9 is valid"),
  SpecFault(
    "market: lognormal", "market: chaos",
    "small.yaml:3: market: “chaos” is given, valid are log_ratio, lognormal, normal, "
      + "regimes, garch, bootstrap, historical"),
  SpecFault(
    "market: lognormal", "market: [lognormal]",
    "small.yaml:3: market: text is expected, a list is given"),
  SpecFault(
    "commission_bp: 1", "commission_bp: 9990",
    "small.yaml:12: half_spread_bp: costs from 0 to below 10000 bp are valid"),
  SpecFault(
    "[weight_deviation, last_log_return]", "[weights]",
    "small.yaml:18: observation: “weights” is given, valid are weight_deviation, last_log_return, "
      + "unrealized_gain, scaled_deviation"),
  SpecFault(
    "[weight_deviation, last_log_return]", "[scaled_deviation]",
    "small.yaml:18: observation: scaled_deviation needs two assets, costs above 0 and a quadratic "
      + "drift cost"),
  SpecFault(
    "[weight_deviation, last_log_return]", "[]",
    "small.yaml:18: observation: at least one is needed"),
  SpecFault(
    "commission_bp: 1", "start_date: 2024-02-30",
    "small.yaml:13: start_date: “2024-02-30” is not a date, YYYY-MM-DD is valid"),
  SpecFault(
    "commission_bp: 1", "pay_from: cash",
    "small.yaml:13: pay_from: `cash` needs the key cash, the name of the asset that pays"
  ),
  SpecFault("id: small-v0", "- id", "small.yaml: not YAML: "),
]

@Suite struct EnvironmentSpecTests {
  private func spec(
    _ text: String, _ overrides: [String] = [], folder: String = ""
  ) throws -> EnvironmentSpec {
    let value = try SpecValue(yaml: text, file: "small.yaml")
    return try EnvironmentSpec(
      value.setting(overrides, file: "small.yaml"), file: "small.yaml", folder: folder)
  }

  @Test func `every value reaches the task`() throws {
    let task = try spec(lognormal).task
    #expect(task.id == "small-v0" && task.assets == ["A", "B", "C"])
    #expect(task.targets == [0.5, 0.3, 0.2] && task.actions == [0, 0.5, 1])
    #expect(
      zip(task.costs.proportionalPerUnit ?? [], [0.0011, 0.0021, 0.0031]).allSatisfy {
        abs($0 - $1) < 1e-18
      })
    #expect(task.driftCost == .quadratic(riskAversion: 5))
    #expect(task.tax == .none && task.returnCapture == .none && task.rewardScale == 1)
    #expect(task.horizon == 100 && task.stepsPerYear == 252)
    #expect(task.autoreset == .sameStep && task.precision == .double)
    #expect(task.startDate.description == "2000-01-15")
    #expect(task.observation.size == 6)
    guard case .lognormal(let market) = task.market else {
      Issue.record("the market is \(task.market)")
      return
    }
    #expect(abs(market.covariancePerYear[1] - 0.01 * 0.02 * 0.5 * 252) < 1e-15)
    #expect(abs(market.logMeanPerStep[2] - (0.0001 - 0.00045)) < 1e-18)
  }

  @Test func `optional keys reach the task`() throws {
    let text = lognormal.replacingOccurrences(
      of: "risk_aversion: 5", with: "drift_cost: tracking_error\ntracking_error_weight: 2")
    let task = try spec(
      text,
      [
        "tax=average_cost", "tax_rate=0.25", "return_capture=log", "reward_scale=100",
        "autoreset=next_step", "precision=float", "start_date='2024-02-29'", "pay_from=pro_rata",
        "target_weights=[0.2, 0.3, 0.5]",
      ]
    ).task
    #expect(task.driftCost == .trackingError(weight: 2))
    #expect(task.tax == .averageCost(rate: 0.25))
    #expect(task.returnCapture == .log && task.rewardScale == 100)
    #expect(task.autoreset == .nextStep && task.precision == .float)
    #expect(task.startDate.description == "2024-02-29")
    #expect(task.targets == [0.2, 0.3, 0.5])
  }

  @Test(arguments: faults)
  func `a fault is named with its file, line and what is valid`(_ fault: SpecFault) throws {
    #expect(lognormal.contains(fault.from))
    let text = lognormal.replacingOccurrences(of: fault.from, with: fault.to)
    let error = #expect(throws: SpecError.self) { try spec(text) }
    #expect(error?.description.contains(fault.message) == true, "\(error?.description ?? "")")
  }

  @Test func `an unknown key is answered with the valid ones`() throws {
    let error = #expect(throws: SpecError.self) { try spec(lognormal + "\ncolour: red") }
    #expect(error?.line == 19)
    for key in ["actions", "half_spread_bp", "tax", "start_date", "correlation"] {
      #expect(error?.problem.contains(key) == true, "\(key)")
    }
    #expect(error?.problem.contains("tax_rate") == false)
  }

  @Test(arguments: [
    (["colour=red"], "small.yaml: unknown key “colour”"),
    (["risk_aversion.inner=3"], "“inner” would stand in a value, not a map"),
    (["risk_aversion"], "small.yaml: --set risk_aversion: KEY=VALUE is expected"),
    (["risk_aversion="], "small.yaml: --set risk_aversion=: KEY=VALUE is expected"),
    (["=5"], "small.yaml: --set =5: KEY=VALUE is expected"),
    (["risk_aversion=high"], "risk_aversion: a number is expected, “high” is given"),
    (["risk_aversion=[1"], "--set risk_aversion=[1: not YAML: "),
    (
      ["actions=weights"],
      "actions: “weights” is given, a list of fractions, fraction or destination is valid"
    ),
    (["actions=[0.5, 1]"], "actions: [0.5, 1.0] is given, the first must be 0: no action"),
  ])
  func `an override that does not fit is refused`(_ overrides: [String], _ message: String) {
    let error = #expect(throws: SpecError.self) { try spec(lognormal, overrides) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test func `of several overrides of a key the last one counts`() throws {
    let task = try spec(lognormal, ["horizon_steps=5", "horizon_steps=7"]).task
    #expect(task.horizon == 7)
  }

  @Test func `a file is read with its overrides, and its id is its name`() throws {
    let path = folder + "/two-asset-monthly-v0.yaml"
    let task = try EnvironmentSpec(
      path: path, overrides: ["actions=[0, 0.25, 0.5, 0.75, 1]", "cost_per_unit=0.01"]
    ).task
    #expect(
      task.actions == [0, 0.25, 0.5, 0.75, 1] && task.costs.proportionalPerUnit == [0.005, 0.005])
    let missing = #expect(throws: SpecError.self) {
      try EnvironmentSpec(path: folder + "/absent-v0.yaml")
    }
    #expect(missing?.description == "\(folder)/absent-v0.yaml: there is no such file")
  }

  @Test func `the digest is that of what is said, not of how it is written`() throws {
    let digest = try spec(lognormal).sha256
    #expect(digest.count == 64)
    #expect(try spec("# Another comment\n" + lognormal).sha256 == digest)
    let reversed = lognormal.replacingOccurrences(of: "commission_bp: 1\n", with: "")
    #expect(try spec(reversed + "\ncommission_bp: 1").sha256 == digest)
    #expect(try spec(lognormal, ["commission_bp=1"]).sha256 == digest)
    #expect(try spec(lognormal, ["commission_bp=2"]).sha256 != digest)
    #expect(try spec(lognormal, ["tax=none"]).sha256 != digest)
  }

  @Test func `the resolved specification makes the same task again`() throws {
    let first = try spec(lognormal, ["horizon_steps=7"])
    let json = try first.resolved.canonicalJSON()
    let value = try JSONDecoder().decode(SpecValue.self, from: json)
    let second = try EnvironmentSpec(value, file: "run.json", folder: "")
    #expect(second.sha256 == first.sha256 && second.task.horizon == 7)
  }

  @Test(arguments: [
    (
      ["covariance_warmup_days=6"],
      "small.yaml:3: data: 7 days of data do not hold a warm-up of 6 days (at least 2) and an "
        + "episode of at least 1 steps: 8 days are needed"
    ),
    (
      ["horizon_steps=4"],
      "small.yaml:3: data: 7 days of data do not hold a warm-up of 3 days (at least 2) and an "
        + "episode of 4 steps: 8 days are needed"
    ),
    (
      ["covariance_warmup_days=1"],
      "small.yaml: covariance_warmup_days: 1 is given, 2 to 1e6 is valid"
    ),
    (["data=absent.csv"], "FOLDER/absent.csv: "),
    (["assets=[A, X]"], "X"),
  ])
  func `data that does not fit is refused with the reason`(
    _ overrides: [String], _ message: String
  ) throws {
    let folder = try writeLevels()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      _ = try spec(history, overrides, folder: folder)
      Issue.record("no error")
    } catch {
      let text = "\(error)".replacingOccurrences(of: folder, with: "FOLDER")
      #expect(text.contains(message), "\(text)")
    }
  }

  @Test func `data is found beside the specification and cut to its dates`() throws {
    let folder = try writeLevels()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try spec(history, folder: folder).task.horizon == 3)
    let cut = try spec(
      history, ["first_date='2024-01-02'", "last_date='2024-01-06'"], folder: folder)
    guard case .historical(let market) = cut.task.market else {
      Issue.record("the market is \(cut.task.market)")
      return
    }
    #expect(market.history.dates.map(\.day) == [2, 3, 4, 5, 6])
    #expect(cut.task.horizon == 1)
  }

  /// Seven days of two assets in a new folder.
  private func writeLevels() throws -> String {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let rows = (1...7).map { "2024-01-0\($0),\(100 + $0),\(50 + $0 % 3)" }
    let text = (["Date,A,B"] + rows).joined(separator: "\n") + "\n"
    try Data(text.utf8).write(to: url.appending(path: "levels.csv"))
    return url.path
  }
}
