import Algebra
import Foundation
public import Statistics

/// What the scores of a case say of its policies, those of one agent's seeds taken together.
///
/// Intervals are percentiles of a bootstrap over training seeds and paths; all policies met the same
/// paths. The yardstick is the rule, given or tuned, with the lowest cost on these very paths: choosing
/// it there favours it.
public struct Standings: Sendable, Codable {
  public var caseName: String
  public var stage: String
  /// What no policy costs less than on average, bp per year; `nil` where no bound is known.
  public var bound: ConfidenceInterval?
  /// The family of the best rule; `nil` where no rule was sampled.
  public var yardstick: String?
  /// From cheap to dear; those without a cost last.
  public var rows: [Row]

  public struct Row: Sendable, Codable {
    public var family: String
    public var isRule: Bool
    /// Trainings; 0 for what does not train.
    public var seeds: Int
    /// Trainings without a figure, as a policy that never trades has no long-run cost.
    public var missing: Int
    /// Mean over seeds and paths, bp per year; of exact scores over seeds alone.
    public var cost: ConfidenceInterval?
    /// Of the seeds' mean costs.
    public var interquartileMean: ConfidenceInterval?
    public var transaction: Double?
    public var drift: Double?
    public var tax: Double?
    /// One-way, per year.
    public var turnover: Double?
    public var trackingError: Double?
    public var trades: Double?
    /// Cost minus that of the yardstick, bp per year.
    public var difference: ConfidenceInterval?
    /// What is left at the end less accrued tax, percent a year, mean over seeds and paths.
    public var held: ConfidenceInterval?
    /// The same when all is sold there; and how much more that is than the yardstick's, bp a year. The
    /// yardstick is the rule with the lowest cost, as above.
    public var liquidated: ConfidenceInterval?
    public var liquidatedDifference: ConfidenceInterval?
    /// Cost minus the bound of the same path, bp a year.
    public var gapToBound: ConfidenceInterval?
    /// The probability of a lower cost than the yardstick's on the same path, ties counted half.
    public var improvement: ConfidenceInterval?
    /// Of exact scores, percent above the optimum over any trade: the median over seeds.
    public var anyTradeGap: Double?
    /// Of exact scores, percent above the optimum over the actions used: over seeds.
    public var gapMedian: Double?
    public var gapInterquartileMean: ConfidenceInterval?
    public var gapWorst: Double?

    enum CodingKeys: String, CodingKey {
      case family, seeds, missing, turnover, improvement, difference
      case isRule = "is_rule"
      case cost = "cost_bp_per_year"
      case interquartileMean = "interquartile_mean_bp"
      case transaction = "transaction_bp"
      case drift = "drift_bp"
      case tax = "tax_bp"
      case trackingError = "tracking_error_bp"
      case trades = "trades_per_year"
      case anyTradeGap = "any_trade_gap_percent_median"
      case gapMedian = "gap_percent_median"
      case gapInterquartileMean = "gap_percent_interquartile_mean"
      case gapWorst = "gap_percent_worst"
      case gapToBound = "gap_to_bound_bp"
      case held = "held_percent_per_year"
      case liquidated = "liquidated_percent_per_year"
      case liquidatedDifference = "liquidated_difference_bp"
    }
  }

  enum CodingKeys: String, CodingKey {
    case stage, bound, yardstick, rows
    case caseName = "case"
  }

  /// - Parameters:
  ///   - scores: of one evaluation.
  ///   - stepsPerYear: of the environment.
  ///   - bound: of each path, a fraction of value.
  ///   - seed: of the bootstrap.
  /// - Throws: where the bound is not one of these paths.
  public init(
    caseName: String, stage: String, scores: [StoredScore], stepsPerYear: Double,
    bound: [Double]? = nil, seed: UInt64, workers: Int
  ) throws(StatisticsError) {
    (self.caseName, self.stage) = (caseName, stage)
    let groups = scores.map(\.family).unique.map { family in
      FamilyScores(family, scores.filter { $0.family == family })
    }
    let bootstrap = Bootstrap(source: RandomSource(seed: seed), workers: workers)
    rows = groups.map { $0.row(bootstrap) }
    yardstick = nil
    compare(groups, stepsPerYear: stepsPerYear, bootstrap)
    compareAfterTax(groups, bootstrap)
    if let bound { try compare(groups, withBound: bound, stepsPerYear: stepsPerYear, bootstrap) }
    rows.sort { ($0.cost?.estimate ?? .infinity) < ($1.cost?.estimate ?? .infinity) }
  }

  /// Sets what is known of sampled paths.
  private mutating func compare(
    _ groups: [FamilyScores], stepsPerYear: Double, _ bootstrap: Bootstrap
  ) {
    let sampled = groups.indices.filter { groups[$0].costs != nil }
    guard let steps = groups.lazy.compactMap(\.steps).first, !sampled.isEmpty else { return }
    let perYear = stepsPerYear * 1e4
    let tables = [steps] + sampled.compactMap { groups[$0].costs }
    let rate: @Sendable (ScoreTable, ScoreTable) -> Double = { $0.mean / $1.mean * perYear }
    let best = sampled.indices.filter { groups[sampled[$0]].isRule }
      .min { rate(tables[$0 + 1], steps) < rate(tables[$1 + 1], steps) }
    yardstick = best.map { groups[sampled[$0]].family }
    let count = sampled.count
    let intervals = try? bootstrap.intervals(of: tables) { tables in
      let costs = tables.dropFirst()
      var figures = costs.map { rate($0, tables[0]) }
      figures += costs.map { costs in
        let means = (0..<costs.strata).map { stratum in
          costs[stratum: stratum].reduce(0, +) / Double(costs.items)
        }
        return Statistics.interquartileMean(means) / tables[0].mean * perYear
      }
      if let best {
        figures += costs.map { rate($0, tables[0]) - figures[best] }
        figures += costs.map { tables[best + 1].probabilityOfImprovement(over: $0) }
      }
      return figures
    }
    guard let intervals else { return }
    for (place, index) in sampled.enumerated() {
      rows[index].cost = intervals[place]
      rows[index].interquartileMean = intervals[count + place]
      if best != nil {
        rows[index].difference = intervals[2 * count + place]
        rows[index].improvement = intervals[3 * count + place]
      }
    }
  }
}

extension Standings {
  /// Sets what is left after tax, where all have it.
  private mutating func compareAfterTax(_ groups: [FamilyScores], _ bootstrap: Bootstrap) {
    let count = groups.count
    let tables = groups.compactMap(\.liquidated) + groups.compactMap(\.held)
    guard tables.count == 2 * count, count > 0 else { return }
    let best = groups.firstIndex { $0.family == yardstick }
    let intervals = try? bootstrap.intervals(of: tables) { tables in
      let means = tables.map(\.mean)
      return means
        + (best.map { best in means.prefix(count).map { ($0 - means[best]) * 100 } } ?? [])
    }
    guard let intervals else { return }
    for index in groups.indices {
      rows[index].liquidated = intervals[index]
      rows[index].held = intervals[count + index]
      if best != nil { rows[index].liquidatedDifference = intervals[2 * count + index] }
    }
  }
}

extension Standings {
  /// Sets how far each is above what no policy can cost less than.
  private mutating func compare(
    _ groups: [FamilyScores], withBound bound: [Double], stepsPerYear: Double,
    _ bootstrap: Bootstrap
  ) throws(StatisticsError) {
    // What has no finite costs has no gap; the others have theirs all the same.
    let sampled = groups.indices.filter { groups[$0].costs != nil }
    let bound = try ScoreTable([bound])
    guard let steps = groups.lazy.compactMap(\.steps).first, bound.items == steps.items else {
      throw StatisticsError("a bound of \(bound.items) paths is given for costs of others")
    }
    let unit = stepsPerYear / steps.mean * 1e4
    let intervals = try bootstrap.intervals(
      of: [bound] + sampled.compactMap { groups[$0].costs }
    ) { tables in
      let means = tables.map { $0.mean * unit }
      return [means[0]] + means.dropFirst().map { $0 - means[0] }
    }
    self.bound = intervals[0]
    for (place, index) in sampled.enumerated() { rows[index].gapToBound = intervals[place + 1] }
  }
}

/// The scores of one family.
private struct FamilyScores {
  let family: String
  let scores: [StoredScore]
  /// Fractions of value, a row for each seed; `nil` where nothing was sampled.
  let costs: ScoreTable?
  /// Percent a year, a row for each seed; `nil` where nothing is taxed.
  let held: ScoreTable?
  let liquidated: ScoreTable?
  /// Steps of the paths.
  let steps: ScoreTable?
  var isRule: Bool { scores.first?.isRule ?? false }

  init(_ family: String, _ scores: [StoredScore]) {
    self.family = family
    self.scores = scores
    costs = try? ScoreTable(scores.map { $0.samples.map(\.cost) })
    held = Self.table(scores, \.heldReturn)
    liquidated = Self.table(scores, \.liquidatedReturn)
    steps = try? ScoreTable(scores.prefix(1).map { $0.samples.map(\.steps) })
  }

  /// A figure of every path; `nil` where a path lacks it.
  private static func table(
    _ scores: [StoredScore], _ figure: KeyPath<PathSample, Double?>
  ) -> ScoreTable? {
    let rows = scores.map { $0.samples.compactMap { $0[keyPath: figure] } }
    let isWhole = zip(rows, scores).allSatisfy { $0.count == $1.samples.count }
    return isWhole ? try? ScoreTable(rows) : nil
  }

  /// The figures that need no comparison.
  func row(_ bootstrap: Bootstrap) -> Standings.Row {
    var row = Standings.Row(
      family: family, isRule: isRule, seeds: scores.count { $0.seed != nil },
      missing: scores.count { $0.figures[.cost] == nil })
    row.transaction = mean(.transaction)
    row.drift = mean(.drift)
    row.tax = mean(.tax)
    row.turnover = mean(.turnover)
    row.trackingError = mean(.trackingError)
    row.trades = mean(.trades)
    if costs == nil { row.cost = interval(.cost, bootstrap) { $0.mean } }
    let anyTrade = values(.anyTradeGap)
    if !anyTrade.isEmpty { row.anyTradeGap = median(anyTrade) }
    let gaps = values(.gap)
    if !gaps.isEmpty {
      row.gapMedian = median(gaps)
      row.gapWorst = gaps.max()
      row.gapInterquartileMean = interval(.gap, bootstrap) { $0.interquartileMean }
    }
    return row
  }

  private func values(_ figure: StoredScore.Figure) -> [Double] {
    scores.compactMap { $0.figures[figure] }
  }

  private func mean(_ figure: StoredScore.Figure) -> Double? {
    let values = values(figure)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Over seeds: of one score the interval is the score.
  private func interval(
    _ figure: StoredScore.Figure, _ bootstrap: Bootstrap,
    _ statistic: @Sendable (ScoreTable) -> Double
  ) -> ConfidenceInterval? {
    guard let table = try? ScoreTable([values(figure)]) else { return nil }
    return try? bootstrap.interval(of: [table]) { statistic($0[0]) }
  }
}
