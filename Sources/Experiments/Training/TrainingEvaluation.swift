import Learning
import Rebalancing

/// How good the greedy policy was at a point of its training, on sampled paths of its environment.
///
/// All evaluations of a training play the same paths, which no training plays, so their differences
/// are the policy's. `rebalance evaluate` plays others: the best of many scores on few paths is too
/// good, and is to be measured again there.
public struct TrainingEvaluation: Codable, Sendable, Hashable {
  /// Environment steps of training before it.
  public var steps: Int
  public var episodes: Int
  public var seed: UInt64
  /// Mean reward per step, what the agent maximises; the best checkpoint has the largest.
  public var meanReward: Double
  /// Of the mean reward, over episodes.
  public var standardError: Double
  /// Transaction, tax and drift cost, in basis points of value per year.
  public var cost: Double

  enum CodingKeys: String, CodingKey {
    case steps, episodes, seed
    case meanReward = "mean_reward"
    case standardError = "standard_error"
    case cost = "cost_bp_per_year"
  }

  /// Which paths are played, how many and how often.
  public struct Plan: Sendable, Hashable {
    /// Environment steps between two evaluations.
    public var interval: Int
    /// Paths, one episode each.
    public var episodes: Int
    /// The seed of the paths.
    public var seed: UInt64
    /// Far from the seeds that trainings and `rebalance evaluate` take.
    public static let usualSeed: UInt64 = 2_000_000

    public init(interval: Int, episodes: Int = 20, seed: UInt64 = usualSeed) {
      self.interval = interval
      self.episodes = episodes
      self.seed = seed
    }
  }

  /// Plays a policy.
  init(_ policy: LearnedPolicy, on task: RebalancingTask, steps: Int, _ plan: Plan) throws {
    let trigger = try PolicyReference.policy(policy, name: "greedy", trainedOn: task)
    let sampled = SampledEvaluation(
      task, policies: [trigger], episodes: plan.episodes, seed: plan.seed, workers: 1)
    let row = sampled.policies[0]
    self.steps = steps
    episodes = sampled.episodes
    seed = plan.seed
    meanReward = row.reward.mean
    standardError = row.reward.standardError
    cost = row.cost.mean
  }

  /// Whether it is the better one of two on the same paths.
  func isBetter(than other: TrainingEvaluation?) -> Bool {
    other.map { meanReward > $0.meanReward } ?? meanReward.isFinite
  }
}
