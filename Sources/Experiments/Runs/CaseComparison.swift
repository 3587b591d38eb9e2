import Algebra
public import Statistics

/// What changes against a baseline over all cases of an experiment, as from calendar rebalancing to a
/// learned policy over fifty portfolios: the median change, in percent of the baseline's figure.
///
/// Intervals are percentiles of a bootstrap over cases.
public struct CaseComparison: Sendable, Codable {
  /// The family of policies that others are compared with.
  public var baseline: String
  public var rows: [Row]

  public struct Row: Sendable, Codable {
    public var family: String
    public var isRule: Bool
    /// In which both were scored; those where the baseline has nothing of a figure are left out of it.
    public var cases: Int
    public var trackingError: ConfidenceInterval?
    /// Transaction costs and taxes.
    public var paid: ConfidenceInterval?
    /// What is paid, and the drift.
    public var cost: ConfidenceInterval?
    public var turnover: ConfidenceInterval?
    /// Tracking error times turnover: it has a floor; see the reference on the exactly solvable core.
    public var product: ConfidenceInterval?
    /// The share of cases with a lower cost than the baseline's, percent.
    public var better: Double?

    enum CodingKeys: String, CodingKey {
      case family, cases
      case isRule = "is_rule"
      case trackingError = "tracking_error_percent"
      case paid = "transaction_and_tax_percent"
      case cost = "cost_percent"
      case turnover = "turnover_percent"
      case product = "tracking_error_times_turnover_percent"
      case better = "better_percent_of_cases"
    }
  }

  /// - Parameter results: of the cases; of each the last standings count, those on samples.
  /// - Returns: `nil` where fewer than two cases have the baseline.
  package init?(_ results: [CaseResult], baseline: String, seed: UInt64, workers: Int) {
    self.baseline = baseline
    let all = results.compactMap(\.standings.last)
    guard all.count(where: { $0.row(baseline) != nil }) > 1 else { return nil }
    let families = all.flatMap(\.rows).map(\.family).unique
    let bootstrap = Bootstrap(
      source: RandomSource(seed: seed), resampling: .items, workers: workers)
    rows = families.filter { $0 != baseline }.map { family in
      let pairs = all.compactMap { standings -> (Standings.Row, Standings.Row)? in
        guard let own = standings.row(family), let base = standings.row(baseline) else {
          return nil
        }
        return (own, base)
      }
      func change(_ figure: (Standings.Row) -> Double?) -> ConfidenceInterval? {
        let changes = pairs.compactMap { own, base -> Double? in
          guard let own = figure(own), let base = figure(base), base > 0 else { return nil }
          return (own / base - 1) * 100
        }
        guard let table = try? ScoreTable([changes]) else { return nil }
        return try? bootstrap.interval(of: [table]) { median($0[0].values) }
      }
      let costs = pairs.compactMap { own, base -> Bool? in
        guard let own = own.cost, let base = base.cost else { return nil }
        return own.estimate < base.estimate
      }
      return Row(
        family: family, isRule: pairs.allSatisfy(\.0.isRule), cases: pairs.count,
        trackingError: change(\.trackingError),
        paid: change(\.paid), cost: change { $0.cost?.estimate }, turnover: change(\.turnover),
        product: change(\.product),
        better: costs.isEmpty ? nil : Double(costs.count { $0 }) / Double(costs.count) * 100)
    }
  }

  /// The table that people read, at most 80 columns wide.
  public var table: String {
    var table = TextTable([
      "policy", ">TE", ">paid", ">cost", ">95 %", ">turnover", ">TE×turn", ">better",
    ])
    for row in rows {
      let cells = [row.trackingError, row.paid, row.cost].map { percent($0?.estimate) }
      let range = row.cost.map { "\($0.low.fixed(0))…\($0.high.fixed(0))" } ?? ""
      table.add(
        [shortName(row.family, 20)] + cells + [
          range, percent(row.turnover?.estimate), percent(row.product?.estimate),
          percent(row.better, sign: false),
        ])
    }
    let count = rows.map(\.cases).max() ?? 0
    return table.text + "\nmedian change against \(baseline) over \(count) cases, in percent; "
      + "better: of cases\npaid: transaction cost and tax; cost: paid and drift"
  }

  private func percent(_ value: Double?, sign: Bool = true) -> String {
    value.map { (sign && $0 > 0 ? "+" : "") + $0.fixed(0) } ?? "–"
  }
}

extension Standings {
  fileprivate func row(_ family: String) -> Row? { rows.first { $0.family == family } }
}

extension Standings.Row {
  fileprivate var paid: Double? { transaction.map { $0 + (tax ?? 0) } }
  fileprivate var product: Double? {
    trackingError.flatMap { error in turnover.map { error * $0 } }
  }
}
