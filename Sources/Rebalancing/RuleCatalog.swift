/// The rules by name, as they are written everywhere: `rule:band(0.05,to=0.025)`.
///
/// To add a rule, write a `Trigger` and give it an entry in `RuleCatalog.entries`.
public enum RuleCatalog {
  /// One kind of rule.
  public struct Entry: Sendable {
    /// The name before the parentheses.
    public let name: String
    /// How it is written, with its arguments.
    public let usage: String
    /// What it does, in one sentence.
    public let summary: String
    /// Makes the rule; the arguments are those between the parentheses.
    let make: @Sendable (RuleCall, RebalancingTask) throws(RuleError) -> any Trigger
  }

  /// All kinds of rules.
  public static let entries: [Entry] = [
    Entry(name: "never", usage: "never", summary: "never trades") {
      (call, _) throws(RuleError) in
      try call.expect(positional: 0)
      return NeverRule(name: call.text)
    },
    Entry(name: "always", usage: "always", summary: "trades to the target at every decision") {
      (call, _) throws(RuleError) in
      try call.expect(positional: 0)
      return AlwaysRule(name: call.text)
    },
    Entry(
      name: "calendar", usage: "calendar(monthly|quarterly|annual)",
      summary: "trades to the target once in a calendar period"
    ) { (call, _) throws(RuleError) in
      try call.expect(positional: 1)
      guard let period = CalendarRule.Period(rawValue: call.positional[0]) else {
        throw RuleError("\(call.text): the period is monthly, quarterly or annual")
      }
      return CalendarRule(name: call.text, period: period)
    },
    Entry(
      name: "band", usage: "band(B[,to=D])",
      summary: "trades when a weight is more than B from its target, to D from it (0)"
    ) { (call, _) throws(RuleError) in try call.band(.absolute) },
    Entry(
      name: "relative_band", usage: "relative_band(B[,to=D])",
      summary: "the same in fractions of each target weight"
    ) { (call, _) throws(RuleError) in try call.band(.relative) },
    Entry(
      name: "closed_form", usage: "closed_form[(M)]",
      summary: "trades to the edge of M (1) times the closed-form no-trade region (two assets)"
    ) { (call, task) throws(RuleError) in
      let multiplier = try call.multiplier()
      guard let width = task.closedFormHalfWidth else {
        throw RuleError(
          "\(call.text): the closed form is for two assets, proportional costs and a quadratic "
            + "drift cost; \(task.id) is another task")
      }
      let edge = multiplier * width
      return BandRule(name: call.text, band: edge, destination: edge, measure: .absolute)
    },
  ]

  /// Makes the rule that a text names.
  ///
  /// - Parameters:
  ///   - text: `rule:NAME` or `rule:NAME(ARGUMENTS)`; the prefix may be left out.
  ///   - task: what the rule is for; some rules depend on its costs.
  /// - Throws: where the text names no rule or its arguments do not fit.
  public static func rule(
    _ text: String, for task: RebalancingTask
  ) throws(RuleError) -> any Trigger {
    let call = try RuleCall(text)
    guard let entry = entries.first(where: { $0.name == call.function }) else {
      let usages = entries.map(\.usage).joined(separator: ", ")
      throw RuleError("\(text): no rule is called “\(call.function)”; there are \(usages)")
    }
    return try entry.make(call, task)
  }
}

/// A text that names no rule.
public struct RuleError: Error, CustomStringConvertible, Sendable {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// A rule's name and arguments, as written.
struct RuleCall: Sendable {
  /// The whole text with its prefix.
  let text: String
  let function: String
  let positional: [String]
  let named: [String: String]

  init(_ source: String) throws(RuleError) {
    let compact = source.filter { $0 != " " }
    let body = compact.hasPrefix("rule:") ? compact.dropFirst(5) : compact[...]
    text = "rule:" + body
    let parts = body.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
    function = String(parts[0])
    guard parts.count == 2 else {
      positional = []
      named = [:]
      return
    }
    guard parts[1].hasSuffix(")"), !parts[1].dropLast().contains(where: { "()".contains($0) })
    else { throw RuleError("\(source): one pair of parentheses is expected, closed at the end") }
    var positional: [String] = []
    var named: [String: String] = [:]
    for argument in parts[1].dropLast().split(separator: ",", omittingEmptySubsequences: false) {
      let pair = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        .map(String.init)
      guard !pair.contains(""), named[pair[0]] == nil else {
        throw RuleError("\(source): the argument “\(argument)” is empty or repeated")
      }
      if pair.count == 2 { named[pair[0]] = pair[1] } else { positional.append(pair[0]) }
    }
    self.positional = positional
    self.named = named
  }

  func expect(positional count: Int, named allowed: Set<String> = []) throws(RuleError) {
    guard positional.count == count else {
      let expected = count == 1 ? "1 argument is" : "\(count) arguments are"
      throw RuleError("\(text): \(expected) expected, \(positional.count) given")
    }
    if let other = named.keys.sorted().first(where: { !allowed.contains($0) }) {
      throw RuleError("\(text): there is no argument “\(other)”")
    }
  }

  func band(_ measure: BandRule.Measure) throws(RuleError) -> any Trigger {
    try expect(positional: 1, named: ["to"])
    let band = try distance(positional[0])
    let destination = try named["to"].map { text throws(RuleError) in try distance(text) } ?? 0
    guard destination <= band else {
      throw RuleError("\(text): the destination \(destination) lies outside the band \(band)")
    }
    return BandRule(name: text, band: band, destination: destination, measure: measure)
  }

  /// The only argument, 1 where there is none.
  func multiplier() throws(RuleError) -> Double {
    guard let first = positional.first else {
      try expect(positional: 0)
      return 1
    }
    try expect(positional: 1)
    return try distance(first)
  }

  private func distance(_ argument: String) throws(RuleError) -> Double {
    guard let value = Double(argument), value.isFinite, value >= 0 else {
      throw RuleError("\(text): “\(argument)” is not a distance (a number of at least 0)")
    }
    return value
  }
}
