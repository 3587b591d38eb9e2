import Experiments
import Foundation
import Oracles
import Rebalancing
import Statistics
import Testing

@Suite struct RunStoreTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "store-\(UUID().uuidString)")

  private static let envs = URL(filePath: #filePath)
    .appending(path: "../../../envs").standardizedFileURL.path

  private func score(_ policy: String, seed: Int64?, costs: [Double]) -> StoredScore {
    let samples = costs.map { cost in
      var sample = PathSample()
      (sample.steps, sample.drift, sample.transaction) = (12, cost / 4, cost * 3 / 4)
      return sample
    }
    return StoredScore(
      policy: policy, family: String(policy.prefix { $0 != "-" }), seed: seed,
      isRule: seed == nil, figures: [.cost: costs.reduce(0, +), .gap: 0.5], samples: samples)
  }

  @Test func `gives back what it was given, after it was opened anew`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let key = EvaluationKey(caseName: "a", stage: "sampled")
    var scores = [
      score("rule", seed: nil, costs: [1, 2]), score("ppo-7", seed: 7, costs: [0.5, 0.25]),
    ]
    var whole = PathSample()
    (whole.steps, whole.transaction, whole.tax, whole.drift) = (1, 2, 3, 4)
    (whole.reward, whole.turnover, whole.heldReturn, whole.liquidatedReturn) = (5, 6, 7, 8)
    scores[1].samples.append(whole)
    try RunStore(folder: folder).record(
      key, environment: "e-v0", digest: "d", commit: "c", document: Data("{}".utf8),
      scores: scores)
    let store = try RunStore(existingIn: folder)
    #expect(try store.scores(key) == scores)
    #expect(try store.document(key, digest: "d") == Data("{}".utf8))
    #expect(try store.document(key, digest: "other") == nil)
    #expect(try store.scores(EvaluationKey(caseName: "a", stage: "exact")).isEmpty)
  }

  @Test func `an evaluation that is made again replaces the old one, with its samples`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RunStore(folder: folder)
    let key = EvaluationKey(caseName: "a", stage: "sampled")
    for costs in [[1.0, 2, 3], [4.0]] {
      try store.record(
        key, environment: "e-v0", digest: "\(costs)", commit: "c", document: Data("{}".utf8),
        scores: [score("rule", seed: nil, costs: costs)])
    }
    #expect(try store.scores(key) == [score("rule", seed: nil, costs: [4])])
    try store.begin(cases: ["b"])
    #expect(try store.evaluations().isEmpty)
  }

  @Test func `says where there are no results, and what is no database`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: SpecError.self) { _ = try RunStore(existingIn: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(repeating: 65, count: 5000).write(to: folder.appending(path: RunStore.fileName))
    let error = #expect(throws: SpecError.self) { _ = try RunStore(folder: folder) }
    #expect(error?.description.contains("remove the file") == true)
  }

  // MARK: - What is made of it

  @Test func `standings compare with the best rule on the same paths`() throws {
    let scores = [
      score("dear", seed: nil, costs: [4e-4, 4e-4, 6e-4, 6e-4]),
      score("cheap", seed: nil, costs: [2e-4, 4e-4, 2e-4, 4e-4]),
      score("ppo-1", seed: 1, costs: [1e-4, 3e-4, 1e-4, 3e-4]),
      score("ppo-2", seed: 2, costs: [1e-4, 5e-4, 1e-4, 5e-4]),
    ]
    let standings = try Standings(
      caseName: "a", stage: "sampled", scores: scores, stepsPerYear: 12, seed: 3, workers: 1)
    #expect(standings.yardstick == "cheap")
    #expect(standings.rows.map(\.family) == ["ppo", "cheap", "dear"])
    let ppo = standings.rows[0]
    #expect(ppo.seeds == 2)
    // 12 steps are a year: costs are 2.5, 3 and 5 bp.
    let (cost, difference) = (try #require(ppo.cost), try #require(ppo.difference))
    #expect(abs(cost.estimate - 2.5) < 1e-9)
    #expect(abs(difference.estimate - -0.5) < 1e-9)
    #expect(difference.low < difference.estimate && difference.estimate < difference.high)
    // Seed 1 is below on every path, seed 2 on every second one.
    #expect(ppo.improvement?.estimate == 0.75)
    #expect(standings.rows[1].difference?.low == 0)
  }

  @Test func `standings say what is left after tax, held and sold`() throws {
    func left(_ policy: String, cost: Double, held: [Double], sold: [Double]) -> StoredScore {
      var score = score(policy, seed: nil, costs: held.map { _ in cost })
      for path in held.indices {
        score.samples[path].heldReturn = held[path]
        score.samples[path].liquidatedReturn = sold[path]
      }
      return score
    }
    let scores = [
      left("kept", cost: 2e-4, held: [5, 7], sold: [4, 5]),
      left("cheap", cost: 1e-4, held: [6, 6], sold: [3, 4]),
    ]
    func standings(_ scores: [StoredScore]) throws -> Standings {
      try Standings(
        caseName: "a", stage: "sampled", scores: scores, stepsPerYear: 12, seed: 3, workers: 1)
    }
    let rows = try standings(scores).rows
    #expect(rows.map(\.family) == ["cheap", "kept"])
    #expect(rows.map(\.held?.estimate) == [6, 6])
    #expect(rows.map(\.liquidated?.estimate) == [3.5, 4.5])
    #expect(rows.map(\.liquidatedDifference?.estimate) == [0, 100])
    #expect(try standings(scores).table.contains("kept  "))
    var untaxed = scores
    untaxed[1].samples[0].liquidatedReturn = nil
    #expect(try standings(untaxed).rows.allSatisfy { $0.liquidated == nil && $0.held == nil })
  }

  @Test func `a policy below a certified bound is a finding, one above it is not`() throws {
    let scores = [
      score("lucky", seed: nil, costs: [1e-4, 2e-4, 3e-4, 4e-4]),
      score("honest", seed: nil, costs: [4e-4, 5e-4, 6e-4, 7e-4]),
    ]
    let bound = [2.9e-4, 4.1e-4, 5e-4, 6e-4]
    let standings = try Standings(
      caseName: "a", stage: "sampled", scores: scores, stepsPerYear: 12, bound: bound, seed: 3,
      workers: 1)
    #expect(abs((standings.bound?.estimate ?? 0) - 4.5) < 1e-9)
    #expect(abs((standings.rows[0].gapToBound?.estimate ?? 0) - -2) < 1e-9)
    #expect(abs((standings.rows[1].gapToBound?.estimate ?? 0) - 1) < 1e-9)
    #expect(SanityGate.findings(below: standings).map(\.policy) == ["lucky"])
    // A policy without finite costs has no gap, and takes none from the others.
    let broken = score("broken", seed: nil, costs: [1e-4, .infinity, 1e-4, 1e-4])
    let others = try Standings(
      caseName: "a", stage: "sampled", scores: scores + [broken], stepsPerYear: 12, bound: bound,
      seed: 3, workers: 1)
    #expect(SanityGate.findings(below: others).map(\.policy) == ["lucky"])
    #expect(throws: StatisticsError.self) {
      _ = try Standings(
        caseName: "a", stage: "sampled", scores: scores, stepsPerYear: 12, bound: [1e-4], seed: 3,
        workers: 1)
    }
  }

  @Test func `samples cheaper than the true optimum are a finding`() throws {
    let task = try EnvironmentSpec(path: Self.envs + "/two-asset-monthly-v0.yaml").task
    let optimum = TwoAssetChainOptimum(task)
    func standings(_ shares: [Double]) throws -> Standings {
      let costs = shares.map { $0 * optimum.perStep * 12 }
      return try Standings(
        caseName: "a", stage: "sampled", scores: [score("one", seed: nil, costs: costs)],
        stepsPerYear: 12, seed: 3, workers: 1)
    }
    #expect(
      SanityGate.findings(below: try standings([0.9, 0.91, 0.89, 0.9]), optimumOf: task).count == 1)
    #expect(
      SanityGate.findings(below: try standings([0.9, 1.1, 0.7, 1.2]), optimumOf: task).isEmpty)
    #expect(
      SanityGate.findings(below: try standings([1.1, 1.2, 1, 1]), optimumOf: task).isEmpty)
  }

  @Test func `exact scores stand by the gaps of seeds`() throws {
    let gaps = [0.1, 0.2, 0.3, 5]
    let scores = gaps.enumerated().map { index, gap in
      StoredScore(
        policy: "ppo-\(index)", family: "ppo", seed: Int64(index), isRule: false,
        figures: [.gap: gap, .anyTradeGap: gap + 3, .cost: 1 + gap], samples: [])
    }
    let row = try Standings(
      caseName: "a", stage: "exact", scores: scores, stepsPerYear: 12, seed: 3, workers: 1
    ).rows[0]
    #expect(row.gapMedian == 0.25)
    #expect(row.anyTradeGap == 3.25)
    #expect(row.gapWorst == 5)
    #expect(row.gapInterquartileMean?.estimate == 0.25)
    #expect(row.missing == 0)
  }

  @Test func `a comparison over cases is the median change`() throws {
    let results = try [(10.0, 5.0), (10, 8), (20, 30)].enumerated().map { index, costs in
      var result = CaseResult(name: "\(index)", environment: "e")
      let scores = [
        score("base", seed: nil, costs: [costs.0 * 1e-4]),
        score("own", seed: nil, costs: [costs.1 * 1e-4]),
      ]
      result.standings = [
        try Standings(
          caseName: "\(index)", stage: "sampled", scores: scores, stepsPerYear: 12, seed: 3,
          workers: 1)
      ]
      return result
    }
    let comparison = try #require(
      CaseComparison(results, baseline: "base", seed: 1, workers: 1))
    let row = try #require(comparison.rows.first)
    #expect(row.family == "own")
    #expect(row.cases == 3)
    // Changes of −50, −20 and +50 %.
    #expect(abs((row.cost?.estimate ?? 0) - -20) < 1e-9)
    #expect(abs((row.better ?? 0) - 200.0 / 3) < 1e-9)
    #expect(CaseComparison(results, baseline: "other", seed: 1, workers: 1) == nil)
  }

  @Test func `a cost below the optimum is a finding`() throws {
    let document = """
      {"env":"e","optimum":{"own_actions":1,"unrestricted":1},"policies":[{"name":"p"}]}
      """
    var exact = try JSONDecoder().decode(ExactEvaluation.self, from: Data(document.utf8))
    for (gap, found) in [(-0.01, []), (-0.03, ["p"])] {
      exact.policies[0].gap = gap
      #expect(SanityGate.findings(in: exact, caseName: "a").map(\.policy) == found)
    }
  }
}

/// The optimum of the episode over any trade, a fraction of value per step.
private struct TwoAssetChainOptimum {
  let perStep: Double

  init(_ task: RebalancingTask) {
    let chain = try? TwoAssetChain(task)
    let perYear = chain?.solve(.unrestricted, horizon: task.horizon).costPerYear ?? .nan
    perStep = perYear / 12 / 1e4
  }
}
