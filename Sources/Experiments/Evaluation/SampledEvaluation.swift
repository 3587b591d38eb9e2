import Algebra
public import Markets
public import Rebalancing
import Statistics

/// Policies scored on the same paths, sampled or replayed.
///
/// Costs are in basis points of value per year. A sample is an episode, or on a fixed replay of data a
/// calendar year of it; standard errors and intervals are over samples.
public struct SampledEvaluation: Sendable, Codable {
  public var environment: String
  public var episodes: Int
  public var seed: UInt64
  public var firstDate: CalendarDate
  public var lastDate: CalendarDate
  /// What a sample is: `episode` or `calendar_year`.
  public var sample: String
  /// `ex_ante_post_trade` on models: √E[dᵀΣd]; `realized_before_costs` on data: the annualised
  /// standard deviation of the active return of a step.
  public var trackingErrorKind: String
  public var policies: [Row]
  public var pairs: [Pair]
  /// Of each policy, what its row is the mean of; all met the same paths. Not part of the document.
  public private(set) var samples: [[PathSample]] = []
  /// Of each policy on replayed data, the return of every step after costs and taxes; else empty. Not
  /// part of the document.
  public private(set) var returns: [[Double]] = []

  /// A mean over samples with its standard error.
  public struct Estimate: Sendable, Codable {
    public var mean: Double
    public var standardError: Double
    enum CodingKeys: String, CodingKey {
      case mean
      case standardError = "standard_error"
    }
  }

  /// One policy.
  public struct Row: Sendable, Codable {
    public var name: String
    public var cost: Estimate
    public var transaction: Estimate
    public var tax: Estimate
    public var drift: Estimate
    /// What the agent of the environment maximises.
    public var reward: Estimate
    public var turnover: Estimate
    public var trackingError: Double
    public var trades: Double
    /// Trades over all episodes.
    public var tradeCount: Int
    /// Mean value at the end of an episode that begins with 1.
    public var finalValue: Double
    /// Largest error of the bookkeeping identity over all steps, relative.
    public var identityError: Double
    /// Where there is tax, means over paths of the value at the end less accrued tax and of what is
    /// left after selling everything, in currency; see ``AfterTaxValue``.
    public var valueHeld: PathEstimate?
    public var valueLiquidated: PathEstimate?
    /// The same as (V_T / V_0)^{1/T} − 1 of each path, percent per year, then the mean; absent where
    /// money flows in or out.
    public var returnHeld: PathEstimate?
    public var returnLiquidated: PathEstimate?

    enum CodingKeys: String, CodingKey {
      case name
      case cost = "cost_bp_per_year"
      case transaction = "transaction_bp"
      case tax = "tax_bp"
      case drift = "drift_bp"
      case reward = "reward_per_step"
      case turnover = "turnover_per_year"
      case trackingError = "tracking_error_bp"
      case trades = "trades_per_year"
      case tradeCount = "trades"
      case finalValue = "final_value"
      case identityError = "identity_error"
      case valueHeld = "value_held"
      case valueLiquidated = "value_liquidated"
      case returnHeld = "annual_return_held_percent"
      case returnLiquidated = "annual_return_liquidated_percent"
    }
  }

  /// Two policies on the same paths.
  public struct Pair: Sendable, Codable {
    public var first: String
    public var second: String
    /// Cost of the first minus cost of the second, basis points per year.
    public var difference: Estimate
    /// 95 % interval of the difference: percentiles of a bootstrap that draws the samples of all
    /// policies together.
    public var interval: [Double]
    /// Where there is tax, liquidated return of the first minus that of the second, basis points per
    /// year; absent where money flows in or out.
    public var liquidatedDifference: PathEstimate?
    /// 95 % interval of it, of the same bootstrap over paths; absent for one path.
    public var liquidatedInterval: [Double]?
    /// Liquidated value of the first minus that of the second, in currency.
    public var liquidatedValueDifference: PathEstimate?

    enum CodingKeys: String, CodingKey {
      case first, second
      case difference = "cost_difference_bp"
      case interval = "interval_95"
      case liquidatedDifference = "liquidated_difference_bp"
      case liquidatedInterval = "liquidated_interval_95"
      case liquidatedValueDifference = "liquidated_value_difference"
    }
  }

  enum CodingKeys: String, CodingKey {
    case episodes, seed, sample, policies, pairs
    case environment = "env"
    case firstDate = "first_date"
    case lastDate = "last_date"
    case trackingErrorKind = "tracking_error_kind"
  }

  /// Plays every policy on the same paths.
  ///
  /// - Parameters:
  ///   - episodes: paths; ignored, and 1, on data that is replayed from a fixed day.
  ///   - workers: policies are played side by side; the result does not depend on it.
  ///   - comparesPairs: whether each policy is compared with each.
  public init(
    _ task: RebalancingTask, policies: [any Trigger], episodes: Int, seed: UInt64,
    workers: Int = 2, comparesPairs: Bool = true
  ) {
    var plays = policies.map { Play(task: task, policy: $0, seed: seed) }
    let count = Play.isFixedReplay(task) ? 1 : episodes
    forEachConcurrently(in: &plays, workers: workers) { _, play in
      for episode in 0..<count { play.run(copy: UInt32(episode)) }
    }
    environment = task.id
    self.episodes = count
    self.seed = seed
    firstDate = plays.first?.firstDate ?? task.startDate
    lastDate = plays.first?.lastDate ?? task.startDate
    sample = Play.isFixedReplay(task) ? "calendar_year" : "episode"
    trackingErrorKind =
      Play.isReplay(task) ? "realized_before_costs" : "ex_ante_post_trade"
    self.policies = plays.map(\.row)
    samples = plays.map(\.samples)
    returns = plays.map(\.returns)
    pairs = []
    guard comparesPairs else { return }
    pairs = plays.indices.flatMap { i in
      plays.indices.dropFirst(i + 1).map { j in plays[i].compared(with: plays[j]) }
    }
    let intervals = Play.differenceIntervals(plays, seed: seed, workers: workers)
    for (index, interval) in intervals.enumerated() { pairs[index].interval = interval }
    let afterTax = AfterTaxPaths.differenceIntervals(
      plays.compactMap(\.afterTax), seed: seed, workers: workers)
    for (index, interval) in afterTax.enumerated() { pairs[index].liquidatedInterval = interval }
  }
}

/// One policy's way through the paths.
private struct Play: Sendable {
  let task: RebalancingTask
  let policy: any Trigger
  let seed: UInt64
  private(set) var firstDate: CalendarDate?
  private(set) var lastDate: CalendarDate?
  private(set) var samples: [PathSample] = []
  private(set) var returns: [Double] = []
  private var activeReturns = RunningStatistics()
  private var activeVariance = RunningStatistics()
  private var finalValues = RunningStatistics()
  private(set) var afterTax: AfterTaxPaths?
  private var trades = 0
  private var identityError = 0.0

  init(task: RebalancingTask, policy: any Trigger, seed: UInt64) {
    self.task = task.informing(policy)
    self.policy = policy
    self.seed = seed
    afterTax = AfterTaxPaths(task)
  }

  static func isReplay(_ task: RebalancingTask) -> Bool {
    if case .historical = task.market { true } else { false }
  }

  static func isFixedReplay(_ task: RebalancingTask) -> Bool {
    if case .historical(let market) = task.market { market.start == .fixed } else { false }
  }

  mutating func run(copy: UInt32) {
    var environment = RebalancingEnvironment<Double>(task, copy: copy)
    _ = environment.reset(seed: seed)
    firstDate = min(firstDate ?? environment.date, environment.date)
    var sample = PathSample()
    var year = environment.date.year
    while !environment.hasEnded {
      if Self.isFixedReplay(task), environment.date.year != year {
        samples.append(sample)
        sample = PathSample()
        year = environment.date.year
      }
      let decision = policy.decide(environment.snapshot)
      let outcome = environment.advance(decision)
      sample.add(outcome)
      note(outcome)
    }
    finalValues.add(environment.value)
    afterTax?.add(environment.afterTaxValue)
    if !Self.isFixedReplay(task) {
      sample.heldReturn = afterTax?.lastReturn(\.held)
      sample.liquidatedReturn = afterTax?.lastReturn(\.liquidated)
    }
    samples.append(sample)
    lastDate = max(lastDate ?? environment.date, environment.date)
  }

  private mutating func note(_ outcome: StepOutcome) {
    if outcome.isTrade { trades += 1 }
    if Self.isReplay(task) {
      let kept = 1 - outcome.transactionCost - outcome.taxCost
      returns.append(kept * (1 + outcome.portfolioReturn) - 1)
    }
    activeReturns.add(outcome.activeReturn)
    activeVariance.add(outcome.activeVariance)
    identityError = max(identityError, outcome.identityError)
  }

  var row: SampledEvaluation.Row {
    let trackingError =
      Self.isReplay(task)
      ? activeReturns.standardDeviation * task.stepsPerYear.squareRoot()
      : activeVariance.mean.squareRoot()
    let steps = samples.reduce(0) { $0 + $1.steps }
    var row = SampledEvaluation.Row(
      name: policy.name, cost: estimate(\.cost, 1e4), transaction: estimate(\.transaction, 1e4),
      tax: estimate(\.tax, 1e4), drift: estimate(\.drift, 1e4),
      reward: estimate(\.reward, 1 / task.stepsPerYear), turnover: estimate(\.turnover, 1),
      trackingError: trackingError * 1e4, trades: Double(trades) * task.stepsPerYear / steps,
      tradeCount: trades, finalValue: finalValues.mean, identityError: identityError)
    afterTax?.describe(&row)
    return row
  }

  func compared(with other: Play) -> SampledEvaluation.Pair {
    let difference = estimate(
      zip(samples, other.samples).map { ($0.cost - $1.cost, $0.steps) }, 1e4)
    var pair = SampledEvaluation.Pair(
      first: policy.name, second: other.policy.name, difference: difference,
      interval: [difference.mean, difference.mean])
    if let otherPaths = other.afterTax { afterTax?.compare(with: otherPaths, in: &pair) }
    return pair
  }

  /// The intervals of all pairs, in their order; none of a single policy, nor of costs that are not
  /// finite.
  static func differenceIntervals(_ plays: [Play], seed: UInt64, workers: Int) -> [[Double]] {
    guard plays.count > 1, let first = plays.first else { return [] }
    let perYear = first.task.stepsPerYear * 1e4
    let bootstrap = Bootstrap(
      source: RandomSource(seed: seed), resampling: .items, workers: workers)
    let columns = [first.samples.map(\.steps)] + plays.map { $0.samples.map(\.cost) }
    let intervals = try? bootstrap.intervals(of: columns.map { try ScoreTable([$0]) }) { tables in
      let means = tables.map(\.mean)
      let rates = means.dropFirst().map { $0 / means[0] * perYear }
      return rates.indices.flatMap { i in rates.dropFirst(i + 1).map { rates[i] - $0 } }
    }
    return (intervals ?? []).map { [$0.low, $0.high] }
  }

  private func estimate(
    _ term: KeyPath<PathSample, Double>, _ unit: Double
  ) -> SampledEvaluation.Estimate {
    estimate(samples.map { ($0[keyPath: term], $0.steps) }, unit)
  }

  /// The rate per year of sums over samples of different length, a ratio estimator: the error is that
  /// of the residuals from the common rate.
  private func estimate(
    _ samples: [(sum: Double, steps: Double)], _ unit: Double
  ) -> SampledEvaluation.Estimate {
    let steps = samples.reduce(0) { $0 + $1.steps }
    let rate = samples.reduce(0) { $0 + $1.sum } / steps
    let residuals = RunningStatistics(samples.map { $0.sum - rate * $0.steps })
    let perYear = task.stepsPerYear * unit
    return SampledEvaluation.Estimate(
      mean: rate * perYear,
      standardError: residuals.standardError * Double(samples.count) / steps * perYear)
  }
}
