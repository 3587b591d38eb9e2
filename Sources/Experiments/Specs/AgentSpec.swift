import Foundation
public import Learning

/// The specification of an agent or rule: a strict YAML file in `agents/`.
public struct AgentSpec: Sendable {
  /// What learns, or decides without learning.
  public enum Algorithm: Sendable {
    case ppo(PPOConfiguration)
    case dqn(DQNConfiguration)
    case tabular(TabularConfiguration)
    /// Value or policy iteration over the environment's law.
    case planner(PlannerConfiguration)
    /// Cross-entropy search over a rule's parameters.
    case crossEntropy(CrossEntropyConfiguration, RuleTemplate)
    case postDecision(PostDecisionValueConfiguration)
    /// A rule's text as in `rule:band(0.05)`.
    case rule(String)
  }

  public let algorithm: Algorithm
  /// The specification with its overrides and the defaults of absent keys.
  public let resolved: SpecValue

  private enum Kind: String, CaseIterable {
    case ppo, dqn
    case qLearning = "q_learning"
    case sarsa
    case expectedSarsa = "expected_sarsa"
    case doubleQ = "double_q"
    case valueIteration = "value_iteration"
    case policyIteration = "policy_iteration"
    case crossEntropy = "cross_entropy"
    case postDecision = "post_decision"
    case rule
  }

  /// The algorithms that learn.
  static var learning: String {
    Kind.allCases.filter { $0 != .rule }.map(\.rawValue).joined(separator: ", ")
  }

  /// Reads a file.
  ///
  /// - Parameter overrides: `key=value` each.
  public init(path: String, overrides: [String] = []) throws {
    try self.init(try SpecValue(yaml: path).setting(overrides, file: path), file: path)
  }

  /// Reads a resolved specification.
  public init(_ value: SpecValue, file: String) throws {
    var reader = try SpecReader(value, file: file)
    let kind: Kind = try reader.choice("algorithm")
    switch kind {
    case .rule:
      algorithm = .rule(try reader.string("rule"))
      try reader.finish()
      resolved = value
    case .ppo:
      (algorithm, resolved) = try Self.read(value, reader) { .ppo($0) }
    case .dqn:
      (algorithm, resolved) = try Self.read(value, reader) { .dqn($0) }
    case .qLearning, .sarsa, .expectedSarsa, .doubleQ:
      (algorithm, resolved) = try Self.read(value, reader) { .tabular($0) }
    case .valueIteration, .policyIteration:
      (algorithm, resolved) = try Self.read(value, reader) { .planner($0) }
    case .crossEntropy:
      let template = try RuleTemplate(&reader)
      (algorithm, resolved) = try Self.read(value, reader) { .crossEntropy($0, template) }
    case .postDecision:
      (algorithm, resolved) = try Self.read(value, reader) { .postDecision($0) }
    }
  }

  /// Environment steps of a whole training; 0 for a rule.
  public var totalSteps: Int {
    switch algorithm {
    case .ppo(let configuration): configuration.totalSteps
    case .dqn(let configuration): configuration.totalSteps
    case .tabular(let configuration): configuration.totalSteps
    case .planner(let configuration): configuration.totalSteps
    case .crossEntropy(let configuration, _): configuration.totalSteps
    case .postDecision(let configuration): configuration.totalSteps
    case .rule: 0
    }
  }

  /// Reads a configuration strictly; gives the algorithm made of it and the specification with the
  /// defaults of absent keys.
  private static func read<C: LearningConfiguration>(
    _ value: SpecValue, _ reader: SpecReader, _ make: (C) -> Algorithm
  ) throws -> (Algorithm, SpecValue) {
    var reader = reader
    for key in C.keys { _ = reader.has(key) }
    try reader.finish()
    let configuration: C = try decode(value, reader)
    do throws(LearningConfigurationError) { try configuration.validate() } catch {
      throw SpecError(file: reader.file, error.description)
    }
    let all = try JSONDecoder().decode(SpecValue.self, from: JSONEncoder().encode(configuration))
    return (make(configuration), all.merging(value))
  }

  private static func decode<C: LearningConfiguration>(
    _ value: SpecValue, _ reader: SpecReader
  ) throws -> C {
    var reader = reader
    let defaults = try JSONDecoder().decode(SpecValue.self, from: JSONEncoder().encode(C()))
    func decoded(_ value: SpecValue) throws -> C {
      try JSONDecoder().decode(C.self, from: try defaults.merging(value).canonicalJSON())
    }
    do { return try decoded(value) } catch {
      // The value that does not fit fails alone, too.
      for key in C.keys {
        guard let part = reader.optional(key) else { continue }
        do { _ = try decoded(SpecValue(.map([key: part]))) } catch {
          throw reader.fault(key, "\(part.content.words) is given, \(valid(error))")
        }
      }
      throw error
    }
  }

  /// What a decoder expected.
  private static func valid(_ error: any Error) -> String {
    switch error {
    case DecodingError.typeMismatch(let type, _): "\(type) is expected"
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
      context.debugDescription
    default: "another kind of number is expected"
    }
  }
}
