public import Markets
public import Rebalancing

/// What each trade of a policy was worth on one path, against not having done it.
///
/// Path k follows the policy up to its k-th decision to trade and never trades after; a decision's
/// contribution is path k minus path k − 1. Path 0 is `never` and the last one the policy itself, so
/// contributions sum to the whole difference: an early trade is credited with all that would have
/// followed from it alone, a later one with what it changed of that. K decisions cost K partial
/// episodes.
///
/// Episode `k` is the path of `SampledEvaluation`'s sample `k` under the same seed. Portfolios are
/// compared as they are held at the end: tax not yet due is no cost.
public struct Attribution: Sendable, Encodable {
  public var environment: String
  public var policy: String
  public var seed: UInt64
  public var episode: UInt32
  public var steps: Int
  /// Net asset value at the end without any trade, in currency.
  public var neverValue: Double
  /// Net asset value at the policy's end, in currency.
  public var policyValue: Double
  /// In the order of time.
  public var decisions: [Decision]
  /// The policy minus never, of the two whole paths.
  public var total: Contribution

  /// A decision to trade, and what came of it.
  public struct Decision: Sendable, Hashable, Encodable {
    /// Counted from 0.
    public var step: Int
    public var date: CalendarDate
    /// Net asset value before the trade, in currency.
    public var value: Double
    /// One-way turnover, a fraction of value.
    public var turnover: Double
    /// Why, in the policy's words.
    public var reasons: [String]
    public var contribution: Contribution
  }

  /// What one path is better than another; negative where it is worse.
  public struct Contribution: Sendable, Hashable, Encodable {
    /// Each step's terms in basis points of its value, summed.
    public var basisPoints = Terms()
    /// The same, each step's in currency. Drift is a price of risk, not cash.
    public var money = Terms()
    /// What the market paid more on what was held, in currency.
    public var market = 0.0
    /// Net asset value at the end, in currency: market + money.transaction + money.tax.
    public var wealth = 0.0

    enum CodingKeys: String, CodingKey {
      case money, market, wealth
      case basisPoints = "bp"
    }
  }

  /// The terms of the cost, as gains: what was saved of each.
  public struct Terms: Sendable, Hashable, Encodable {
    public var drift = 0.0
    public var transaction = 0.0
    public var tax = 0.0
    public var total: Double { drift + transaction + tax }
  }

  enum CodingKeys: String, CodingKey {
    case policy, seed, episode, steps, decisions, total
    case environment = "env"
    case neverValue = "never_value"
    case policyValue = "policy_value"
  }

  /// Steps that an episode may have: every decision plays the rest of it.
  private static let longest = 100_000

  /// Plays the policy, and from each of its trades on a path that never trades again.
  ///
  /// - Throws: where the task has no such episode, or one too long.
  public init(
    _ task: RebalancingTask, policy: any Trigger, seed: UInt64, episode: UInt32 = 0
  ) throws(SpecError) {
    try Simulation.check(task, episode, longest: Self.longest)
    var game = RebalancingEnvironment<Double>(task.informing(policy), copy: episode)
    _ = game.reset(seed: seed)
    var path = Contribution()
    let never = path.following(game)
    var last = never
    environment = task.id
    self.policy = policy.name
    self.seed = seed
    self.episode = episode
    (steps, decisions) = (0, [])
    while !game.hasEnded {
      let (date, decision) = (game.date, policy.decide(game.snapshot))
      let outcome = game.advance(decision)
      path.add(outcome)
      if decision.action != .none {
        let next = path.following(game)
        decisions.append(
          Decision(
            step: steps, date: date, value: outcome.valueBefore, turnover: outcome.turnover,
            reasons: decision.reasons, contribution: next - last))
        last = next
      }
      steps += 1
    }
    path.wealth = game.value
    total = path - never
    (neverValue, policyValue) = (never.wealth, game.value)
  }
}

extension Attribution.Contribution {
  /// Takes in a step: costs are negative gains.
  mutating func add(_ outcome: StepOutcome) {
    let value = outcome.valueBefore
    basisPoints.add(outcome, times: 1e4)
    money.add(outcome, times: value)
    market +=
      value * (1 - outcome.transactionCost - outcome.taxCost) * outcome.portfolioReturn
  }

  /// This path, gone to its end without a further trade. The environment is a value: the policy's own
  /// is not touched, and the market is the same for both.
  fileprivate func following(_ start: RebalancingEnvironment<Double>) -> Self {
    var (path, game) = (self, start)
    while !game.hasEnded { path.add(game.advance(fraction: 0)) }
    path.wealth = game.value
    return path
  }

  static func + (a: Self, b: Self) -> Self {
    Self(
      basisPoints: a.basisPoints + b.basisPoints, money: a.money + b.money,
      market: a.market + b.market, wealth: a.wealth + b.wealth)
  }

  static func - (a: Self, b: Self) -> Self {
    Self(
      basisPoints: a.basisPoints - b.basisPoints, money: a.money - b.money,
      market: a.market - b.market, wealth: a.wealth - b.wealth)
  }
}

extension Attribution.Terms {
  fileprivate mutating func add(_ outcome: StepOutcome, times scale: Double) {
    drift -= outcome.driftCost * scale
    transaction -= outcome.transactionCost * scale
    tax -= outcome.taxCost * scale
  }

  static func + (a: Self, b: Self) -> Self {
    Self(
      drift: a.drift + b.drift, transaction: a.transaction + b.transaction, tax: a.tax + b.tax)
  }

  static func - (a: Self, b: Self) -> Self {
    Self(
      drift: a.drift - b.drift, transaction: a.transaction - b.transaction, tax: a.tax - b.tax)
  }
}
