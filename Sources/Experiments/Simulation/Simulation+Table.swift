import Markets

extension Simulation {
  /// Every step for programs: a header, then a line each; numbers are those of the environment.
  public var csv: String {
    let columns =
      ["step", "date", "value"] + assets.map { "price_\($0)" } + assets.map { "weight_\($0)" }
      + [
        "fraction", "turnover", "drift_bp", "transaction_bp", "tax_bp", "reward",
        "portfolio_return", "flow", "value_after",
      ]
    var lines = [columns.map(csvField).joined(separator: ",")]
    for row in steps {
      let numbers =
        [row.value] + row.prices + row.weights + [
          row.fraction, row.turnover, row.drift, row.transaction, row.tax, row.reward,
          row.portfolioReturn, row.flow, row.valueAfter,
        ]
      lines.append("\(row.step),\(row.date)," + numbers.map { "\($0)" }.joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The episode for people, at most 80 columns wide: a long one shows its first steps, its first
  /// trades and its last steps.
  public var table: String {
    var table = TextTable(headings)
    var last = -1
    for step in shown {
      if step > last + 1 { table.add(["…"] + headings.dropFirst().map { _ in "" }) }
      table.add(cells(steps[step]))
      last = step
    }
    table.add(summary)
    return ([table.text] + captions).joined(separator: "\n")
  }

  private static let shownTrades = 15

  /// Steps that a table has room for.
  private var shown: [Int] {
    guard steps.count > 24 else { return Array(steps.indices) }
    let trades = steps.indices.filter { steps[$0].turnover > 0 }.prefix(Self.shownTrades)
    return Set(steps.indices.prefix(5)).union(trades).union(steps.indices.suffix(3)).sorted()
  }

  private var hasTax: Bool { steps.contains { $0.tax != 0 } }

  /// Whether every weight has a column of its own.
  private var hasAllWeights: Bool { assets.count <= (hasTax ? 2 : 3) }

  /// What a column of weights may take of the 80 columns.
  private var nameWidth: Int { (hasTax ? 16 : 24) / assets.count - 2 }

  private var headings: [String] {
    ["date", ">value"]
      + (hasAllWeights ? assets.map { ">" + $0.clipped(nameWidth) } : ["asset", ">off %"])
      + [">trade %", ">drift", ">cost"] + (hasTax ? [">tax"] : []) + [">reward"]
  }

  private func cells(_ row: Step) -> [String] {
    [row.date.description, row.value.compact(9)] + weightCells(row.weights)
      + [row.turnover > 0 ? (row.turnover * 100).compact(7) : ""]
      + terms(row.drift, row.transaction, row.tax, row.reward)
  }

  private func terms(
    _ drift: Double, _ cost: Double, _ tax: Double, _ reward: Double
  ) -> [String] {
    [drift.compact(6), cost.compact(6)] + (hasTax ? [tax.compact(6)] : []) + [reward.compact(8)]
  }

  private func weightCells(_ weights: [Double]?) -> [String] {
    guard let weights else { return hasAllWeights ? assets.map { _ in "–" } : ["–", ""] }
    guard !hasAllWeights else { return weights.map { ($0 * 100).fixed(2) } }
    let distances = zip(weights, targets).map { $0 - $1 }
    let farthest = distances.indices.max { abs(distances[$0]) < abs(distances[$1]) } ?? 0
    let off = (distances[farthest] * 100).fixed(2)
    return [assets[farthest].clipped(6), off.hasPrefix("-") ? off : "+" + off]
  }

  private var summary: [String] {
    ["end, sums", end.value.compact(9)] + weightCells(end.weights)
      + [(totals.turnover * 100).compact(7)]
      + terms(totals.drift, totals.transaction, totals.tax, totals.reward)
  }

  private var captions: [String] {
    var lines = [
      "weights before the trade in %; drift, cost\(hasTax ? " and tax" : "") in bp of value",
      "last row: value and weights on \(end.date), sums of the rest",
    ]
    if !hasAllWeights { lines.append("asset: the one farthest from its target, and how far off") }
    if totals.trades > Self.shownTrades {
      lines.append("of \(totals.trades) trades the first \(Self.shownTrades) are shown")
    }
    lines.append(
      "\(totals.steps) \(totals.steps == 1 ? "step" : "steps"), "
        + "\(totals.trades) \(totals.trades == 1 ? "trade" : "trades"); "
        + "bookkeeping identity to \(totals.identityError.scientific)")
    return lines
  }
}

extension String {
  /// The text, or its beginning and an ellipsis where it is longer than `width`.
  public func clipped(_ width: Int) -> String {
    count > width ? prefix(width - 1) + "…" : self
  }
}

extension Double {
  /// The number in `width` characters or a little more, with up to four decimals.
  func compact(_ width: Int) -> String {
    for decimals in [4, 3, 2, 1, 0] {
      let text = fixed(decimals)
      if text.count <= width, !text.contains("e") { return text }
    }
    return (self < 0 ? "-" : "") + abs(self).scientific
  }
}
