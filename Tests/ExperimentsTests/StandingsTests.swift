import Experiments
import Foundation
import Rebalancing
import Statistics
import Testing

/// What is made of stored scores, by hand.
@Suite struct StandingsTests {
  /// A year of months in each path, at costs in bp.
  private func score(
    _ policy: String, seed: Int64? = nil, costs: [Double], left: [Double?] = [],
    figures: [StoredScore.Figure: Double] = [:]
  ) -> StoredScore {
    let samples = costs.enumerated().map { path, cost in
      var sample = PathSample()
      (sample.steps, sample.transaction) = (12, cost * 1e-4)
      sample.liquidatedReturn = left.isEmpty ? nil : left[path]
      sample.heldReturn = sample.liquidatedReturn.map { $0 + 1 }
      return sample
    }
    return StoredScore(
      policy: policy, family: String(policy.prefix { $0 != "-" }), seed: seed, isRule: seed == nil,
      figures: figures, samples: samples)
  }

  private func standings(
    _ scores: [StoredScore], stage: String = "sampled", bound: [Double]? = nil
  ) throws -> Standings {
    try Standings(
      caseName: "a", stage: stage, scores: scores, stepsPerYear: 12, bound: bound, seed: 3,
      workers: 1)
  }

  @Test func `the middle half is of the seeds' means, the cost of all paths`() throws {
    let costs: [Double] = [1, 2, 3, 30]
    let scores = costs.enumerated().map { index, cost in
      score("ppo-\(index)", seed: Int64(index), costs: [cost, cost])
    }
    let row = try standings(scores + [score("rule", costs: [2, 4])]).rows[1]
    #expect(row.family == "ppo" && row.seeds == 4)
    #expect(isNear(row.cost?.estimate, 9))
    #expect(isNear(row.interquartileMean?.estimate, 2.5))
  }

  @Test func `who has no cost stands last, and rules have no seeds`() throws {
    let rows = try standings(
      [
        score("never", costs: []), score("dear", costs: [], figures: [.cost: 2]),
        score("ppo-1", seed: 1, costs: [], figures: [.cost: 1]), score("ppo-2", seed: 2, costs: []),
      ], stage: "exact"
    ).rows
    #expect(rows.map(\.family) == ["ppo", "dear", "never"])
    #expect(rows.map(\.seeds) == [2, 0, 0])
    #expect(rows.map(\.missing) == [1, 0, 1])
  }

  @Test func `what is left after tax is compared in bp with the rule of the lowest cost`() throws {
    let scores = [
      score("dear", costs: [4, 4], left: [7, 7]), score("cheap", costs: [1, 1], left: [4, 6]),
      score("ppo-1", seed: 1, costs: [0, 0], left: [5, 6]),
      score("ppo-2", seed: 2, costs: [0, 0], left: [5, 8]),
    ]
    let rows = try standings(scores).rows
    #expect(rows.map(\.family) == ["ppo", "cheap", "dear"])
    for (row, left) in zip(rows, [6.0, 5, 7]) {
      #expect(isNear(row.liquidated?.estimate, left) && isNear(row.held?.estimate, left + 1))
      #expect(isNear(row.liquidatedDifference?.estimate, (left - 5) * 100))
    }
    #expect(rows[1].liquidatedDifference?.low == 0 && rows[1].liquidatedDifference?.high == 0)
  }

  @Test func `where one policy lacks it, nobody is compared by what is left`() throws {
    let rows = try standings([
      score("cheap", costs: [1, 1], left: [4, nil]), score("dear", costs: [4, 4], left: [7, 7]),
    ]).rows
    #expect(rows.allSatisfy { $0.liquidated == nil && $0.liquidatedDifference == nil })
    #expect(rows.count == 2 && rows.allSatisfy { $0.cost != nil })
  }

  @Test func `chance below a bound is no finding`() throws {
    // 1 below on average, with a standard error of about 1; and 4 below in every path.
    let standings = try standings(
      [score("lucky", costs: [1, 7, 1, 7]), score("sure", costs: [1, 1, 1.01, 1.01])],
      bound: [5e-4, 5e-4, 5e-4, 5e-4])
    let gaps = standings.rows.map { $0.gapToBound?.estimate ?? 0 }
    #expect(gaps.allSatisfy { $0 < -0.9 })
    #expect(SanityGate.findings(below: standings).map(\.policy) == ["sure"])
  }

  @Test func `a product below the floor is a finding, on the task whose floor it is`() throws {
    let path = "\(BitsTests.folder)/two-asset-monthly-v0.yaml"
    let task = try EnvironmentSpec(path: path, overrides: ["log_ratio_drift=0"]).task
    // A band of 3 % that is traded to the edges, with a tenth of its turnover left out.
    let s = 0.1628 * 0.24
    let error = 0.1628 * (0.0003 - s * s / 24).squareRoot() * 1e4
    for (turnover, found) in [(s * s / 0.06, []), (0.9 * s * s / 0.06, ["p"])] {
      let document = """
        {"env":"e","optimum":{"own_actions":1,"unrestricted":1},"policies":[{"name":"p",
        "gap_percent":1,"tracking_error_bp":\(error),"turnover_per_year":\(turnover)}]}
        """
      let exact = try JSONDecoder().decode(ExactEvaluation.self, from: Data(document.utf8))
      #expect(SanityGate.findings(in: exact, on: task, caseName: "a").map(\.policy) == found)
      #expect(SanityGate.findings(in: exact, caseName: "a").isEmpty)
    }
  }
}

// MARK: - Over cases

extension StandingsTests {
  /// A case whose last standings are of two policies with these figures; the first are of others.
  private func result(_ base: [Double], _ own: [Double]) throws -> CaseResult {
    func score(_ name: String, _ numbers: [Double]) -> StoredScore {
      self.score(
        name, costs: [numbers[0]],
        figures: [
          .transaction: numbers[1], .tax: numbers[2], .trackingError: numbers[3],
          .turnover: numbers[4],
        ])
    }
    var result = CaseResult(name: "a", environment: "e")
    let other: [Double] = [1, 1, 1, 1, 1]
    result.standings = [
      try standings([score("base", other), score("own", other)], stage: "exact"),
      try standings([score("base", base), score("own", own)]),
    ]
    return result
  }

  @Test func `each figure's median change over cases, of the standings on samples`() throws {
    let results = [
      // Cost, transaction, tax, tracking error, turnover.
      try result([10, 4, 4, 10, 2], [5, 2, 3, 20, 0.5]),
      try result([20, 4, 4, 10, 2], [10, 2, 3, 20, 0.5]),
    ]
    let comparison = try #require(CaseComparison(results, baseline: "base", seed: 1, workers: 1))
    let row = try #require(comparison.rows.first)
    #expect(comparison.rows.count == 1 && row.cases == 2)
    #expect(isNear(row.cost?.estimate, -50))
    // 5 instead of 8, 20 instead of 10, ½ instead of 2, 10 instead of 20.
    #expect(isNear(row.paid?.estimate, -37.5))
    #expect(isNear(row.trackingError?.estimate, 100))
    #expect(isNear(row.turnover?.estimate, -75))
    #expect(isNear(row.product?.estimate, -50))
    #expect(row.better == 100)
    #expect(comparison.table.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func `one case is no comparison`() throws {
    let one = [try result([10, 4, 4, 10, 2], [5, 2, 3, 20, 0.5])]
    #expect(CaseComparison(one, baseline: "base", seed: 1, workers: 1) == nil)
  }
}

// MARK: - Sharpe ratios

extension StandingsTests {
  private func returns(_ seed: Int) -> [Double] {
    (0..<40).map { (day: Int) -> Double in
      let step = (day * (seed + 3) * 7) % 19 - 9
      return 0.002 + 0.01 * Double(step) / 9
    }
  }

  private func earned(_ policy: String, seed: Int64? = nil, _ returns: [Double]) -> StoredScore {
    var score = score(policy, seed: seed, costs: [])
    score.returns = returns
    return score
  }

  private func sharpe(_ scores: [StoredScore], trials: Int = 1) throws -> SharpeStandings {
    try #require(
      SharpeStandings(
        caseName: "a", scores: scores, yardstick: "base", trials: trials, stepsPerYear: 40))
  }

  @Test func `growth is of wealth, volatility and ratio are per year`() throws {
    let own = returns(1)
    let row = try #require(try sharpe([earned("base", own)]).rows.first)
    let wealth = own.reduce(1) { $0 * (1 + $1) }
    #expect(isNear(row.growth, (wealth - 1) * 100))
    let mean = own.reduce(0, +) / 40
    let squares = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    #expect(isNear(row.volatility, (squares / 39).squareRoot() * 40.0.squareRoot() * 100))
    #expect(isNear(row.sharpe, mean / (squares / 40).squareRoot() * 40.0.squareRoot()))
    #expect(row.pValue == nil)
  }

  @Test func `an agent's return is the mean of its seeds, and the best ratio stands first`() throws
  {
    let (base, one, two) = (returns(1), returns(2), returns(3).map { $0 + 0.004 })
    let mean = zip(one, two).map { ($0 + $1) / 2 }
    let rows = try sharpe([
      earned("base", base), earned("ppo-1", seed: 1, one), earned("ppo-2", seed: 2, two),
    ]).rows
    #expect(rows.map(\.family) == ["ppo", "base"])
    #expect(rows[0].sharpe > rows[1].sharpe)
    #expect(isNear(rows[0].sharpe, try SharpeRatio(mean).value * 40.0.squareRoot()))
    #expect(isNear(rows[0].pValue, try SharpeComparison(mean, base).pValue))
    #expect(rows[1].pValue == nil)
  }

  @Test func `ratios are deflated for all that was tried`() throws {
    let (base, other) = (returns(1), returns(2).map { $0 + 0.001 })
    let ratios = try [base, other].map { try SharpeRatio($0) }
    let difference = ratios[0].value - ratios[1].value
    for trials in [1, 50] {
      let rows = try sharpe([earned("base", base), earned("other", other)], trials: trials).rows
      // The variance of two numbers is half the square of their difference.
      let expected = try ratios[0].deflated(
        trials: trials, trialVariance: difference * difference / 2)
      let row = rows.first { $0.family == "base" }
      #expect(isNear(row?.deflated, expected.probability))
    }
  }
}

/// Whether a number is there and the one that is expected.
private func isNear(_ number: Double?, _ expected: Double) -> Bool {
  abs((number ?? .nan) - expected) <= 1e-9 * max(1, abs(expected))
}
