import Algebra
public import Oracles
public import Rebalancing
import Statistics

/// A certified lower bound on the cost of a task, and how far above it policies are on the same paths.
///
/// Costs are in basis points of value per year, over whole episodes from the target, with nothing
/// charged at the end: bound, optimum and policies share start, horizon and paths.
public struct BoundEvaluation: Sendable, Codable {
  public var environment: String
  public var episodes: Int
  public var seed: UInt64
  /// Steps of an episode.
  public var horizon: Int
  /// No policy that does not know the future costs less on average.
  public var lowerBound: SampledEvaluation.Estimate
  /// What the policy costs that the bound is built around, from closed forms; the optimum lies between.
  public var reference: SampledEvaluation.Estimate
  /// How much more the reference costs than the bound, in percent of it.
  public var width: Double
  /// The optimum of the episode, where it can be computed.
  public var optimum: Optimum?
  public var policies: [Row]

  /// The optimum of the two-asset chain over an episode, basis points per year.
  public struct Optimum: Sendable, Codable {
    /// Over the environment's actions; `nil` where they are a box.
    public var ownActions: Double?
    public var unrestricted: Double
    enum CodingKeys: String, CodingKey {
      case unrestricted
      case ownActions = "own_actions"
    }
  }

  /// One policy.
  public struct Row: Sendable, Codable {
    public var name: String
    public var cost: SampledEvaluation.Estimate
    /// Cost minus bound, paired by path.
    public var gap: SampledEvaluation.Estimate
    /// 95 % interval of the gap: percentiles of a bootstrap over paths.
    public var interval: [Double]
    /// The gap in percent of the bound.
    public var gapPercent: Double
    enum CodingKeys: String, CodingKey {
      case name
      case cost = "cost_bp_per_year"
      case gap = "gap_bp"
      case interval = "interval_95"
      case gapPercent = "gap_percent"
    }
  }

  enum CodingKeys: String, CodingKey {
    case episodes, seed, optimum, policies
    case environment = "env"
    case horizon = "horizon_steps"
    case lowerBound = "lower_bound_bp_per_year"
    case reference = "reference_bp_per_year"
    case width = "width_percent"
  }

  /// - Parameter workers: threads; the result does not depend on it.
  /// - Throws: where the task has something that the bound does not cover.
  public init(
    _ task: RebalancingTask, policies: [any Trigger], episodes: Int, seed: UInt64,
    workers: Int = 2
  ) throws(NoLowerBound) {
    let bound = try LowerBound(task, episodes: episodes, seed: seed, workers: workers)
    environment = task.id
    self.episodes = episodes
    self.seed = seed
    horizon = task.horizon
    func estimate(_ costs: [Double]) -> SampledEvaluation.Estimate {
      let statistics = RunningStatistics(costs)
      return SampledEvaluation.Estimate(
        mean: statistics.mean * bound.unit, standardError: statistics.standardError * bound.unit)
    }
    let lower = estimate(bound.costs)
    lowerBound = lower
    reference = estimate(bound.referenceCosts)
    width = (reference.mean / lower.mean - 1) * 100
    let bootstrap = Bootstrap(
      source: RandomSource(seed: seed), resampling: .items, workers: workers)
    let sampled = SampledEvaluation(
      task, policies: policies, episodes: episodes, seed: seed, workers: workers,
      comparesPairs: false)
    self.policies = zip(policies, sampled.samples).map { policy, samples in
      let costs = samples.map(\.cost)
      let gaps = zip(costs, bound.costs).map { $0 - $1 }
      let gap = estimate(gaps)
      let interval = try? bootstrap.interval(of: [try ScoreTable([gaps])]) { $0[0].mean }
      return Row(
        name: policy.name, cost: estimate(costs), gap: gap,
        interval: interval.map { [$0.low * bound.unit, $0.high * bound.unit] }
          ?? [gap.mean, gap.mean],
        gapPercent: gap.mean / lower.mean * 100)
    }
    guard let chain = try? TwoAssetChain(task) else { return }
    optimum = Optimum(
      ownActions: task.actions.isEmpty
        ? nil
        : chain.solve(.fractions(task.actions), horizon: task.horizon).costPerYear,
      unrestricted: chain.solve(.unrestricted, horizon: task.horizon).costPerYear)
  }
}

extension BoundEvaluation {
  /// The table that people read, at most 80 columns wide.
  public var table: String {
    var table = TextTable(["", ">cost", ">± s.e.", ">gap", ">95 % interval", ">gap %"])
    table.add(
      ["lower bound", lowerBound.mean.fixed(4), lowerBound.standardError.fixed(4), "", "", ""])
    table.add([
      "its reference", reference.mean.fixed(4), reference.standardError.fixed(4),
      (reference.mean - lowerBound.mean).fixed(4), "", width.fixed(2),
    ])
    for row in policies {
      table.add([
        shortName(row.name), row.cost.mean.fixed(4), row.cost.standardError.fixed(4),
        row.gap.mean.fixed(4), row.interval.map { $0.fixed(4) }.joined(separator: " … "),
        row.gapPercent.fixed(2),
      ])
    }
    var lines = [table.text]
    lines.append("bp per year over \(horizon) steps from the target; gap: above the lower bound")
    lines.append(
      "\(episodes) paths of seed \(seed); no policy costs less than the bound on average")
    if let optimum {
      let own = optimum.ownActions.map { "over the environment's actions \($0.fixed(4)), " } ?? ""
      lines.append("exact optimum \(own)unrestricted \(optimum.unrestricted.fixed(4))")
    }
    return lines.joined(separator: "\n")
  }
}
