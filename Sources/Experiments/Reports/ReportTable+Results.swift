import Markets
import Statistics

extension ExperimentReport {
  /// Exact scores of every policy.
  static func table(_ exact: ExactEvaluation, name: String) -> ReportTable {
    ReportTable(
      name: name, title: "Exact scores",
      columns: [
        .init("policy", isNumeric: false), .init("gap", unit: "%"),
        .init("cost", unit: "bp per year"), .init("transaction", unit: "bp per year"),
        .init("drift", unit: "bp per year"), .init("turnover", unit: "% per year"),
        .init("tracking error", unit: "bp, post-trade"), .init("trades", unit: "per year"),
        .init("gap against", isNumeric: false),
      ],
      rows: exact.policies.map { row in
        [
          .init(shortName(row.name)), .init(row.gap, decimals: 2), .init(row.cost, decimals: 4),
          .init(row.transaction, decimals: 3), .init(row.drift, decimals: 3),
          .init(row.turnover.map { $0 * 100 }, decimals: 2), .init(row.trackingError, decimals: 1),
          .init(row.trades, decimals: 2),
          .init(
            row.gap == nil ? "–" : row.gapAgainst == .unrestricted ? "any trade" : "own actions"),
        ]
      },
      note: exact.policies.compactMap { row in
        row.reason.map { "\(shortName(row.name)): \($0)." }
      }.joined(separator: " "))
  }

  /// Gaps to the optimum of what was learned, over seeds, and of rules beside.
  static func gaps(_ standings: Standings, name: String) -> ReportTable {
    ReportTable(
      name: name, title: "Gap to the exact optimum over training seeds",
      columns: [.init("policy", isNumeric: false), .init("seeds"), .init("without a law")]
        + [.init("cost", unit: "bp per year"), .init("above any trade", unit: "%")]
        + ["median", "interquartile mean", "low", "high", "worst"].map { .init($0, unit: "%") },
      rows: standings.rows.map { row in
        let mean = row.gapInterquartileMean
        return [
          .init(shortName(row.family)), .init(Double(row.seeds), decimals: 0),
          .init(Double(row.missing), decimals: 0), .init(row.cost?.estimate, decimals: 4),
          .init(row.anyTradeGap, decimals: 2),
        ]
          + [row.gapMedian, mean?.estimate, mean?.low, mean?.high, row.gapWorst].map {
            .init($0, decimals: 2)
          }
      },
      note: "Cost: mean over seeds. Above any trade: median above the optimum over any trade, to "
        + "compare all policies by; the further gaps are above the optimum over the actions used. Low "
        + "and high: 95 % bootstrap interval of the interquartile mean. Without a law: seeds whose "
        + "policy has no long-run average.")
  }

  /// A sampled evaluation.
  static func table(
    _ evaluation: SampledEvaluation, name: String, title: String
  ) -> ReportTable {
    let hasTax = evaluation.policies.contains { $0.tax.mean != 0 }
    let error =
      evaluation.trackingErrorKind == "ex_ante_post_trade" ? "bp, ex ante" : "bp, realised"
    return ReportTable(
      name: name, title: title,
      columns: [
        .init("policy", isNumeric: false), .init("cost", unit: "bp per year"),
        .init("± s.e.", unit: "bp per year"), .init("transaction", unit: "bp per year"),
        .init("drift", unit: "bp per year"),
      ] + (hasTax ? [.init("tax", unit: "bp per year")] : [])
        + [
          .init("turnover", unit: "% per year"), .init("tracking error", unit: error),
          .init("trades"), .init("final value", unit: "of 1"),
        ],
      rows: evaluation.policies.map { row in
        [
          ReportTable.Cell(shortName(row.name)), .init(row.cost.mean, decimals: 3),
          .init(row.cost.standardError, decimals: 3), .init(row.transaction.mean, decimals: 3),
          .init(row.drift.mean, decimals: 3),
        ] + (hasTax ? [.init(row.tax.mean, decimals: 3)] : [])
          + [
            .init(row.turnover.mean * 100, decimals: 2), .init(row.trackingError, decimals: 1),
            .init(Double(row.tradeCount), decimals: 0), .init(row.finalValue, decimals: 3),
          ]
      })
  }

  /// Every decision of an attribution, and their sum.
  static func table(_ attribution: Attribution, name: String) -> ReportTable {
    func cells(_ label: String, _ gain: Attribution.Contribution) -> [ReportTable.Cell] {
      let bp = gain.basisPoints
      return [ReportTable.Cell(label)]
        + [bp.drift, bp.transaction, bp.tax, bp.total].map { .init($0, decimals: 3) }
        + [.init(gain.money.total, decimals: 6), .init(gain.wealth, decimals: 6)]
    }
    return ReportTable(
      name: name, title: "What each trade was worth",
      columns: [
        .init("date", isNumeric: false), .init("drift", unit: "bp"),
        .init("transaction", unit: "bp"), .init("tax", unit: "bp"), .init("sum", unit: "bp"),
        .init("sum", unit: "currency"), .init("wealth at the end", unit: "currency"),
      ],
      rows: attribution.decisions.map { cells($0.date.description, $0.contribution) }
        + [cells("all", attribution.total)],
      note: "Gains against not having traded, on the same path to its end; the sum of all is the "
        + "policy minus never.")
  }
}
