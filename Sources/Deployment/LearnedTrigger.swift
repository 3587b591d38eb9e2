public import Learning
import Markets
public import Rebalancing

/// A learned policy behind the interface of the rules: observe, score, take the best action.
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
  /// Fraction of the way to target per action.
  public let actions: [Double]

  /// - Throws: where policy, observation and actions do not fit together.
  public init(
    name: String, policy: LearnedPolicy, observation: ObservationBuilder, actions: [Double]
  ) throws(PolicyMismatch) {
    guard policy.observationSize == observation.size, policy.actionCount == actions.count else {
      throw PolicyMismatch(
        description: "the policy maps \(policy.observationSize) numbers to "
          + "\(policy.actionCount) actions; \(observation.size) numbers and \(actions.count) "
          + "actions are described")
    }
    self.name = name
    self.policy = policy
    self.observation = observation
    self.actions = actions
  }

  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    do throws(ObservationBuilder.MissingField) {
      return decide(observation: try observation.observe(snapshot))
    } catch {
      return .noAction("invalid_input: \(error)")
    }
  }

  /// The decision at an observation.
  func decide(observation: [Float]) -> TriggerDecision {
    guard observation.allSatisfy(\.isFinite) else {
      return .noAction("invalid_input: an observation is not finite")
    }
    let scores = policy.scores(observation)
    guard let action = LearnedPolicy.greedyAction(ofScores: scores) else {
      return .noAction("invalid_input: a score is not finite")
    }
    return TriggerDecision(
      fraction: actions[action], reasons: ["action \(action) has the best score"], scores: scores)
  }
}

/// Parts of a policy that do not belong together.
public struct PolicyMismatch: Error, CustomStringConvertible, Sendable {
  public let description: String
}
