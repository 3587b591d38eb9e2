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
      let configuration: PPOConfiguration = try Self.decode(
        value, PPOConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .ppo(configuration)
      resolved = try Self.complete(value, configuration)
    case .dqn:
      let configuration: DQNConfiguration = try Self.decode(
        value, DQNConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .dqn(configuration)
      resolved = try Self.complete(value, configuration)
    case .qLearning, .sarsa, .expectedSarsa, .doubleQ:
      let configuration: TabularConfiguration = try Self.decode(
        value, TabularConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .tabular(configuration)
      resolved = try Self.complete(value, configuration)
    case .valueIteration, .policyIteration:
      let configuration: PlannerConfiguration = try Self.decode(
        value, PlannerConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .planner(configuration)
      resolved = try Self.complete(value, configuration)
    case .crossEntropy:
      let template = try RuleTemplate(&reader)
      let configuration: CrossEntropyConfiguration = try Self.decode(
        value, CrossEntropyConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .crossEntropy(configuration, template)
      resolved = try Self.complete(value, configuration)
    case .postDecision:
      let configuration: PostDecisionValueConfiguration = try Self.decode(
        value, PostDecisionValueConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .postDecision(configuration)
      resolved = try Self.complete(value, configuration)
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

  private static func decode<T: Decodable>(
    _ value: SpecValue, _ keys: [String], _ reader: SpecReader
  ) throws -> T {
    var reader = reader
    for key in keys { _ = reader.has(key) }
    try reader.finish()
    do { return try JSONDecoder().decode(T.self, from: try value.canonicalJSON()) } catch {
      // The value that does not fit fails alone, too.
      for key in keys {
        guard let part = reader.optional(key) else { continue }
        do {
          let alone = SpecValue(.map([key: part]))
          _ = try JSONDecoder().decode(T.self, from: try alone.canonicalJSON())
        } catch {
          throw reader.fault(key, "\(part.content.words) is given, \(Self.valid(error))")
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

  /// A specification with the keys that a configuration has besides.
  private static func complete(
    _ value: SpecValue, _ configuration: some Encodable
  ) throws -> SpecValue {
    let all = try JSONDecoder().decode(SpecValue.self, from: JSONEncoder().encode(configuration))
    guard case .map(let given) = value.content, case .map(let defaults) = all.content else {
      return value
    }
    return SpecValue(.map(defaults.merging(given) { _, given in given }))
  }

  private static func validate(_ file: String, _ check: () throws -> Void) throws {
    do { try check() } catch let error as LearningConfigurationError {
      throw SpecError(file: file, error.description)
    }
  }
}
