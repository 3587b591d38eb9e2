public import Deployment

extension ExactEvaluation {
  /// The table that people read, at most 80 columns wide.
  public var table: String {
    var table = TextTable([
      "policy", ">cost", ">trade", ">drift", ">turn %", ">TE bp", ">gap %",
    ])
    for row in policies {
      table.add(
        [shortName(row.name)]
          + [(row.cost, 4), (row.transaction, 3), (row.drift, 3)].map(cell)
          + [cell(row.turnover.map { $0 * 100 }, 2), cell(row.trackingError, 1), gap(row)])
    }
    var lines = [table.text]
    lines.append("cost = trade + drift, in bp per year; turnover per year; TE: ex ante")
    lines.append(
      "optimum over the environment's actions \(optimum.ownActions.fixed(4)), "
        + "unrestricted \(optimum.unrestricted.fixed(4))")
    if policies.contains(where: { $0.gapAgainst == .unrestricted }) {
      lines.append("* gap to the unrestricted optimum: the policy goes other fractions")
    }
    lines += policies.compactMap { row in row.reason.map { "\(shortName(row.name)): \($0)" } }
    return lines.joined(separator: "\n")
  }

  private func gap(_ row: Row) -> String {
    cell(row.gap, 2) + (row.gapAgainst == .unrestricted ? "*" : " ")
  }

  private func cell(_ value: Double?, _ decimals: Int) -> String {
    value.map { $0.fixed(decimals) } ?? "–"
  }
}

extension SampledEvaluation {
  /// The table that people read, at most 80 columns wide.
  public var table: String {
    var table = TextTable([
      "policy", ">cost", ">± s.e.", ">trade", ">turn %", ">TE bp", ">trades", ">value",
    ])
    for row in policies {
      table.add([
        shortName(row.name), row.cost.mean.fixed(3), row.cost.standardError.fixed(3),
        row.transaction.mean.fixed(3), (row.turnover.mean * 100).fixed(2),
        row.trackingError.fixed(1), "\(row.tradeCount)",
        row.finalValue.fixed(row.finalValue < 1e4 ? 3 : 0),
      ])
    }
    let worst = policies.map(\.identityError).max() ?? 0
    return table.text + "\n" + caption + "\n"
      + "\(episodes) \(episodes == 1 ? "path" : "paths"), \(firstDate) to \(lastDate); "
      + "bookkeeping identity to \(worst.scientific)" + (afterTaxTable.map { "\n\n" + $0 } ?? "")
  }

  private var caption: String {
    let error =
      trackingErrorKind == "ex_ante_post_trade" ? "ex ante" : "of the active return"
    return "cost: trade, drift and tax in bp per year; TE: \(error)"
  }
}

/// A rule without its prefix, the last two parts of a path; cut to what a table can hold.
func shortName(_ name: String, _ length: Int = 25) -> String {
  let parts = name.split(separator: "/")
  let short =
    name.hasPrefix("rule:") ? String(name.dropFirst(5)) : parts.suffix(2).joined(separator: "/")
  return short.count <= length ? short : "…" + short.suffix(length - 1)
}

extension Double {
  /// One significant digit and a power of ten.
  var scientific: String {
    guard self > 0 else { return "0" }
    var exponent = 0
    var mantissa = self
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\(mantissa.fixed(0))e\(exponent)"
  }
}

extension EvaluationRecord {
  /// The table that people read, at most 80 columns wide.
  public var table: String {
    var table = TextTable([
      "rule", ">cost", ">saving", ">from", ">to", ">cheaper %",
    ])
    for rule in rules {
      table.add([
        shortName(rule.name), rule.cost.fixed(4), rule.saving.mean.fixed(4),
        rule.saving.low.fixed(4), rule.saving.high.fixed(4), (rule.cheaperShare * 100).fixed(0),
      ])
    }
    var lines = [table.text]
    lines.append(
      "the policy costs \(policy.cost.fixed(4)) bp a year on \(paths.count) samples (\(paths.sample))"
    )
    lines.append("saving = cost of the rule less that of the policy, with its 95 % interval")
    lines.append("best rule on these paths: \(bestRule.name)")
    if let gap = exact?.gaps.first?.percent {
      lines.append("gap of the policy to the exact optimum: \(gap.fixed(2)) %")
    }
    lines += leftOut.map { "not played: \($0.name): \($0.reason)" }
    return lines.joined(separator: "\n")
  }
}
