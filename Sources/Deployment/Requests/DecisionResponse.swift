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

extension DecisionResponse {
  /// The answer's bytes: one line of JSON with its keys in order, the same wherever it is given.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}
