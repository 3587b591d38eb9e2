import Experiments
import Foundation
import Statistics
import Testing

@Suite struct RunStoreTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "store-\(UUID().uuidString)")

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
    let scores = [
      score("rule", seed: nil, costs: [1, 2]), score("ppo-7", seed: 7, costs: [0.5, 0.25]),
    ]
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
    let standings = Standings(
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

  @Test func `a policy below a certified bound is a finding, one above it is not`() {
    let scores = [
      score("lucky", seed: nil, costs: [1e-4, 2e-4, 3e-4, 4e-4]),
      score("honest", seed: nil, costs: [4e-4, 5e-4, 6e-4, 7e-4]),
    ]
    let bound = [2.9e-4, 4.1e-4, 5e-4, 6e-4]
    let standings = Standings(
      caseName: "a", stage: "sampled", scores: scores, stepsPerYear: 12, bound: bound, seed: 3,
      workers: 1)
    #expect(abs((standings.bound?.estimate ?? 0) - 4.5) < 1e-9)
    #expect(abs((standings.rows[0].gapToBound?.estimate ?? 0) - -2) < 1e-9)
    #expect(abs((standings.rows[1].gapToBound?.estimate ?? 0) - 1) < 1e-9)
    #expect(SanityGate.findings(below: standings).map(\.policy) == ["lucky"])
  }

  @Test func `exact scores stand by the gaps of seeds`() throws {
    let gaps = [0.1, 0.2, 0.3, 5]
    let scores = gaps.enumerated().map { index, gap in
      StoredScore(
        policy: "ppo-\(index)", family: "ppo", seed: Int64(index), isRule: false,
        figures: [.gap: gap, .cost: 1 + gap], samples: [])
    }
    let row = Standings(
      caseName: "a", stage: "exact", scores: scores, stepsPerYear: 12, seed: 3, workers: 1
    ).rows[0]
    #expect(row.gapMedian == 0.25)
    #expect(row.gapWorst == 5)
    #expect(row.gapInterquartileMean?.estimate == 0.25)
    #expect(row.missing == 0)
  }

  @Test func `the folds of a walk are pooled by their steps`() throws {
    var (first, second) = (
      score("rule", seed: nil, costs: [1]), score("rule", seed: nil, costs: [2, 3])
    )
    first.figures[.trackingError] = 30
    second.figures[.trackingError] = 60
    let pooled = StoredScore.pooled([first, second])
    #expect(pooled.count == 1)
    #expect(pooled[0].samples == first.samples + second.samples)
    #expect(pooled[0].figures[.trackingError] == 50)
    #expect(pooled[0].figures[.turnover] == nil)
  }

  @Test func `a comparison over cases is the median change`() throws {
    let results = [(10.0, 5.0), (10, 8), (20, 30)].enumerated().map { index, costs in
      var result = CaseResult(name: "\(index)", environment: "e")
      let scores = [
        score("base", seed: nil, costs: [costs.0 * 1e-4]),
        score("own", seed: nil, costs: [costs.1 * 1e-4]),
      ]
      result.standings = [
        Standings(
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
