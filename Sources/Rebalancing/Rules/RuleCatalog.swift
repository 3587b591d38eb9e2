import Markets

/// The rules by name, as they are written everywhere: `rule:band(0.05,to=0.025)`.
///
/// To add a rule, write a `Rule` and give it an entry in `RuleCatalog.entries`.
public enum RuleCatalog {
  /// One kind of rule.
  public struct Entry: Sendable {
    /// How it is written, with its arguments; what is in brackets may be left out.
    public let usage: String
    /// What it does, in one sentence.
    public let summary: String
    /// What it needs of a task or request besides weights and targets; empty: nothing.
    public let needs: String
    /// Takes the arguments of a call and makes the rule.
    let make: @Sendable (inout RuleCall, RebalancingTask) throws(RuleError) -> any Rule

    init(
      _ usage: String, _ summary: String, needs: String = "",
      make: @escaping @Sendable (inout RuleCall, RebalancingTask) throws(RuleError) -> any Rule
    ) {
      self.usage = usage
      self.summary = summary
      self.needs = needs
      self.make = make
    }

    /// The name before the parentheses.
    public var name: String { String(usage.prefix { $0 != "(" && $0 != "[" }) }
  }

  /// All kinds of rules.
  public static let entries =
    plainEntries + bandEntries + eventEntries + gateEntries + modelEntries

  /// Makes the rule that a text names.
  ///
  /// - Parameters:
  ///   - text: `rule:NAME` or `rule:NAME(ARGUMENTS)`; the prefix may be left out. An argument may be a
  ///     rule.
  ///   - task: what the rule is for; some rules depend on its costs.
  /// - Throws: where the text names no rule, its arguments do not fit, or the task lacks what the rule
  ///   needs.
  public static func rule(
    _ text: String, for task: RebalancingTask
  ) throws(RuleError) -> any Trigger {
    let rule = try made(text, for: task)
    for fact in rule.needs.facts {
      if let obstacle = task.obstacle(to: fact) {
        throw RuleError("\(rule.name): it needs \(fact.rawValue): \(obstacle)")
      }
    }
    return rule
  }

  static func made(_ text: String, for task: RebalancingTask) throws(RuleError) -> any Rule {
    var call = try RuleCall(text)
    guard let entry = entries.first(where: { $0.name == call.function }) else {
      let names = entries.map(\.name).joined(separator: ", ")
      throw RuleError("\(text): no rule is called “\(call.function)”; there are \(names)")
    }
    call.usage = entry.usage
    let rule = try entry.make(&call, task)
    try call.finish()
    return rule
  }
}

extension RebalancingTask {
  /// Why a fact says nothing in a task, with the key that would change it; `nil` where it does.
  public func obstacle(to fact: Fact) -> String? {
    switch fact {
    case .volatilityIndex, .volatilityIndexRise:
      market.constantCovariance == nil
        ? nil
        : "the volatility of \(id) never changes; `market: garch`, `regimes`, `bootstrap` or "
          + "`historical` have one that does"
    case .regimeProbability, .oracleRegime:
      market.regimeCount > 0
        ? nil : "the market of \(id) has no regimes; `market: regimes` has them"
    case .pendingFlow:
      flows.schedules.isEmpty
        ? "nothing flows by schedule in \(id); `deposit` or `withdrawal` make it" : nil
    case .inflow:
      flows.isEmpty && !(market.paysDividends && payment.cash != nil)
        ? "nothing flows in \(id); `deposit` or dividends make it" : nil
    default: nil
    }
  }
}
