import Deployment
public import Foundation
public import Rebalancing

/// A portfolio at one moment, and what it would look like with other weights.
public struct ExplainedState: Sendable {
  /// The portfolio as it is.
  public let snapshot: PortfolioSnapshot
  /// Where it comes from, for people.
  public let origin: String
  /// The same moment with other weights of sum 1; value and dates are as they are.
  let holding: @Sendable ([Double]) -> PortfolioSnapshot

  /// The moment before step `step` of an episode that the policy plays.
  ///
  /// - Parameters:
  ///   - step: counted from 0; the policy's first decision to trade if absent, or step 0 where it
  ///     makes none.
  ///   - weights: replaces those of the moment.
  /// - Throws: where the task has no such episode or step, or weights are no portfolio.
  public init(
    _ task: RebalancingTask, policy: any Trigger, seed: UInt64, episode: UInt32 = 0,
    step: Int? = nil, weights: [Double]? = nil
  ) throws(SpecError) {
    try Simulation.check(task, episode, longest: 1_000_000)
    if let step, !(0..<task.horizon).contains(step) {
      throw SpecError(
        file: task.id, "step \(step) is given, 0 to \(task.horizon - 1) are valid")
    }
    let game = Self.play(task.informing(policy), policy, seed, episode, to: step)
    if let step, game.step != step {
      throw SpecError(
        file: task.id,
        "step \(step) is given, the episode ends before: nothing is left to decide on")
    }
    let place = "step \(game.step) of episode \(episode), seed \(seed)"
    guard let weights else {
      self.init(game, game.snapshot, "\(place) under the policy")
      return
    }
    try Self.check(weights, task)
    self.init(game, game.snapshot(holding: weights), "given weights, all else as at \(place)")
  }

  /// A decision request with the facts that the policy needs; the rest of it, facts too, stays as it is
  /// when weights vary.
  public init(request: Data, for task: RebalancingTask, policy: any Trigger) throws {
    let snapshot = try PortfolioSnapshot(request: request, for: task.assets)
    let facts = try SnapshotFacts(FactConstants(task))
    let whole = try snapshot.completed(by: facts, needing: policy.needs.facts)
    self.snapshot = whole
    origin = "a request"
    holding = { whole.holding($0) }
  }

  private init(
    _ game: RebalancingEnvironment<Double>, _ snapshot: PortfolioSnapshot, _ origin: String
  ) {
    self.snapshot = snapshot
    self.origin = origin
    holding = { game.snapshot(holding: $0) }
  }

  private static func play(
    _ task: RebalancingTask, _ policy: any Trigger, _ seed: UInt64, _ episode: UInt32,
    to step: Int?
  ) -> RebalancingEnvironment<Double> {
    var game = RebalancingEnvironment<Double>(task, copy: episode)
    _ = game.reset(seed: seed)
    let start = game
    while !game.hasEnded, game.step != step {
      let decision = policy.decide(game.snapshot)
      if step == nil, decision.action != .none { return game }
      _ = game.advance(decision)
    }
    return game.hasEnded ? start : game
  }

  private static func check(
    _ weights: [Double], _ task: RebalancingTask
  ) throws(SpecError) {
    let given = weights.map { "\($0)" }.joined(separator: ",")
    guard weights.count == task.assets.count else {
      throw SpecError(
        file: task.id,
        "weights \(given): \(task.assets.count) are needed, one for each of "
          + task.assets.joined(separator: ", "))
    }
    guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }),
      abs(weights.reduce(0, +) - 1) < 1e-9
    else {
      throw SpecError(file: task.id, "weights \(given): numbers of 0 or more of sum 1 are valid")
    }
  }
}

extension PortfolioSnapshot {
  /// The same moment with other weights; gains stay the share of each holding that they were.
  fileprivate func holding(_ weights: [Double]) -> PortfolioSnapshot {
    var other = self
    let value = value
    other.holdings = weights.map { $0 * value }
    other.basis = basis.map { basis in
      basis.indices.map {
        holdings[$0] > 0 ? basis[$0] / holdings[$0] * other.holdings[$0] : other.holdings[$0]
      }
    }
    return other
  }
}
