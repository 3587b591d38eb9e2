import Algebra
import Foundation
import Statistics

/// What a case's policies earned on real data, after costs and taxes, and whether the differences in
/// Sharpe ratio mean anything.
///
/// Returns are not in excess of a riskless rate. Of an agent's seeds the mean return of a day counts, as
/// of money spread over them. Differences are tested as Ledoit and Wolf do, each against the yardstick
/// of the standings; the ratio is deflated for all trials of the case, the candidates of tuned rules
/// among them, with the variance of the ratios of the policies that are shown.
public struct SharpeStandings: Sendable, Codable {
  public var caseName: String
  public var yardstick: String?
  /// Policies and candidates that were looked at.
  public var trials: Int
  public var rows: [Row]

  public struct Row: Sendable, Codable {
    public var family: String
    /// Of wealth, percent a year.
    public var growth: Double
    /// Percent a year.
    public var volatility: Double
    /// Per year.
    public var sharpe: Double
    /// The probability of such a difference to the yardstick where there is none.
    public var pValue: Double?
    /// The probability that the true ratio is above what the best of the trials shows by luck.
    public var deflated: Double?

    enum CodingKeys: String, CodingKey {
      case family
      case growth = "growth_percent_per_year"
      case volatility = "volatility_percent_per_year"
      case sharpe = "sharpe_per_year"
      case pValue = "p_value_against_yardstick"
      case deflated = "deflated_sharpe_ratio"
    }
  }

  enum CodingKeys: String, CodingKey {
    case yardstick, trials, rows
    case caseName = "case"
  }

  /// - Returns: `nil` without returns.
  package init?(
    caseName: String, scores: [StoredScore], yardstick: String?, trials: Int, stepsPerYear: Double
  ) {
    self.caseName = caseName
    self.yardstick = yardstick
    self.trials = trials
    let families = scores.filter { !$0.returns.isEmpty }.map(\.family).unique
    let returns = families.map { family in
      Self.mean(scores.filter { $0.family == family }.map(\.returns))
    }
    let ratios = returns.map { try? SharpeRatio($0) }
    let variance = RunningStatistics(ratios.compactMap { $0?.value }).variance
    let best = yardstick.flatMap { families.firstIndex(of: $0) }
    rows = families.indices.compactMap { index -> Row? in
      guard let ratio = ratios[index] else { return nil }
      let (own, year) = (returns[index], stepsPerYear)
      let logs = own.reduce(0) { $0 + log1p($1) } / Double(own.count)
      return Row(
        family: families[index], growth: expm1(logs * year) * 100,
        volatility: RunningStatistics(own).standardDeviation * year.squareRoot() * 100,
        sharpe: ratio.value * year.squareRoot(),
        pValue: best == index
          ? nil : best.flatMap { try? SharpeComparison(own, returns[$0]).pValue },
        deflated: try? ratio.deflated(trials: max(trials, 1), trialVariance: variance).probability)
    }
    guard !rows.isEmpty else { return nil }
    rows.sort { $0.sharpe > $1.sharpe }
  }

  private static func mean(_ series: [[Double]]) -> [Double] {
    let count = series.map(\.count).min() ?? 0
    return (0..<count).map { day in
      series.reduce(0) { $0 + $1[day] } / Double(series.count)
    }
  }

  /// The table that people read, at most 80 columns wide.
  public var table: String {
    var table = TextTable([
      "policy", ">growth %", ">vol %", ">Sharpe", ">p vs best", ">deflated",
    ])
    for row in rows {
      table.add([
        shortName(row.family), row.growth.fixed(2), row.volatility.fixed(2), row.sharpe.fixed(3),
        row.pValue?.fixed(2) ?? "–", row.deflated?.fixed(2) ?? "–",
      ])
    }
    return table.text
      + "\nper year, after costs and taxes, riskless rate 0; p: Ledoit–Wolf, against "
      + "\(yardstick ?? "none")\ndeflated: the probability of a true Sharpe ratio above the luck of "
      + "\(trials) trials"
  }
}
