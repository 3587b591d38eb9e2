import Algebra
public import Deployment
public import Markets
import Rebalancing
import Statistics

/// A challenger in the shadow of a champion: how often it disagrees, and what each other decision would
/// have cost.
///
/// The champion acts, and its path is the realised one. At each disagreement the same path is played to
/// its end once more, with the challenger's decision in that one step and the champion's in all later
/// ones; the difference is what that decision would have saved. Disagreements are priced each by
/// itself, so they do not sum to what changing the policy would save: that is
/// `saving`, of both policies in charge from the first step of the same paths.
public struct ShadowReport: Sendable, Encodable {
  /// The challenger.
  public var policy: DecisionResponse.Policy
  public var champion: DecisionResponse.Policy
  public var environment: String
  /// SHA-256 of the environment's resolved specification.
  public var environmentDigest: String
  public var seed: UInt64
  public var episodes: Int
  public var firstDate: CalendarDate
  public var lastDate: CalendarDate
  /// A sample of the intervals: `episode` or `calendar_year`.
  public var sample: String
  public var requests: Int
  public var disagreements: Int
  /// Requests that the challenger gave no valid answer to.
  public var faults: Int
  public var byKind: [Kind]
  /// The challenger's cost below the champion's, both in charge of the same paths.
  public var saving: Saving
  /// What all other decisions together would have saved, each priced by itself.
  public var singleDecisions: Saving
  public var decisions: [Disagreement]

  /// Basis points of value per year with a 95 % interval over samples.
  public struct Saving: Sendable, Hashable, Encodable {
    public var mean: Double
    public var low: Double
    public var high: Double
  }

  /// The disagreements with the same two actions.
  public struct Kind: Sendable, Hashable, Encodable {
    public var kind: String
    public var count: Int
    /// Of these, those where the other decision would have been cheaper.
    public var cheaper: Int
    /// Sum of what the other decisions would have saved, in basis points of value.
    public var saving: Double

    enum CodingKeys: String, CodingKey {
      case kind, count, cheaper
      case saving = "saving_bp"
    }
  }

  /// One request on which the two do not say the same.
  public struct Disagreement: Sendable, Hashable, Encodable {
    public var episode: UInt32
    public var step: Int
    public var date: CalendarDate
    public var kind: String
    public var championFraction: Double
    public var challengerFraction: Double
    /// What the other decision would have saved, summed over the rest of the path.
    public var gain: Attribution.Contribution

    enum CodingKeys: String, CodingKey {
      case episode, step, date, kind, gain
      case championFraction = "champion_fraction"
      case challengerFraction = "challenger_fraction"
    }
  }

  enum CodingKeys: String, CodingKey {
    case policy, champion, seed, episodes, sample, requests, disagreements, faults, decisions
    case environment = "env"
    case environmentDigest = "env_sha256"
    case firstDate = "first_date"
    case lastDate = "last_date"
    case byKind = "by_kind"
    case saving = "saving_bp_per_year"
    case singleDecisions = "single_decisions_bp_per_year"
  }
}

extension ShadowReport {
  /// Lets a challenger run in the shadow of a champion.
  ///
  /// - Parameters:
  ///   - episodes: paths; ignored, and 1, on data that is replayed from a fixed day.
  /// - Throws: where an episode is too long to be played once per disagreement.
  public init(
    _ place: EnvironmentSpec, champion: ShadowParty, challenger: ShadowParty, episodes: Int,
    seed: UInt64, workers: Int = 2
  ) throws {
    let task = place.task
    try Simulation.check(task, 0, longest: 100_000)
    let count = task.isReplayedFromFixedDay ? 1 : episodes
    var plays = (0..<UInt32(count)).map {
      ShadowPlay(
        task.informing(champion.trigger).informing(challenger.trigger),
        ShadowTrigger(champion: champion.trigger, challenger: challenger.trigger), seed: seed,
        episode: $0)
    }
    forEachConcurrently(in: &plays, workers: workers) { _, play in play.run() }
    let evaluation = SampledEvaluation(
      task, policies: [champion.trigger, challenger.trigger], episodes: episodes, seed: seed,
      workers: workers)
    (policy, self.champion) = (challenger.identity, champion.identity)
    (environment, environmentDigest) = (task.id, place.sha256)
    (self.seed, self.episodes) = (seed, count)
    (firstDate, lastDate) = (evaluation.firstDate, evaluation.lastDate)
    sample = evaluation.sample
    decisions = plays.flatMap(\.disagreements)
    requests = plays.reduce(0) { $0 + $1.requests }
    faults = plays.reduce(0) { $0 + $1.faults }
    disagreements = decisions.count
    byKind = Self.kinds(decisions)
    saving = Self.saving(evaluation)
    singleDecisions = try Self.rate(plays.flatMap(\.samples), task, seed: seed)
  }

  /// In falling number.
  private static func kinds(_ decisions: [Disagreement]) -> [Kind] {
    let groups = Dictionary(grouping: decisions, by: \.kind)
    return groups.map { kind, members in
      let gains = members.map(\.gain.basisPoints.total)
      return Kind(
        kind: kind, count: members.count, cheaper: gains.count { $0 > 0 },
        saving: gains.reduce(0, +))
    }.sorted { ($1.count, $0.kind) < ($0.count, $1.kind) }
  }

  private static func saving(_ evaluation: SampledEvaluation) -> Saving {
    let pair = evaluation.pairs[0]
    return Saving(
      mean: pair.difference.mean, low: pair.interval.first ?? .nan,
      high: pair.interval.last ?? .nan)
  }

  /// Basis points per year: a ratio of sums over samples.
  private static func rate(
    _ samples: [ShadowPlay.Sample], _ task: RebalancingTask, seed: UInt64
  ) throws -> Saving {
    let perYear = task.stepsPerYear
    let tables = [
      try ScoreTable([samples.map(\.steps)]), try ScoreTable([samples.map(\.saving)]),
    ]
    let bootstrap = Bootstrap(source: RandomSource(seed: seed), resampling: .items)
    let interval = try bootstrap.interval(of: tables) { $0[1].mean / $0[0].mean * perYear }
    return Saving(mean: interval.estimate, low: interval.low, high: interval.high)
  }
}
