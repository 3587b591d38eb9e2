import Algebra
public import Markets
public import Rebalancing

/// One episode of one policy, step by step.
///
/// Episode `k` is the path that `SampledEvaluation` plays as its sample `k` under the same seed.
public struct Simulation: Sendable, Encodable {
  public var environment: String
  public var policy: String
  public var seed: UInt64
  public var episode: UInt32
  public var assets: [String]
  public var targets: [Double]
  /// Half-width of the policy's band around each target, in weight; `nil` for other policies.
  public var band: [Double]?
  public var steps: [Step]
  public var end: End
  public var totals: Totals

  /// What was seen before a step, what was decided, and what came of it.
  public struct Step: Sendable, Encodable {
    /// Counted from 0.
    public var step: Int
    public var date: CalendarDate
    /// Net asset value before the trade, in currency.
    public var value: Double
    /// Price per asset before the trade, 1 at the start; dividends are not in it.
    public var prices: [Double]
    /// Weight per asset before the trade.
    public var weights: [Double]
    /// How far of the way to the target the policy goes.
    public var fraction: Double
    /// One-way turnover, a fraction of value.
    public var turnover: Double
    /// Terms of the cost, basis points of value.
    public var drift: Double
    public var transaction: Double
    public var tax: Double
    public var reward: Double
    public var portfolioReturn: Double
    /// Deposits less withdrawals at the step's end, in currency.
    public var flow: Double
    /// Net asset value after the step, in currency.
    public var valueAfter: Double

    enum CodingKeys: String, CodingKey {
      case step, date, value, prices, weights, fraction, turnover, reward, flow
      case drift = "drift_bp"
      case transaction = "transaction_bp"
      case tax = "tax_bp"
      case portfolioReturn = "portfolio_return"
      case valueAfter = "value_after"
    }
  }

  /// The portfolio after the last step.
  public struct End: Sendable, Encodable {
    public var date: CalendarDate
    public var value: Double
    public var prices: [Double]
    /// `nil` where nothing is left.
    public var weights: [Double]?
  }

  /// Sums over the episode.
  public struct Totals: Sendable, Encodable {
    public var steps = 0
    public var trades = 0
    public var turnover = 0.0
    public var drift = 0.0
    public var transaction = 0.0
    public var tax = 0.0
    public var reward = 0.0
    /// Largest error of the bookkeeping identity over all steps, relative.
    public var identityError = 0.0

    enum CodingKeys: String, CodingKey {
      case steps, trades, turnover, reward
      case drift = "drift_bp"
      case transaction = "transaction_bp"
      case tax = "tax_bp"
      case identityError = "identity_error"
    }
  }

  enum CodingKeys: String, CodingKey {
    case policy, seed, episode, assets, band, steps, end, totals
    case environment = "env"
    case targets = "target_weights"
  }

  /// Numbers that an episode may have per quantity: beyond, nobody reads it.
  private static let longest = 10_000_000

  /// Plays an episode with the scalar environment in `Double`.
  ///
  /// - Throws: where the task has no such episode, or one too long to be listed.
  public init(
    _ task: RebalancingTask, policy: any Trigger, seed: UInt64, episode: UInt32 = 0
  ) throws(SpecError) {
    try Self.check(task, episode, longest: Self.longest / task.assets.count)
    var game = RebalancingEnvironment<Double>(task.informing(policy), copy: episode)
    _ = game.reset(seed: seed)
    environment = task.id
    self.policy = policy.name
    self.seed = seed
    self.episode = episode
    (assets, targets) = (task.assets, task.targets)
    band =
      (policy as? BandRule)?.halfWidths(targets: task.targets)
      ?? (policy as? AssetBandRule)?.halfWidths(targets: task.targets)
    steps = []
    totals = Totals()
    var prices = task.assets.map { _ in 1.0 }
    while !game.hasEnded {
      let before = game.snapshot
      let decision = policy.decide(before)
      let outcome = game.advance(decision)
      steps.append(Step(steps.count, before, prices, decision.fraction, outcome))
      totals.add(outcome)
      let returns = game.snapshot.lastLogReturns ?? []
      prices = zip(prices, returns).map { $0 * Double.exp($1) }
    }
    end = End(
      date: game.date, value: game.value, prices: prices,
      weights: game.value > 0 ? game.snapshot.weights : nil)
  }

  /// Refuses an episode that the task does not have, or of more steps than can be listed.
  static func check(
    _ task: RebalancingTask, _ episode: UInt32, longest valid: Int
  ) throws(SpecError) {
    if case .historical(let market) = task.market, market.start == .fixed, episode > 0 {
      throw SpecError(
        file: task.id,
        "episode \(episode) is given, data that is replayed from a fixed day has one: 0")
    }
    guard task.horizon <= valid else {
      throw SpecError(
        file: task.id,
        "an episode of \(task.horizon) steps is too long to be listed, up to \(valid) are valid: "
          + "--set horizon_steps=\(valid)")
    }
  }
}

extension Simulation.Step {
  fileprivate init(
    _ step: Int, _ before: PortfolioSnapshot, _ prices: [Double], _ fraction: Double,
    _ outcome: StepOutcome
  ) {
    self.init(
      step: step, date: before.date, value: outcome.valueBefore, prices: prices,
      weights: before.weights, fraction: fraction, turnover: outcome.turnover,
      drift: outcome.driftCost * 1e4, transaction: outcome.transactionCost * 1e4,
      tax: outcome.taxCost * 1e4, reward: outcome.reward,
      portfolioReturn: outcome.portfolioReturn, flow: outcome.flow,
      valueAfter: outcome.valueAfter)
  }
}

extension Simulation.Totals {
  fileprivate mutating func add(_ outcome: StepOutcome) {
    steps += 1
    trades += outcome.isTrade ? 1 : 0
    turnover += outcome.turnover
    drift += outcome.driftCost * 1e4
    transaction += outcome.transactionCost * 1e4
    tax += outcome.taxCost * 1e4
    reward += outcome.reward
    identityError = max(identityError, outcome.identityError)
  }
}
