package import Markets
package import Rebalancing

/// One policy after another, each from its day on: what a walk chose, each choice on its test set, with
/// one portfolio carried through all of them.
package struct SuccessivePolicies: Trigger {
  package let name: String
  /// In the order of time.
  private let stages: [(first: CalendarDate, policy: any Trigger)]
  package let needs: TriggerNeeds

  /// - Parameter stages: the first day of each policy, and the policy; at least one. Before the first
  ///   day the first one decides.
  package init(name: String, stages: [(first: CalendarDate, policy: any Trigger)]) {
    precondition(!stages.isEmpty, "a policy is needed")
    self.name = name
    self.stages = stages
    needs = stages.reduce(TriggerNeeds()) { $0.union($1.policy.needs) }
  }

  package func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    let current = stages.last { $0.first <= snapshot.date } ?? stages[0]
    return current.policy.decide(snapshot)
  }
}
