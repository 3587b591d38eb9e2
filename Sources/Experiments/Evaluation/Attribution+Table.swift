import Markets

extension Attribution {
  /// Decisions that the table shows.
  private static let shownDecisions = 20

  /// The decisions for people, at most 80 columns wide: of many those that matter most, then the rest
  /// and all of them.
  public var table: String {
    var table = TextTable(
      ["date", ">trade %", ">drift"] + [">cost"] + (hasTax ? [">tax"] : [])
        + [">sum bp", ">money", ">wealth"])
    let shown = mattering
    for decision in shown {
      table.add(
        [decision.date.description, (decision.turnover * 100).compact(7)]
          + cells(decision.contribution))
    }
    if shown.count < decisions.count {
      let steps = Set(shown.map(\.step))
      let rest = decisions.filter { !steps.contains($0.step) }
      table.add(
        ["\(rest.count) others", turnover(rest)]
          + cells(rest.reduce(Contribution()) { $0 + $1.contribution }))
    }
    table.add(["all", turnover(decisions)] + cells(total))
    return ([table.text] + captions).joined(separator: "\n")
  }

  /// Those of the largest contributions, in the order of time.
  private var mattering: [Decision] {
    let byWeight = decisions.sorted {
      let (a, b) = (abs($0.contribution.basisPoints.total), abs($1.contribution.basisPoints.total))
      return a == b ? $0.step < $1.step : a > b
    }
    return byWeight.prefix(Self.shownDecisions).sorted { $0.step < $1.step }
  }

  private var hasTax: Bool {
    total.basisPoints.tax != 0 || decisions.contains { $0.contribution.basisPoints.tax != 0 }
  }

  private func turnover(_ decisions: [Decision]) -> String {
    (decisions.reduce(0) { $0 + $1.turnover } * 100).compact(7)
  }

  private func cells(_ gain: Contribution) -> [String] {
    let bp = gain.basisPoints
    return [bp.drift, bp.transaction].map { $0.compact(7) }
      + (hasTax ? [bp.tax.compact(7)] : [])
      + [bp.total.compact(7), currency(gain.money.total), currency(gain.wealth)]
  }

  /// An account of value 1 needs the digits that one of a million does not.
  private func currency(_ amount: Double) -> String {
    max(neverValue, policyValue) < 100 ? amount.fixed(6) : amount.compact(9)
  }

  private var captions: [String] {
    var lines = [
      "gains against not having traded, on the same path to its end; minus: it cost",
      "drift, cost\(hasTax ? ", tax" : "") and their sum in bp of value; money: the sum in currency",
      "wealth: value at the end, in currency: the market's part is in it, drift is not",
    ]
    if decisions.count > Self.shownDecisions {
      lines.append(
        "of \(decisions.count) decisions the \(Self.shownDecisions) that matter most are shown")
    }
    lines.append(
      "\(steps) \(steps == 1 ? "step" : "steps"); value at the end \(policyValue.compact(9)), "
        + "never: \(neverValue.compact(9))")
    return lines
  }
}
