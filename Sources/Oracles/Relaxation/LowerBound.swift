import Algebra
public import Rebalancing

/// A lower bound on the expected cost of an episode under any policy that does not know the future.
///
/// Transaction and drift cost of `horizon` steps from the target, each step's as a fraction of its
/// value; nothing is charged at the end. Covered are tasks with proportional costs paid pro rata,
/// quadratic drift cost and normal returns (`log_ratio`, `normal`, `lognormal`, `regimes`), without
/// tax, flows, dividends and filters; any long-only weights may be traded to, and the regime counts as
/// known, so what a policy may do or see less does not matter. Path k is sample k of
/// `SampledEvaluation` under the same seed. See `InformationRelaxation` for why it is one.
public struct LowerBound: Sendable {
  /// Steps per episode.
  public let horizon: Int
  /// Steps per year.
  public let stepsPerYear: Double
  /// The bound of each path, as a fraction of value, summed over the episode.
  public let costs: [Double]
  /// What a policy that may be played costs on the same paths: the optimum lies between.
  public let referenceCosts: [Double]

  /// - Parameters:
  ///   - episodes: paths; the standard error falls as 1/√episodes, the width does not.
  ///   - workers: threads; the result does not depend on it.
  /// - Throws: where the task has something that is not covered; the message names the key.
  public init(
    _ task: RebalancingTask, episodes: Int, seed: UInt64, workers: Int = 2
  ) throws(NoLowerBound) {
    try self.init(task, effort: Effort(), episodes: episodes, seed: seed, workers: workers)
  }

  /// - Throws: where a task has something that is not covered; the message names the key.
  public static func check(_ task: RebalancingTask) throws(NoLowerBound) {
    _ = try RelaxedTask(task)
  }

  /// How much is done to make the bound tight.
  package struct Effort: Sendable {
    /// Mirrored pairs of draws for the expectation of a step.
    package var pairs = 8
    /// Steps of the ascent of a path's prices at most.
    package var ascentSteps = 400
    package init() {}
  }

  package init(
    _ task: RebalancingTask, effort: Effort, episodes: Int, seed: UInt64, workers: Int
  ) throws(NoLowerBound) {
    let covered = try RelaxedTask(task)
    let relaxation: InformationRelaxation
    do { relaxation = try InformationRelaxation(covered, effort) } catch {
      throw NoLowerBound(task, "correlation", "some assets move nearly as one: \(error)")
    }
    horizon = task.horizon
    stepsPerYear = task.stepsPerYear
    let source = RandomSource(seed: seed)
    var pairs = [(bound: Double, reference: Double)](repeating: (0, 0), count: episodes)
    forEachConcurrently(in: &pairs, workers: workers) { copy, pair in
      let path = relaxation.path(copy: UInt32(copy), source: source)
      pair = (relaxation.bound(path), path.cost)
    }
    costs = pairs.map(\.bound)
    referenceCosts = pairs.map(\.reference)
  }

  /// Mean of the bound, in basis points per year.
  public var mean: Double { RunningStatistics(costs).mean * unit }
  /// Standard error of the mean, in basis points per year.
  public var standardError: Double { RunningStatistics(costs).standardError * unit }
  /// Basis points per year of a sum over an episode.
  public var unit: Double { 1e4 * stepsPerYear / Double(horizon) }
}
