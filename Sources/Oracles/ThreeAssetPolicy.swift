public import Rebalancing

/// The decisions of a solved three-asset programme, for an environment of the same problem whose
/// episodes have one step more than the programme has months (the first stands at the target).
///
/// It reads the weights and the fact `steps_left`; its answer is a destination over any trade, a
/// fraction over fractions.
public struct ThreeAssetPolicy: Trigger {
  public let name: String
  public let programme: ThreeAssetProgramme

  public init(_ programme: ThreeAssetProgramme, name: String = "oracle:three-asset") {
    self.programme = programme
    self.name = name
  }

  public var needs: TriggerNeeds { TriggerNeeds(facts: [.stepsLeft]) }

  public func decide(_ snapshot: PortfolioSnapshot) -> TriggerDecision {
    let months = programme.problem.months
    guard let left = snapshot.facts?[Fact.stepsLeft.rawValue]?.first else {
      return .noAction("the months left are not known")
    }
    let weights = snapshot.weights
    guard weights.count == 3 else { return .noAction("three assets are needed") }
    let before = SIMD3(weights)
    let after = programme.decision(
      months: max(0, min(months, Int((left * Double(months + 1)).rounded()))), weights: before)
    if after == before { return .noAction("inside the region of no trade") }
    if case .fractions = programme.actions {
      let way = programme.problem.target - before
      let along = (way * (after - before)).sum() / (way * way).sum()
      return TriggerDecision(fraction: along, reasons: ["the optimal fraction"])
    }
    return TriggerDecision(
      destination: [after.x, after.y, after.z], from: weights, targets: snapshot.targets,
      reasons: ["the optimal destination"])
  }
}
