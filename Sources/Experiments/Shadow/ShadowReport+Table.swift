import Deployment
import Markets

extension ShadowReport {
  /// Disagreements that the table shows.
  private static let shown = 10

  /// The report for people.
  public var table: String {
    let title =
      "\(policy.name) \(policy.version) in the shadow of \(champion.name), \(environment), "
      + "\(firstDate) to \(lastDate)"
    var lines =
      title.wrapped() + [
        "\(requests) requests, \(disagreements) disagreements "
          + "(\((100 * Double(disagreements) / Double(max(requests, 1))).fixed(1)) %), "
          + "\(faults) faults of the challenger", "",
      ]
    if !byKind.isEmpty { lines += [kinds, "", largest, ""] }
    lines += [
      "saved, bp of value: what the other decision alone would have saved to the path's",
      "end, with the champion deciding all later steps; minus: it would have cost",
      "all others, each by itself: \(words(singleDecisions))",
      "the challenger in charge:   \(words(saving))",
      "95 % intervals over \(sample == "episode" ? "episodes" : "calendar years")",
    ]
    return lines.joined(separator: "\n")
  }

  private var kinds: String {
    var table = TextTable([
      "champion → challenger", ">number", ">cheaper %", ">saved bp", ">each bp",
    ])
    for kind in byKind {
      let count = Double(kind.count)
      table.add([
        kind.kind, "\(kind.count)", (100 * Double(kind.cheaper) / count).fixed(0),
        kind.saving.compact(7), (kind.saving / count).compact(6),
      ])
    }
    return table.text
  }

  /// Those that matter most, in the order of time.
  private var largest: String {
    var table = TextTable(["date", "champion → challenger", ">drift", ">cost", ">tax", ">saved bp"])
    let chosen = decisions.sorted {
      abs($0.gain.basisPoints.total) > abs($1.gain.basisPoints.total)
    }.prefix(Self.shown)
    for other in chosen.sorted(by: { ($0.episode, $0.step) < ($1.episode, $1.step) }) {
      let gain = other.gain.basisPoints
      table.add(
        [other.date.description, other.kind]
          + [gain.drift, gain.transaction, gain.tax, gain.total].map { $0.compact(6) })
    }
    return table.text
  }

  private func words(_ saving: Saving) -> String {
    "\(saving.mean.fixed(3)) bp per year [\(saving.low.fixed(3)), \(saving.high.fixed(3))]"
  }
}
