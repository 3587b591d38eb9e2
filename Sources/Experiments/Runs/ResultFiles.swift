import Statistics

extension ExperimentRunner.Results {
  /// Every standing with its intervals, a row per case, stage and policy.
  var standingsCSV: String {
    let intervals: [(String, KeyPath<Standings.Row, ConfidenceInterval?>)] = [
      ("cost_bp_per_year", \.cost), ("above_best_rule_bp", \.difference),
      ("cheaper_than_best_rule", \.improvement), ("above_bound_bp", \.gapToBound),
      ("held_percent_per_year", \.held), ("liquidated_percent_per_year", \.liquidated),
      ("liquidated_above_best_rule_bp", \.liquidatedDifference),
      ("gap_percent_interquartile_mean", \.gapInterquartileMean),
    ]
    let figures: [(String, KeyPath<Standings.Row, Double?>)] = [
      ("transaction_bp", \.transaction), ("drift_bp", \.drift), ("tax_bp", \.tax),
      ("turnover_per_year", \.turnover), ("tracking_error_bp", \.trackingError),
      ("trades_per_year", \.trades), ("gap_percent_median", \.gapMedian),
      ("gap_percent_worst", \.gapWorst), ("any_trade_gap_percent_median", \.anyTradeGap),
    ]
    let head =
      ["case", "stage", "policy", "is_rule", "seeds", "without_a_law", "bound_bp_per_year"]
      + intervals.flatMap { [$0.0, "\($0.0)_low", "\($0.0)_high"] } + figures.map(\.0)
    let lines = cases.flatMap { result in
      result.standings.flatMap { standings in
        standings.rows.map { row in
          [
            result.name, standings.stage, row.family, "\(row.isRule)", "\(row.seeds)",
            "\(row.missing)", number(standings.bound?.estimate),
          ]
            + intervals.flatMap { _, path in
              let interval = row[keyPath: path]
              return [interval?.estimate, interval?.low, interval?.high].map(number)
            } + figures.map { number(row[keyPath: $0.1]) }
        }
      }
    }
    return text([head] + lines)
  }

  /// Changes against the baseline over all cases; `nil` where there is none.
  var comparisonCSV: String? {
    guard let comparison else { return nil }
    let parts: [(String, KeyPath<CaseComparison.Row, ConfidenceInterval?>)] = [
      ("tracking_error_percent", \.trackingError), ("transaction_and_tax_percent", \.paid),
      ("cost_percent", \.cost), ("turnover_percent", \.turnover),
      ("tracking_error_times_turnover_percent", \.product),
    ]
    let head =
      ["policy", "is_rule", "baseline", "cases"]
      + parts.flatMap { [$0.0, "\($0.0)_low", "\($0.0)_high"] } + ["better_percent_of_cases"]
    let lines = comparison.rows.map { row in
      [row.family, "\(row.isRule)", comparison.baseline, "\(row.cases)"]
        + parts.flatMap { _, path in
          let interval = row[keyPath: path]
          return [interval?.estimate, interval?.low, interval?.high].map(number)
        } + [number(row.better)]
    }
    return text([head] + lines)
  }
}

extension RunStore {
  /// What searches found, a row per case, fold and seed; `nil` where nothing was searched for.
  func foundCSV() throws -> String? {
    let found = try trainings().filter { !$0.found.isEmpty }
    guard !found.isEmpty else { return nil }
    return text(
      [["case", "fold", "agent", "seed", "rule", "candidates"]]
        + found.map {
          [
            $0.caseName, $0.fold < 0 ? "" : "\($0.fold)", $0.agent, "\($0.seed)", $0.found,
            "\($0.trials)",
          ]
        })
  }
}

private func number(_ value: Double?) -> String { value.map { $0.fixed(6) } ?? "" }

private func text(_ lines: [[String]]) -> String {
  lines.map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
}
