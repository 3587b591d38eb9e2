import Foundation
import Markets
public import Rebalancing

extension TwoAssetChain {
  /// A trigger's long-run score and the fractions of the way that it goes.
  public struct TriggerScore: Sendable {
    public let score: ExactScore
    /// Whether it goes only fractions of a given list; decides which optimum it is compared with.
    public let usesOnlyGivenFractions: Bool
  }

  /// Scores any trigger that depends on the weights alone, or on them and the calendar.
  ///
  /// Where the trigger changes its mind is found by a scan of an eighth of a step's deviation and
  /// bisection; between such places it must be smooth.
  ///
  /// - Parameters:
  ///   - trigger: is asked about portfolios of `task` worth 1.
  ///   - task: the task of this chain.
  /// - Throws: where the trigger has no long-run average.
  public func score(
    _ trigger: some Trigger, in task: RebalancingTask
  ) throws(NoStationaryLaw) -> TriggerScore {
    if let calendar = trigger as? CalendarRule {
      return try TriggerScore(
        score: score(calendar), usesOnlyGivenFractions: task.actions.contains(1))
    }
    let asked = AskedTrigger(trigger: trigger, task: task)
    let breakpoints = changes(of: asked)
    let target = target
    let policy = WeightPolicy(
      destination: { w in
        let decision = asked.decision(at: w)
        return decision.destination?.first ?? w + decision.fraction * (target - w)
      },
      breakpoints: breakpoints)
    let score = try score(policy)
    let domain = try reachable(under: policy)
    let fractions = Set(
      stride(from: domain.lowerBound, through: domain.upperBound, by: deviation / 8)
        .map { asked.decision(at: weight($0)).fraction })
    return TriggerScore(
      score: score,
      usesOnlyGivenFractions: fractions.allSatisfy { task.actions.contains($0) })
  }

  private func score(_ calendar: CalendarRule) throws(NoStationaryLaw) -> ExactScore {
    let steps = stepsPerYear / Double(calendar.period.perYear)
    guard steps == steps.rounded() || steps < 1 else {
      throw NoStationaryLaw(
        description: "a \(calendar.period.rawValue) period is not a whole number of steps: "
          + "\(stepsPerYear) steps a year")
    }
    return score(toTargetEvery: max(1, Int(steps)))
  }

  /// The weights at which a trigger's decision jumps or its kind changes, and the target.
  private func changes(of asked: AskedTrigger<some Trigger>) -> [Double] {
    let places = places(on: (targetLogOdds - limit)...(targetLogOdds + limit))
    let found = decisionChanges(between: places, resolution: 1e-12) {
      asked.decision(at: weight($0))
    }
    return ([target] + found.map(weight)).sorted()
  }
}

/// A trigger as a function of the first asset's weight.
private struct AskedTrigger<T: Trigger> {
  let trigger: T
  let task: RebalancingTask

  func decision(at weight: Double) -> TriggerDecision {
    trigger.decide(
      PortfolioSnapshot(
        date: task.startDate, assets: task.assets, holdings: [weight, 1 - weight],
        targets: task.targets, lastTrade: task.startDate))
  }
}
