public import Foundation
import Markets
public import Rebalancing

/// An answer to a decision request, as JSON has it.
public struct DecisionResponse: Codable, Sendable, Hashable {
  public var action: TriggerDecision.Action
  /// How far of the way from the present weights to the target.
  public var fraction: Double
  /// Currency to buy (positive) or sell per asset, before costs.
  public var trades: [String: Double]
  public var weights: [String: Double]
  public var reasons: [String]
  /// What has vetoed or shrunk it, in order; empty for a plain decision.
  public var reasonCodes: [ReasonCode]
  /// One per action of the policy.
  public var scores: [Float]
  public var policy: Policy
  public var date: String
  /// True while a trade is being put off: the next requests then say since when, `waiting_since`.
  public var waiting: Bool?

  /// Who decided.
  public struct Policy: Codable, Sendable, Hashable {
    public var name: String
    public var version: String
    /// SHA-256 of the weights.
    public var sha256: String
    public init(name: String, version: String, sha256: String) {
      (self.name, self.version, self.sha256) = (name, version, sha256)
    }
  }

  enum CodingKeys: String, CodingKey {
    case action, fraction, trades, weights, reasons, scores, policy, date, waiting
    case reasonCodes = "reason_codes"
  }
}

/// A request that is refused before any inference, and what is wrong with it.
public struct RequestError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
  /// `invalid_input`, and the guard that refused it.
  public let codes: [ReasonCode]
  init(_ description: String, _ code: ReasonCode = .schema) {
    self.description = description
    codes = [.invalidInput, code]
  }
}

/// What answers decision requests.
public protocol RequestDecider: Sendable {
  /// Decides on a request, a `PortfolioSnapshot` in JSON.
  ///
  /// - Throws: where the request is malformed, incomplete, not finite or not for this policy.
  func decide(request: Data) throws(RequestError) -> DecisionResponse
}

extension PolicyBundle: RequestDecider {
  /// Who decides.
  public var identity: DecisionResponse.Policy {
    .init(
      name: manifest.name, version: manifest.version,
      sha256: manifest.files[Self.policyName] ?? "")
  }

  /// Decides on a request, a `PortfolioSnapshot` in JSON.
  ///
  /// - Throws: where the request is malformed, incomplete, not finite or not for this policy.
  public func decide(request: Data) throws(RequestError) -> DecisionResponse {
    let snapshot = try Self.snapshot(request)
    let trigger: LearnedTrigger
    do { trigger = try self.trigger() } catch { throw RequestError("\(error)") }
    do { _ = try trigger.observation.observe(snapshot) } catch { throw RequestError("\(error)") }
    let decision = trigger.decide(snapshot)
    guard let scores = decision.scores else {
      throw RequestError(decision.reasons.joined(separator: "; "))
    }
    return DecisionResponse(decision, for: snapshot, by: identity, scores: scores)
  }

  /// The snapshot in a request, valid and finite.
  package static func snapshot(_ request: Data) throws(RequestError) -> PortfolioSnapshot {
    if let place = nonFiniteLiteral(in: request) { throw RequestError(place) }
    let snapshot: PortfolioSnapshot
    do {
      try rejectUnknownKeys(request)
      snapshot = try JSONDecoder().decode(PortfolioSnapshot.self, from: request)
    } catch let error as RequestError {
      throw error
    } catch let error as DecodingError {
      throw RequestError(error.sentence)
    } catch {
      throw RequestError("not a request: \(error)")
    }
    if let defect = snapshot.defect { throw RequestError(defect) }
    return snapshot
  }

  private static func rejectUnknownKeys(_ request: Data) throws {
    guard let object = try? JSONSerialization.jsonObject(with: request) as? [String: Any] else {
      return
    }
    let valid = PortfolioSnapshot.fieldNames
    if let other = object.keys.sorted().first(where: { !valid.contains($0) }) {
      throw RequestError(
        "\(other): there is no such field; there are \(valid.joined(separator: ", "))")
    }
  }

  /// Where JSON text has NaN, Infinity or a number too large to be finite, outside of strings.
  private static func nonFiniteLiteral(in request: Data) -> String? {
    var line = 1
    var isText = false
    var word = ""
    var isEscaped = false
    for byte in request + [UInt8(ascii: " ")] {
      let character = Character(UnicodeScalar(byte))
      defer { if byte == UInt8(ascii: "\n") { line += 1 } }
      if isText {
        if character == "\"", !isEscaped { isText = false }
        isEscaped = character == "\\" && !isEscaped
      } else if character.isLetter || character.isNumber || "+-.".contains(character) {
        word.append(character)
      } else {
        if let number = Double(word), !number.isFinite {
          return "line \(line): \(word) is not a finite number"
        }
        word = ""
        isText = character == "\""
      }
    }
    return nil
  }
}

extension DecisionResponse {
  /// The answer that a decision is; trades are before costs.
  init(
    _ decision: TriggerDecision, for snapshot: PortfolioSnapshot, by policy: Policy,
    scores: [Float]
  ) {
    let value = snapshot.value
    let trades =
      if let destination = decision.destination {
        zip(snapshot.holdings, destination).map { $1 * value - $0 }
      } else {
        zip(snapshot.holdings, snapshot.targets).map {
          decision.fraction == 0 ? 0 : decision.fraction * ($1 * value - $0)
        }
      }
    self.init(
      action: decision.action, fraction: decision.fraction,
      trades: Dictionary(uniqueKeysWithValues: zip(snapshot.assets, trades)),
      weights: Dictionary(uniqueKeysWithValues: zip(snapshot.assets, snapshot.weights)),
      reasons: decision.reasons, reasonCodes: decision.codes, scores: scores, policy: policy,
      date: snapshot.date.description, waiting: decision.isWaiting ? true : nil)
  }
}

/// Decides on requests by a rule, as a bundle does by a learned policy.
public struct RuleService: RequestDecider {
  private let rule: any Trigger

  public init(_ rule: any Trigger) { self.rule = rule }

  /// Decides on a request, a `PortfolioSnapshot` in JSON.
  ///
  /// - Throws: where the request is malformed, not finite or lacks what the rule needs.
  public func decide(request: Data) throws(RequestError) -> DecisionResponse {
    let snapshot = try PolicyBundle.snapshot(request)
    do throws(RuledPortfolio.Defect) {
      _ = try RuledPortfolio(snapshot, for: rule.needs)
    } catch { throw RequestError(error.description) }
    return DecisionResponse(
      rule.decide(snapshot), for: snapshot,
      by: .init(name: rule.name, version: "rule", sha256: ""), scores: [])
  }
}

extension DecodingError {
  /// The field and what is wrong with it.
  fileprivate var sentence: String {
    switch self {
    case .keyNotFound(let key, let context):
      "\((context.codingPath + [key]).dotted): missing"
    case .typeMismatch(let type, let context):
      context.codingPath.isEmpty
        ? "a JSON object is expected" : "\(context.codingPath.dotted): \(type) is expected"
    case .valueNotFound(let type, let context):
      "\(context.codingPath.dotted): null, \(type) is expected"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "not JSON: \(context.underlyingError.map { "\($0)" } ?? context.debugDescription)"
        : "\(context.codingPath.dotted): \(context.debugDescription)"
    @unknown default: "\(self)"
    }
  }
}

extension [any CodingKey] {
  fileprivate var dotted: String {
    reduce("") { path, key in
      key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? "" : path + ".") + key.stringValue
    }
  }
}
