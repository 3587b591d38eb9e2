public import Foundation
public import Rebalancing

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
  /// - Throws: where the request is malformed, incomplete, contradicts itself, is not finite or not for
  ///   this policy.
  func decide(request: Data) throws(RequestError) -> DecisionResponse
}

extension PolicyBundle: RequestDecider {
  /// Who decides.
  public var identity: DecisionResponse.Policy {
    .init(name: manifest.name, version: manifest.version, sha256: manifest.policyDigest)
  }

  public func decide(request: Data) throws(RequestError) -> DecisionResponse {
    let snapshot = try complete(PortfolioSnapshot(request: request, for: schema.assets))
    let decision = try guarded.answer(snapshot)
    return DecisionResponse(
      decision, for: snapshot, by: identity, scores: decision.scores ?? [])
  }

  /// A snapshot with all that the policy sees: facts are built where the bundle has its environment's
  /// constants, and an observation that is given agrees with the one that is built.
  package func complete(
    _ snapshot: PortfolioSnapshot
  ) throws(RequestError) -> PortfolioSnapshot {
    let whole = try snapshot.completed(by: facts, needing: learned.needs.facts)
    let observation: [Float]
    do { observation = try learned.observation.observe(whole) } catch {
      throw RequestError("\(error)")
    }
    if let i = observation.firstIndex(where: { !$0.isFinite }) {
      throw RequestError(
        "\(schema.columns[i].name): from these numbers it is \(observation[i])", .notFinite)
    }
    if let given = snapshot.observation { try check(given, observation) }
    return whole
  }

  private func check(_ given: [Float], _ built: [Float]) throws(RequestError) {
    guard given.count == built.count else {
      throw RequestError(
        "observation: \(given.count) numbers, the policy sees \(built.count)", .inconsistent)
    }
    for i in built.indices
    where !SnapshotFacts.agree(Double(given[i]), Double(built[i])) {
      throw RequestError(
        "observation[\(i)] (\(schema.columns[i].name)): \(given[i]), the rest of the request makes it "
          + "\(built[i])", .inconsistent)
    }
  }
}

extension PortfolioSnapshot {
  /// The snapshot with every fact that is needed, built where constants are known.
  package func completed(
    by facts: SnapshotFacts?, needing needed: [Fact]
  ) throws(RequestError) -> PortfolioSnapshot {
    guard let facts else { return self }
    do { return try facts.complete(self, needing: needed) } catch {
      throw RequestError(error.description, error.isContradiction ? .inconsistent : .schema)
    }
  }
}

/// Decides on requests by a rule behind guards, as a bundle does by a learned policy.
public struct RuleService: RequestDecider {
  private let rule: GuardedTrigger
  private let assets: [String]
  private let facts: SnapshotFacts?

  /// A rule that knows nothing of an environment but its assets: requests bring the facts that it needs.
  ///
  /// - Parameter assets: their names, in order.
  public init(_ rule: any Trigger, assets: [String]) {
    self.init(rule, assets, nil)
  }

  /// A rule made for a task, by whose constants the facts that it needs are built.
  public init(_ rule: any Trigger, for task: RebalancingTask) throws(SnapshotDefect) {
    self.init(rule, task.assets, try SnapshotFacts(FactConstants(task)))
  }

  private init(_ rule: any Trigger, _ assets: [String], _ facts: SnapshotFacts?) {
    (self.rule, self.assets) = (GuardedTrigger(rule, assets: assets), assets)
    self.facts = facts
  }

  public func decide(request: Data) throws(RequestError) -> DecisionResponse {
    let snapshot = try PortfolioSnapshot(request: request, for: assets)
      .completed(by: facts, needing: rule.needs.facts)
    if snapshot.observation != nil {
      throw RequestError("observation: a rule sees the portfolio itself; leave it out")
    }
    return DecisionResponse(
      try rule.answer(snapshot), for: snapshot,
      by: .init(name: rule.name, version: "rule", sha256: ""), scores: [])
  }
}
