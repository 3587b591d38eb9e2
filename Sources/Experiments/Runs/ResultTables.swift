import Statistics

extension Standings {
  /// The table that people read, at most 80 columns wide.
  public var table: String {
    if stage == "exact" { return exactTable }
    return [sampledTable, boundTable, afterTaxTable].compactMap { $0 }.joined(separator: "\n\n")
  }

  private var boundTable: String? {
    guard let bound else { return nil }
    var table = TextTable(["policy", ">above bound", ">95 %", ">in %"])
    for row in rows {
      table.add([
        shortName(row.family, 20), cell(row.gapToBound?.estimate, decimals),
        range(row.gapToBound, decimals),
        cell(row.gapToBound.map { $0.estimate / bound.estimate * 100 }, 1),
      ])
    }
    return table.text + "\nlower bound on the cost of any policy: "
      + "\(bound.estimate.fixed(decimals)) bp per year, \(range(bound, decimals))"
  }

  private var afterTaxTable: String? {
    guard rows.contains(where: { $0.liquidated != nil }) else { return nil }
    var table = TextTable([
      "after tax, % a year", ">held", ">all sold", ">95 %", ">vs best bp", ">95 %",
    ])
    let sorted = rows.sorted { ($0.liquidated?.estimate ?? 0) > ($1.liquidated?.estimate ?? 0) }
    for row in sorted {
      let isYardstick = row.family == yardstick
      table.add([
        shortName(row.family, 20), cell(row.held?.estimate, 3), cell(row.liquidated?.estimate, 3),
        range(row.liquidated, 3),
        isYardstick ? "–" : cell(row.liquidatedDifference?.estimate, 1),
        isYardstick ? "" : range(row.liquidatedDifference, 1),
      ])
    }
    return table.text
      + "\nheld: at the end, less accrued tax; vs best: all sold, more than the rule of the"
      + "\nlowest cost"
  }

  private var exactTable: String {
    var table = TextTable([
      "agent", ">seeds", ">any trade %", ">median %", ">IQM %", ">95 %", ">worst %",
    ])
    for row in rows where row.seeds > 0 {
      table.add([
        shortName(row.family),
        row.missing > 0 ? "\(row.seeds - row.missing)/\(row.seeds)" : "\(row.seeds)",
        cell(row.anyTradeGap, 2), cell(row.gapMedian, 2),
        cell(row.gapInterquartileMean?.estimate, 2),
        range(row.gapInterquartileMean, 2), cell(row.gapWorst, 2),
      ])
    }
    var lines = [
      table.text, "any trade: median above the optimum over any trade, to compare all by; others:",
      "above that over the actions used; IQM: mean of the middle half",
    ]
    if rows.contains(where: { $0.missing > 0 }) {
      lines.append("n/m: only n of m have a stationary law")
    }
    if let best = rows.first(where: { $0.isRule }), let gap = best.anyTradeGap {
      lines.append("best rule: \(shortName(best.family)), \(gap.fixed(2)) % above any trade")
    }
    return lines.joined(separator: "\n")
  }

  private var sampledTable: String {
    var table = TextTable([
      "policy", ">cost", ">95 %", ">turn %", ">TE bp", ">vs best", ">95 %", ">P %",
    ])
    let digits = decimals
    for row in rows {
      table.add([
        shortName(row.family, 20), cell(row.cost?.estimate, digits), range(row.cost, digits),
        cell(row.turnover.map { $0 * 100 }, 1), cell(row.trackingError, 0),
        row.family == yardstick ? "–" : cell(row.difference?.estimate, digits),
        row.family == yardstick ? "" : range(row.difference, digits),
        row.family == yardstick ? "" : cell(row.improvement.map { $0.estimate * 100 }, 0),
      ])
    }
    var lines = [table.text, "cost in bp per year; intervals by bootstrap over seeds and paths"]
    if let yardstick {
      lines.append(
        "vs best: cost minus that of \(yardstick), the best rule on these paths;")
      lines.append("P: probability of a lower cost than its on the same path")
    }
    return lines.joined(separator: "\n")
  }

  /// Three significant digits of the cheapest.
  private var decimals: Int {
    let least = rows.compactMap { $0.cost?.estimate }.map(abs).filter { $0 > 0 }.min() ?? 1
    return least >= 100 ? 0 : least >= 10 ? 1 : least >= 1 ? 2 : 3
  }

  private func cell(_ value: Double?, _ decimals: Int) -> String {
    value.map { $0.fixed(decimals) } ?? "–"
  }

  private func range(_ interval: ConfidenceInterval?, _ decimals: Int) -> String {
    interval.map { "\($0.low.fixed(decimals))…\($0.high.fixed(decimals))" } ?? ""
  }
}

extension ExperimentRunner.Results {
  /// One row per policy and stage.
  var csv: String {
    let isSeveral = cases.count > 1
    var lines = [
      (isSeveral ? "case," : "")
        + "stage,environment,policy,cost_bp_per_year,standard_error,transaction_bp,drift_bp,"
        + "tax_bp,turnover_per_year,tracking_error_bp,trades_per_year,gap_percent,final_value,"
        + "held_percent_per_year,liquidated_percent_per_year"
    ]
    for result in cases {
      lines += result.csvLines.map { isSeveral ? "\"\(result.name)\"," + $0 : $0 }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension CaseResult {
  fileprivate var csvLines: [String] {
    var lines: [String] = []
    for row in exact?.policies ?? [] {
      let numbers = [
        row.cost, nil, row.transaction, row.drift, row.cost.map { _ in 0 }, row.turnover,
        row.trackingError, row.trades, row.gap, nil, nil, nil,
      ]
      lines.append(line("exact", exact?.environment ?? "", row.name, numbers))
    }
    let stages =
      [sampled].compactMap { $0 }.map { ("sampled", $0) } + replays.map { ("data", $0) }
      + [walk].compactMap { $0 }.map { ("walk_forward", $0.evaluation) }
    for (stage, evaluation) in stages {
      for row in evaluation.policies {
        let numbers: [Double?] = [
          row.cost.mean, row.cost.standardError, row.transaction.mean, row.drift.mean,
          row.tax.mean, row.turnover.mean, row.trackingError, row.trades, nil, row.finalValue,
          row.returnHeld?.mean, row.returnLiquidated?.mean,
        ]
        lines.append(line(stage, evaluation.environment, row.name, numbers))
      }
    }
    return lines
  }

  private func line(
    _ stage: String, _ environment: String, _ policy: String, _ numbers: [Double?]
  ) -> String {
    // Rules hold commas.
    ([stage, environment, "\"\(policy)\""] + numbers.map { $0.map { $0.fixed(6) } ?? "" })
      .joined(separator: ",")
  }
}
