extension Explanation {
  /// For people, at most 80 columns wide.
  public var text: String {
    ([heading, segments, map] + [plane?.text].compactMap { $0 } + [nearest])
      .joined(separator: "\n\n")
  }

  /// Columns of a terminal.
  private static let width = 80
  private static let indent = 10

  private var heading: String {
    var lines = ["\(shortName(policy)) on \(environment)"]
    lines += Self.paragraph("state", "\(state.date), \(state.origin)")
    lines += Self.paragraph(
      "weights, %",
      state.assets.indices.map {
        "\(state.assets[$0].clipped(16)) \(Self.percent(state.weights[$0])) "
          + "(target \(Self.percent(state.targets[$0])))"
      }.joined(separator: ", "))
    lines += Self.paragraph("decision", decided)
    if !decision.reasons.isEmpty {
      lines += Self.paragraph("because", decision.reasons.joined(separator: "; "))
    }
    if let scores = decision.scores {
      lines += Self.paragraph(
        "scores",
        scores.map { "\($0.action): \(Double($0.score).fixed(5))" }.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }

  private var decided: String {
    guard decision.fraction > 0 || decision.destination != state.weights else {
      return "\(decision.action): the portfolio is left alone"
    }
    let to = state.assets.indices.prefix(8).map {
      "\(state.assets[$0].clipped(16)) \(Self.percent(decision.destination[$0]))"
    }.joined(separator: ", ")
    return "\(decision.action), \((decision.fraction * 100).fixed(1)) % of the way, to \(to)"
  }

  static func percent(_ weight: Double) -> String { (weight * 100).fixed(2) }

  /// A label, and words beside it, broken at spaces.
  private static func paragraph(_ label: String, _ words: String) -> [String] {
    var lines: [String] = []
    var line = label.padded(to: indent)
    for word in words.split(separator: " ") {
      if line.count + 1 + word.count > width, line.count > indent {
        lines.append(line)
        line = String(repeating: " ", count: indent)
      }
      line += " " + String(word).clipped(width - indent - 1)
    }
    return lines + [line]
  }

  // MARK: - Along the line

  /// The segments that the map shows, with their edges.
  private var segments: String {
    var table = TextTable([
      "\(line.asset.clipped(20)) from", ">to", "decision", ">goes to, at the edges",
    ])
    let shown = shownSegments
    for segment in shown.prefix(Self.shownSegments) {
      table.add([
        edge(segment.from), edge(segment.to), segment.word,
        segment.isTrade
          ? "\(Self.percent(segment.destinations[0])) … \(Self.percent(segment.destinations[1]))"
          : "",
      ])
    }
    var lines = [table.text]
    if shown.count > Self.shownSegments {
      lines.append("and \(shown.count - Self.shownSegments) more changes")
    }
    if let optimum {
      lines.append(
        "optimum, no trade: \(optimum.noTrade.map(Self.percent).joined(separator: " … ")); "
          + "any trade allowed: "
          + optimum.unrestrictedNoTrade.map(Self.percent).joined(separator: " … "))
    }
    return lines.joined(separator: "\n")
  }

  private static let shownSegments = 12

  /// Those that meet the window of the map.
  private var shownSegments: [DecisionLine.Segment] {
    line.segments.filter { $0.to > window.lowerBound && $0.from < window.upperBound }
  }

  private func edge(_ weight: Double) -> String { Self.percent(weight) }

  var window: ClosedRange<Double> {
    let optimal = optimum.map { max(line.target - $0.noTrade[0], $0.noTrade[1] - line.target) }
    return shownRange(
      target: line.target, here: line.here,
      halfWidth: max(line.halfWidth ?? 0.02, optimal ?? 0))
  }

  /// Characters along the line.
  private static let cells = 65

  private var map: String {
    let window = window
    func place(_ weight: Double) -> Int {
      let share = (weight - window.lowerBound) / (window.upperBound - window.lowerBound)
      return min(max(Int(share * Double(Self.cells)), 0), Self.cells - 1)
    }
    let centres = (0..<Self.cells).map {
      window.lowerBound
        + (window.upperBound - window.lowerBound) * (Double($0) + 0.5) / Double(Self.cells)
    }
    var lines = ["policy".padded(to: Self.indent) + " " + row(centres, line.code)]
    if let optimum {
      lines.append("optimum".padded(to: Self.indent) + " " + row(centres, optimum.code))
    }
    var marks = [Character](repeating: " ", count: Self.cells)
    marks[place(line.target)] = "│"
    marks[place(line.here)] = "▲"
    lines.append(String(repeating: " ", count: Self.indent + 1) + String(marks).trimmedEnd)
    var axis = [Character](repeating: " ", count: Self.cells)
    for weight in [window.lowerBound, line.target, window.upperBound] {
      let label = Array(Self.percent(weight))
      let start = min(max(place(weight) - label.count / 2, 0), Self.cells - label.count)
      axis.replaceSubrange(start..<start + label.count, with: label)
    }
    lines.append("\(line.asset.clipped(8)), %".padded(to: Self.indent) + " " + String(axis))
    lines.append("· none  ▒ partial  █ full  ▲ the state  │ the target")
    return lines.joined(separator: "\n")
  }

  private func row(_ weights: [Double], _ code: (Double) -> Int) -> String {
    String(weights.map { mapCharacter(code($0)) })
  }

  // MARK: - Rules

  private var nearest: String {
    var table = TextTable(["nearest rules", ">agree %", ">of trades %", ">distance %"])
    for rule in rules {
      table.add([
        shortName(rule.rule), rule.agreement.fixed(2), rule.agreementOfTrades?.fixed(1) ?? "–",
        (rule.distance * 100).fixed(4),
      ])
    }
    var lines = [
      "of \(comparedRules) rules on \(comparedStates) states that the policy visits",
      "agree: both none, partial or full; of trades: where either trades",
      "distance: mean one-way difference of what is held after the decisions",
    ]
    if let first = rules.first, !first.differences.isEmpty {
      lines.append("\(shortName(first.rule)) differs at")
      lines += first.differences.prefix(4).map { difference in
        let range = difference.deviations.map { ($0 * 100).fixed(2) }.joined(separator: " … ")
        return "  \(difference.states) \(difference.states == 1 ? "state" : "states"): policy "
          + "\(difference.policy), rule \(difference.rule), w − w* \(range) %"
      }
    }
    return ([table.text] + lines.map { $0.clipped(Self.width) }).joined(separator: "\n")
  }
}

/// How a map shows an action: 0 none, 1 partial, 2 full, −1 nothing.
func mapCharacter(_ code: Int) -> Character {
  switch code {
  case 0: "·"
  case 1: "▒"
  case 2: "█"
  default: " "
  }
}

extension DecisionLine {
  /// 0 none, 1 partial, 2 full.
  func code(_ weight: Double) -> Int { segments.first { $0.contains(weight) }?.code ?? 0 }
}

extension DecisionLine.Segment {
  var code: Int { isTrade ? fractions.allSatisfy { $0 >= 1 } ? 2 : 1 : 0 }
  var word: String { ["none", "partial", "full"][code] }
}

extension Explanation.Optimum {
  /// 0 none, 1 partial, 2 full, over the environment's actions.
  func code(_ weight: Double) -> Int {
    if let fullTradeBelow, weight < fullTradeBelow { return 2 }
    if let fullTradeAbove, weight > fullTradeAbove { return 2 }
    return weight < noTrade[0] || weight > noTrade[1] ? 1 : 0
  }
}

extension DecisionPlane {
  /// Rows from the largest weight of the second asset down.
  var text: String {
    let label = 8
    var lines = ["\(assets[1].clipped(20)), % (down), over \(assets[0].clipped(20)), %"]
    let (down, across) = (thinned(rows, 17), thinned(columns, 33))
    for row in down.reversed() {
      lines.append(
        Explanation.percent(rows[row]).leftPadded(to: label) + " "
          + String(
            across.flatMap { column in
              let character = mapCharacter(actions[row][column])
              let first: Character =
                lies(here, at: row, column, of: down, across)
                ? "▲" : lies(targets, at: row, column, of: down, across) ? "┼" : character
              return [first, character == "·" ? " " : character]
            }
          ).trimmedEnd)
    }
    let ends = [columns[0], columns[columns.count - 1]].map(Explanation.percent)
    let gap = max(1, 2 * across.count - ends[0].count - ends[1].count)
    lines.append(
      String(repeating: " ", count: label + 1) + ends[0] + String(repeating: " ", count: gap)
        + ends[1])
    return lines.joined(separator: "\n")
  }

  private func lies(
    _ weights: [Double], at row: Int, _ column: Int, of down: [Int], _ across: [Int]
  ) -> Bool {
    row == nearest(rows, weights[1], of: down) && column == nearest(columns, weights[0], of: across)
  }

  private func nearest(_ grid: [Double], _ weight: Double, of places: [Int]) -> Int {
    places.min { abs(grid[$0] - weight) < abs(grid[$1] - weight) } ?? 0
  }

  /// About `count` places of a grid, its ends among them.
  private func thinned(_ grid: [Double], _ count: Int) -> [Int] {
    Array(stride(from: 0, to: grid.count, by: max(1, (grid.count - 1) / (count - 1))))
  }
}

extension String {
  /// With spaces after it up to a width.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// With spaces before it up to a width.
  func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }

  /// Without the spaces at its end.
  var trimmedEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
