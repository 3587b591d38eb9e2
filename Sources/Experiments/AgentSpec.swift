import Foundation
public import Learning

/// The specification of an agent or rule: a strict YAML file in `agents/`.
public struct AgentSpec: Sendable {
  /// What learns, or decides without learning.
  public enum Algorithm: Sendable {
    case ppo(PPOConfiguration)
    case qLearning(QLearningConfiguration)
    case postDecision(PostDecisionValueConfiguration)
    /// A rule's text as in `rule:band(0.05)`.
    case rule(String)
  }

  public let algorithm: Algorithm
  /// The specification with its overrides.
  public let resolved: SpecValue

  private enum Kind: String, CaseIterable {
    case ppo
    case qLearning = "q_learning"
    case postDecision = "post_decision"
    case rule
  }

  /// Reads a file.
  ///
  /// - Parameter overrides: `key=value` each.
  public init(path: String, overrides: [String] = []) throws {
    try self.init(try SpecValue(yaml: path).setting(overrides, file: path), file: path)
  }

  /// Reads a resolved specification.
  public init(_ value: SpecValue, file: String) throws {
    resolved = value
    var reader = try SpecReader(value, file: file)
    let kind: Kind = try reader.choice("algorithm")
    switch kind {
    case .rule:
      algorithm = .rule(try reader.string("rule"))
      try reader.finish()
    case .ppo:
      let configuration: PPOConfiguration = try Self.decode(
        value, PPOConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .ppo(configuration)
    case .qLearning:
      let configuration: QLearningConfiguration = try Self.decode(
        value, QLearningConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .qLearning(configuration)
    case .postDecision:
      let configuration: PostDecisionValueConfiguration = try Self.decode(
        value, PostDecisionValueConfiguration.CodingKeys.allCases.map(\.rawValue), reader)
      try Self.validate(file) { try configuration.validate() }
      algorithm = .postDecision(configuration)
    }
  }

  /// Environment steps of a whole training; 0 for a rule.
  public var totalSteps: Int {
    switch algorithm {
    case .ppo(let configuration): configuration.totalSteps
    case .qLearning(let configuration): configuration.totalSteps
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

  private static func validate(_ file: String, _ check: () throws -> Void) throws {
    do { try check() } catch let error as LearningConfigurationError {
      throw SpecError(file: file, error.description)
    }
  }
}
