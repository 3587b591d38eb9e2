public import Learning
import Markets
public import Rebalancing

/// A learned policy behind the interface of the rules: observe, score, take the best action; or
/// observe and do what an actor says.
///
/// The observation comes from the builder that the environment used in training, the scores from the
/// fixed-order forward pass of evaluation: a decision has the same bits in a back-test and in
/// production. A snapshot that cannot be observed is answered with no action.
public struct LearnedTrigger: Trigger {
  public let name: String
  /// What scores the actions.
  public let policy: LearnedPolicy
  /// What the policy sees.
  public let observation: ObservationBuilder
  /// Fraction of the way to target per action; empty where actions are a box.
  public let actions: [Double]
  /// What an action says.
  public let family: ActionFamily

  /// - Throws: where policy, observation and actions do not fit together.
  public init(
    name: String, policy: LearnedPolicy, observation: ObservationBuilder, actions: [Double],
    family: ActionFamily = .list
  ) throws(PolicyMismatch) {
    let count =
      switch family {
      case .list: actions.count
      case .fraction: 1
      case .destination: observation.assetCount
      }
    guard policy.observationSize == observation.size, policy.actionCount == count else {
      throw PolicyMismatch(
        description: "the policy maps \(policy.observationSize) numbers to "
          + "\(policy.actionCount) actions; \(observation.size) numbers and \(count) "
          + "actions are described")
    }
    guard policy.isActor == (family != .list) else {
      throw PolicyMismatch(
        description: "actions are \(family.rawValue), the policy is "
          + (policy.isActor ? "an actor: fraction or destination is valid" : "none: list is valid"))
    }
    self.family = family
    self.name = name
    self.policy = policy
    self.observation = observation
    self.actions = actions
  }

  public var needs: TriggerNeeds { TriggerNeeds(facts: observation.facts) }

  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    do throws(ObservationBuilder.MissingField) {
      let observed = try observation.observe(snapshot)
      guard family == .destination else { return decide(observation: observed) }
      return decide(destinationAt: observed, snapshot)
    } catch {
      return .invalid("\(error)", .schema)
    }
  }

  /// The decision at an observation.
  func decide(observation: [Float]) -> TriggerDecision {
    guard observation.allSatisfy(\.isFinite) else {
      return .invalid("an observation is not finite", .notFinite)
    }
    if family == .fraction {
      guard let fraction = policy.values(observation)?.first else {
        return .invalid("the policy's answer is not finite", .notFinite)
      }
      return TriggerDecision(
        fraction: Double(fraction), reasons: ["the policy says this fraction"],
        scores: [fraction])
    }
    let scores = policy.scores(observation)
    guard let action = LearnedPolicy.greedyAction(ofScores: scores) else {
      return .invalid("a score is not finite", .notFinite)
    }
    return TriggerDecision(
      fraction: actions[action], reasons: ["action \(action) has the best score"], scores: scores)
  }
}

extension LearnedTrigger {
  /// The decision to trade to an actor's weights, v = a⁺ / Σ a⁺.
  private func decide(
    destinationAt observation: [Float], _ snapshot: PortfolioSnapshot
  ) -> TriggerDecision {
    guard let values = policy.values(observation) else {
      return .invalid("the observation or the policy's answer is not finite", .notFinite)
    }
    let wanted = values.map { max(Double($0), 0) }
    let sum = wanted.reduce(0, +)
    guard sum > 0 else { return .noAction("the policy says no weights") }
    return TriggerDecision(
      destination: wanted.map { $0 / sum }, from: snapshot.weights, targets: snapshot.targets,
      reasons: ["the policy says these weights"], scores: values)
  }
}

/// Parts of a policy that do not belong together.
public struct PolicyMismatch: Error, CustomStringConvertible, Sendable {
  public let description: String
}
