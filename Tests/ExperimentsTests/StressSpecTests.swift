import Experiments
import Foundation
import Markets
import Rebalancing
import Testing

@Suite struct StressSpecTests {
  private func spec(_ name: String, _ overrides: [String] = []) throws -> EnvironmentSpec {
    try EnvironmentSpec(path: "\(BitsTests.folder)/\(name).yaml", overrides: overrides)
  }

  private static let names = [
    "stress-crash-v0", "stress-rate-rise-v0", "stress-correlation-v0", "stress-spread-v0",
  ]

  /// The specification of a shipped environment with other shocks.
  private func task(_ name: String, stress: String) throws -> RebalancingTask {
    let path = "\(BitsTests.folder)/\(name).yaml"
    let yaml = try String(contentsOfFile: path, encoding: .utf8)
    let file = FileManager.default.temporaryDirectory.appending(
      path: "stress-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = lines.firstIndex(of: "stress:") ?? lines.count
    let end = lines[min(start + 1, lines.count)...].firstIndex { !$0.hasPrefix(" ") }
    let kept = lines[..<start] + lines[(end ?? lines.count)...]
    let text = kept.joined(separator: "\n") + "\n" + stress + "\n"
    try Data(text.utf8).write(to: file)
    return try EnvironmentSpec(path: file.path).task
  }

  @Test(arguments: names)
  func `the shipped scenarios say what they do, and rules play them`(_ name: String) throws {
    let task = try spec(name).task
    #expect(task.market.shocks.count == 1)
    let description = TaskDescription(task)
    #expect(description.market.summary.contains("shock “"))
    #expect(description.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let rules = try ["rule:never", "rule:band(0.05)"].map { try RuleCatalog.rule($0, for: task) }
    let evaluation = SampledEvaluation(task, policies: rules, episodes: 4, seed: 1)
    #expect(evaluation.policies.allSatisfy { $0.identityError < 1e-9 && $0.cost.mean.isFinite })
  }

  @Test func `the median path of the crash falls by what history did`() throws {
    let task = try spec("stress-crash-v0").task
    var ratios: [Double] = []
    for copy in 0..<200 {
      var environment = RebalancingEnvironment<Double>(task, copy: UInt32(copy))
      _ = environment.reset(seed: 5)
      var stock = 0.0
      for step in 0..<175 {
        _ = environment.advance(fraction: 0)
        if step >= 126 { stock += environment.snapshot.lastLogReturns?[0] ?? .nan }
      }
      ratios.append(stock)
    }
    // With the market's own 2.5 % in these 49 days; the error of a median of 200 is 0.03.
    let median = ratios.sorted()[100]
    #expect(abs(median - (0.602.logarithm + 49 * 0.000501)) < 0.1, "\(median)")
  }

  @Test(arguments: [
    ("stress: 3", "a list of maps is expected"),
    ("stress:\n  - begin_step: 1\n    length_steps: 2", "“name” is missing"),
    ("stress:\n  - {name: a, begin_step: 1, length_steps: 2, depth: 3}", "unknown key “depth”"),
    ("stress:\n  - {name: a, begin_step: 1, length_steps: 0}", "length_steps: 0 is given"),
    (
      "stress:\n  - {name: a, begin_step: 1, length_steps: 2, total_return: -1}",
      "-0.99 to 100 is valid"
    ),
    (
      "stress:\n  - {name: a, begin_step: 1, length_steps: 2, half_spread_factor: [1, 2]}",
      "2 numbers for 4 assets"
    ),
    (
      "stress:\n  - {name: a, begin_step: 1, length_steps: 2, correlation_toward_one: 1.5}",
      "0 to 1 is valid"
    ),
    (
      "stress:\n  - {name: a, begin_step: 1, length_steps: 9}\n  - {name: b, begin_step: 9, length_steps: 2}",
      "“b” begins at step 9, before “a” ends at 10"
    ),
    (
      "stress:\n  - {name: a, begin_step: 504, length_steps: 9}",
      "“a” begins at step 504, episodes have 504 steps"
    ),
    (
      "stress:\n  - {name: a, begin_step: 1, length_steps: 9, half_spread_factor: 1000}",
      "below 10000 is valid"
    ),
  ])
  func `wrong shocks are named with what is valid`(_ yaml: String, _ message: String) throws {
    let error = #expect(throws: SpecError.self) {
      try task("stress-crash-v0", stress: yaml)
    }
    #expect("\(try #require(error))".contains(message), "\(String(describing: error))")
  }

  @Test func `a shock may begin where another ends`() throws {
    let yaml = """
      stress:
        - {name: a, begin_step: 1, length_steps: 2, total_return: -0.5}
        - {name: b, begin_step: 3, length_steps: 2, total_return: -0.5}
      """
    let task = try task("stress-crash-v0", stress: yaml)
    #expect(task.market.shocks.map(\.name) == ["a", "b"])
    var environment = RebalancingEnvironment<Double>(task)
    _ = environment.reset(seed: 1)
    let values = (0..<6).map { _ in environment.advance(fraction: 0).portfolioReturn }
    #expect(values.map { $0 < -0.1 } == [false, true, true, true, true, false], "\(values)")
  }

  @Test func `replayed data takes no shocks, dividends and resampled data do`() throws {
    let one = "stress:\n  - {name: a, begin_step: 1, length_steps: 2, total_return: -0.5}"
    let error = #expect(throws: SpecError.self) { try task("us-stock-bond-v0", stress: one) }
    #expect("\(try #require(error))".contains("what has happened has no shocks added"))
    for (name, extra) in [
      ("stress-crash-v0", "\ndividend_yield_per_year: [0.02, 0, 0, 0]"),
      ("stock-bond-garch-v0", ""), ("six-asset-regimes-v0", ""), ("two-asset-monthly-v0", ""),
    ] {
      let task = try task(name, stress: one + extra)
      #expect(task.market.shocks.first?.name == "a", "\(name)")
      #expect(task.market.regimeCount == (name.contains("regimes") ? 2 : 0))
      var environment = RebalancingEnvironment<Double>(task)
      _ = environment.reset(seed: 1)
      let values = (0..<4).map { _ in environment.advance(fraction: 0).portfolioReturn }
      #expect(values[1] < -0.1 && values[2] < -0.1 && abs(values[0]) < 0.1, "\(name): \(values)")
    }
  }
}

extension Double {
  fileprivate var logarithm: Double { Foundation.log(self) }
}
