/// A text that names no rule.
public struct RuleError: Error, CustomStringConvertible, Sendable {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// A rule's name and arguments as written, taken one by one.
struct RuleCall: Sendable {
  /// The whole text with its prefix.
  let text: String
  let function: String
  /// How the rule is written, for messages.
  var usage = ""
  private var positional: ArraySlice<String>
  private var named: [String: String]

  init(_ source: String) throws(RuleError) {
    let compact = source.filter { $0 != " " }
    let body = compact.hasPrefix("rule:") ? compact.dropFirst(5) : compact[...]
    text = "rule:" + body
    let parts = body.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
    function = String(parts[0])
    positional = []
    named = [:]
    guard parts.count == 2 else { return }
    guard let arguments = Self.arguments(parts[1]) else {
      throw RuleError("\(source): parentheses are expected in pairs, the first closed at the end")
    }
    for argument in arguments {
      let (name, value) = Self.pair(argument)
      guard !value.isEmpty, name.map({ !$0.isEmpty && named[$0] == nil }) ?? true else {
        throw RuleError("\(source): the argument “\(argument)” is empty or repeated")
      }
      if let name { named[name] = value } else { positional.append(value) }
    }
  }

  /// The arguments before the parenthesis that closes a call, at its end; `nil` where there is none.
  private static func arguments(_ text: Substring) -> [String]? {
    var (depth, current) = (0, "")
    var arguments: [String] = []
    for (index, character) in zip(text.indices, text) {
      if character == "(" { depth += 1 }
      if character == ")" {
        depth -= 1
        if depth < 0 {
          return text.index(after: index) == text.endIndex ? arguments + [current] : nil
        }
      }
      if character == ",", depth == 0 {
        arguments.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    return nil
  }

  /// Name and value of `name=value`; no name where the sign stands in parentheses or nowhere.
  private static func pair(_ argument: String) -> (name: String?, value: String) {
    guard let sign = argument.firstIndex(of: "="), !argument[..<sign].contains("(") else {
      return (nil, argument)
    }
    return (String(argument[..<sign]), String(argument[argument.index(after: sign)...]))
  }

  func fault(_ reason: String) -> RuleError { RuleError("\(text): \(reason)") }

  /// Whether an unnamed argument is left.
  var hasMore: Bool { !positional.isEmpty }

  /// The next unnamed argument.
  mutating func word() throws(RuleError) -> String {
    guard let word = positional.popFirst() else {
      throw fault("an argument is missing, it is written \(usage)")
    }
    return word
  }

  /// A named argument.
  mutating func word(named name: String) -> String? { named.removeValue(forKey: name) }

  /// The next unnamed argument as a number of at least 0.
  mutating func number() throws(RuleError) -> Double { try number(try word()) }

  /// A named argument as a number of at least 0; a default where it is left out.
  mutating func number(named name: String, or other: Double) throws(RuleError) -> Double {
    try number(named: name) ?? other
  }

  mutating func number(named name: String) throws(RuleError) -> Double? {
    guard let word = word(named: name) else { return nil }
    return try number(word)
  }

  func number(_ word: String) throws(RuleError) -> Double {
    guard let value = Double(word), value.isFinite, value >= 0 else {
      throw fault("“\(word)” is not a number of at least 0")
    }
    return value
  }

  /// The next unnamed argument as a calendar period.
  mutating func period() throws(RuleError) -> CalendarRule.Period {
    let word = try word()
    guard let period = CalendarRule.Period(rawValue: word) else {
      throw fault("the period is monthly, quarterly or annual, “\(word)” is given")
    }
    return period
  }

  /// The next unnamed argument as a rule.
  mutating func rule(for task: RebalancingTask) throws(RuleError) -> any Rule {
    try RuleCatalog.made(try word(), for: task)
  }

  /// All unnamed arguments as rules.
  mutating func rules(for task: RebalancingTask) throws(RuleError) -> [any Rule] {
    var rules = [try rule(for: task)]
    while hasMore { rules.append(try rule(for: task)) }
    return rules
  }

  /// Refuses what has not been taken.
  func finish() throws(RuleError) {
    if let extra = positional.first {
      throw fault("“\(extra)” is one argument too many, it is written \(usage)")
    }
    if let other = named.keys.sorted().first {
      throw fault("there is no argument “\(other)”, it is written \(usage)")
    }
  }
}
