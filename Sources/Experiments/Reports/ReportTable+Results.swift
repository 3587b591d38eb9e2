import Markets

extension ExperimentReport {
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
