extension TaskDescription {
  /// The description for people, at most 80 columns wide.
  public var text: String {
    let targets = assets.map { "\($0.name) \($0.target.percent)" }
    let steps = episode.stepsPerYear.short
    var paragraphs = [
      ("environment", environment),
      ("assets", "\(assets.count): " + targets.joined(separator: ", ")),
      ("market", market.summary),
    ]
    paragraphs += costs.enumerated().map { ($0.offset == 0 ? "costs" : "", $0.element) }
    paragraphs += [
      ("drift cost", driftCost), ("reward", reward), ("tax", tax), ("paid", payment),
      ("flows", flows),
      (
        "episode",
        "\(episode.horizon) steps, \(steps) a year; value \(episode.initialValue.short) at the start"
      ),
      ("batched", "\(episode.precision), autoreset \(episode.autoreset)"),
    ]
    return paragraphs.map { Self.paragraph($0, $1) }.joined(separator: "\n")
      + "\n\n\(actionTable)\n\n\(observationTable)"
  }

  private var actionTable: String {
    var table = TextTable([">action", "meaning"])
    for action in actionSpace.actions { table.add(["\(action.action)", action.meaning]) }
    guard actionSpace.actions.isEmpty else { return table.text }
    table = TextTable([">place", "action", ">low", ">high"])
    for (place, meaning) in actionSpace.dimensions.enumerated() {
      table.add(["\(place)", meaning, "0", "1"])
    }
    return table.text
  }

  /// The columns; those that differ by their asset only share a row.
  private var observationTable: String {
    var table = TextTable([">place", "observation", "unit", ">low", ">high"])
    let columns = observationSpace.columns
    var first = 0
    while first < columns.count {
      let end =
        columns[(first + 1)...].firstIndex { !Self.isAlike($0, columns[first]) } ?? columns.count
      let isOne = end == first + 1
      table.add([
        isOne ? "\(first)" : "\(first)–\(end - 1)",
        isOne ? columns[first].name : Self.stem(columns[first].name) + "[0–\(end - first - 1)]",
        columns[first].unit.clipped(24), columns[first].low?.short ?? "-∞",
        columns[first].high?.short ?? "∞",
      ])
      first = end
    }
    return table.text
  }

  private static func isAlike(_ a: Column, _ b: Column) -> Bool {
    a.name.contains("[") && stem(a.name) == stem(b.name) && a.unit == b.unit && a.low == b.low
      && a.high == b.high
  }

  private static func stem(_ name: String) -> String {
    String(name.prefix { $0 != "[" })
  }

  /// A word and its text beside it, broken at spaces, but not between a number and its unit.
  private static func paragraph(_ word: String, _ text: String) -> String {
    let indent = 13
    var lines = [word + String(repeating: " ", count: indent - word.count)]
    let bound = text.replacing(" %", with: "\u{A0}%").replacing(" bp", with: "\u{A0}bp")
    for part in bound.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.count + part.count > 80 {
        lines.append(String(repeating: " ", count: indent) + part + " ")
      } else {
        lines[lines.count - 1] = last + part + " "
      }
    }
    return lines.map { line in
      String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n").replacing("\u{A0}", with: " ")
  }
}
