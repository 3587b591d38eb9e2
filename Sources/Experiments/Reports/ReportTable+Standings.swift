import Statistics

extension ExperimentReport {
  /// Costs with intervals, and how they compare with the best rule.
  static func table(_ standings: Standings, name: String) -> ReportTable {
    func cells(_ interval: ConfidenceInterval?, _ scale: Double = 1, _ decimals: Int = 3)
      -> [ReportTable.Cell]
    {
      [interval?.estimate, interval?.low, interval?.high].map {
        .init($0.map { $0 * scale }, decimals: decimals)
      }
    }
    let unit = "bp per year"
    let ends = ["low", "high"]
    let isTaxed = standings.rows.contains { $0.liquidated != nil }
    var columns: [ReportTable.Column] =
      [.init("policy", isNumeric: false), .init("seeds")]
      + (["cost"] + ends + ["above best rule"] + ends).map { .init($0, unit: unit) }
      + [
        .init("cheaper", unit: "% of paths"), .init("turnover", unit: "% per year"),
        .init("tracking error", unit: "bp"), .init("trades", unit: "per year"),
      ]
    if standings.bound != nil {
      columns += (["above bound"] + ends).map { .init($0, unit: unit) }
    }
    if isTaxed {
      columns.append(.init("growth, held", unit: "% per year"))
      columns += (["growth, all sold"] + ends).map { .init($0, unit: "% per year") }
      columns += (["above best rule"] + ends).map { .init($0, unit: unit) }
    }
    let rows = standings.rows.map { row -> [ReportTable.Cell] in
      var line: [ReportTable.Cell] = [
        .init(shortName(row.family)), .init(Double(row.seeds), decimals: 0),
      ]
      line += cells(row.cost) + cells(row.difference)
      let cheaper = row.family == standings.yardstick ? nil : row.improvement?.estimate
      line += [
        .init(cheaper.map { $0 * 100 }, decimals: 0),
        .init(row.turnover.map { $0 * 100 }, decimals: 2), .init(row.trackingError, decimals: 1),
        .init(row.trades, decimals: 2),
      ]
      if standings.bound != nil { line += cells(row.gapToBound) }
      if isTaxed {
        line.append(.init(row.held?.estimate, decimals: 3))
        line += cells(row.liquidated) + cells(row.liquidatedDifference, 1, 2)
      }
      return line
    }
    let best = standings.yardstick.map {
      " The best rule on these paths is \(shortName($0)); choosing it there favours it."
    }
    let bound = standings.bound.map {
      " No policy costs less than \($0.estimate.fixed(3)) bp a year on these paths "
        + "(\($0.low.fixed(3)) to \($0.high.fixed(3)))."
    }
    return ReportTable(
      name: name, title: "Standings on \(CaseReport.words(standings.stage))", columns: columns,
      rows: rows,
      note: "Low and high: 95 % bootstrap intervals over seeds and paths." + (best ?? "")
        + (bound ?? "")
        + (isTaxed ? " Growth: after tax, at the end less accrued tax, and all sold there." : ""))
  }

  /// Sharpe ratios and what they are worth.
  static func table(_ sharpe: SharpeStandings, name: String) -> ReportTable {
    ReportTable(
      name: name, title: "Sharpe ratios after costs and taxes",
      columns: [
        .init("policy", isNumeric: false), .init("growth", unit: "% per year"),
        .init("volatility", unit: "% per √year"), .init("Sharpe ratio", unit: "per √year"),
        .init("p against the best rule"), .init("deflated", unit: "probability"),
      ],
      rows: sharpe.rows.map { row in
        [
          .init(shortName(row.family)), .init(row.growth, decimals: 2),
          .init(row.volatility, decimals: 2), .init(row.sharpe, decimals: 3),
          .init(row.pValue, decimals: 2), .init(row.deflated, decimals: 2),
        ]
      },
      note: "Riskless rate 0; p: Ledoit and Wolf's test of equal ratios; deflated for "
        + "\(sharpe.trials) trials.")
  }

  /// Changes against the baseline over all cases.
  static func table(_ comparison: CaseComparison) -> ReportTable {
    let parts = ["tracking error", "paid", "cost", "turnover", "tracking error × turnover"]
    return ReportTable(
      name: "comparison", title: "Change against \(shortName(comparison.baseline))",
      columns: [.init("policy", isNumeric: false), .init("cases")]
        + parts.flatMap {
          [.init($0, unit: "%"), .init("low", unit: "%"), .init("high", unit: "%")]
        }
        + [.init("cheaper", unit: "% of cases")],
      rows: comparison.rows.map { row in
        let intervals = [row.trackingError, row.paid, row.cost, row.turnover, row.product]
        return [.init(shortName(row.family)), .init(Double(row.cases), decimals: 0)]
          + intervals.flatMap { interval in
            [interval?.estimate, interval?.low, interval?.high].map { .init($0, decimals: 1) }
          } + [.init(row.better, decimals: 0)]
      },
      note:
        "Medians over cases with 95 % bootstrap intervals. Paid: transaction cost and tax; cost: "
        + "paid and drift.")
  }
}
