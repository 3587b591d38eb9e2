public import Markets
public import Rebalancing

/// Whether what happens until a day is the same whatever comes after it: the gate that a report must
/// pass.
///
/// An episode is played once. Then, at several steps, the future is exchanged: of replayed data every
/// return after the day, of a model all that is drawn from then on; the policy is made anew for the
/// changed data, so that one that was fitted to it changes with it. Until that step all that the policy
/// is told, what it decides and what the decision costs must be the same to the bit.
///
/// A policy that knows a model's seed passes, since it is not told of the other one; such a one falls
/// below the floor of ``FloorCheck``.
public struct LookAheadCheck: Sendable, Hashable, Encodable {
  public var environment: String
  public var policy: String
  /// Steps at which the future was exchanged.
  public var forks: Int
  /// Decisions that were compared.
  public var comparisons: Int
  /// The first thing that changed, with the step and the day; `nil` where nothing did.
  public var finding: Finding?
  /// Whether the policy and the environment pass.
  public var passes: Bool { finding == nil }

  /// What changed with the future.
  public struct Finding: Sendable, Hashable, Encodable, CustomStringConvertible {
    /// The step whose decision or cost changed, counted from 0, and its day.
    public var step: Int
    public var date: CalendarDate
    /// The last day whose returns were the same.
    public var fork: CalendarDate
    /// What changed, and from what to what.
    public var change: String

    public var description: String {
      "look-ahead: \(change) at step \(step), \(date), when what comes after \(fork) changed"
    }
  }

  enum CodingKeys: String, CodingKey {
    case policy, forks, finding
    case environment = "env"
    case comparisons = "decisions_compared"
  }

  /// Plays the check.
  ///
  /// - Parameters:
  ///   - forks: steps at which the future is exchanged, evenly spread over the episode; at least 1.
  ///   - policy: makes the policy for a task; called with every changed task.
  /// - Throws: what `policy` throws, and where the task is too long to be played so often.
  public init(
    _ task: RebalancingTask, forks: Int = 6, seed: UInt64 = 1_000_000,
    policy: (RebalancingTask) throws -> any Trigger
  ) throws {
    let horizon = min(task.horizon, Self.longest)
    let steps = Set((1...max(1, forks)).map { $0 * horizon / (max(1, forks) + 1) }).sorted()
    let trigger = try policy(task)
    environment = task.id
    self.policy = trigger.name
    self.forks = steps.count
    comparisons = 0
    if case .historical(let market) = task.market {
      try compareReplays(task, market, steps, seed, trigger, policy)
    } else {
      compareDraws(task, Set(steps), seed, trigger)
    }
  }

  /// Steps of a longer episode that are played.
  private static let longest = 20_000

  // MARK: - Replayed data

  private mutating func compareReplays(
    _ task: RebalancingTask, _ market: HistoricalMarket<Double>, _ forks: [Int], _ seed: UInt64,
    _ trigger: any Trigger, _ policy: (RebalancingTask) throws -> any Trigger
  ) throws {
    guard let last = forks.last else { return }
    let original = Record(task, trigger, seed, through: last)
    for fork in forks where fork < original.moments.count {
      var changed = task
      var game = RebalancingEnvironment<Double>(task)
      _ = game.reset(seed: seed)
      let day = (game.dataDay ?? 0) + fork
      changed.market = .historical(try market.withOtherFuture(after: day))
      let other = Record(changed, try policy(changed), seed, through: fork)
      for (one, two) in zip(original.moments, other.moments) {
        comparisons += 1
        guard let change = one.change(to: two) else { continue }
        finding = Finding(
          step: one.step, date: one.snapshot.date, fork: market.history.dates[day], change: change)
        return
      }
    }
  }

  // MARK: - Models

  private mutating func compareDraws(
    _ task: RebalancingTask, _ forks: Set<Int>, _ seed: UInt64, _ trigger: any Trigger
  ) {
    var game = RebalancingEnvironment<Double>(task.informing(trigger))
    _ = game.reset(seed: seed)
    for step in 0...(forks.max() ?? 0) where !game.hasEnded {
      let before = game
      let moment = Moment(step, &game, trigger)
      guard forks.contains(step) else { continue }
      comparisons += 1
      var other = before.withOtherFuture(seed: ~seed)
      guard let change = moment.change(to: Moment(step, &other, trigger)) else { continue }
      let date = moment.snapshot.date
      finding = Finding(step: step, date: date, fork: date, change: change)
      return
    }
  }
}

/// A decision: what was told, what was decided, what it cost.
private struct Moment {
  let step: Int
  let snapshot: PortfolioSnapshot
  let decision: TriggerDecision
  let outcome: StepOutcome

  /// Decides and steps.
  init(_ step: Int, _ game: inout RebalancingEnvironment<Double>, _ trigger: any Trigger) {
    self.step = step
    snapshot = game.snapshot
    decision = trigger.decide(snapshot)
    outcome = game.advance(decision)
  }

  /// What is not the same in another one, in words; the market's move is not looked at.
  func change(to other: Moment) -> String? {
    if snapshot != other.snapshot { return "what is told (\(told(other))) changed" }
    if decision != other.decision {
      return "the decision changed from \(words(decision)) to \(words(other.decision))"
    }
    let costs: [(String, KeyPath<StepOutcome, Double>)] = [
      ("transaction cost", \.transactionCost), ("tax", \.taxCost), ("drift cost", \.driftCost),
    ]
    for (name, term) in costs where outcome[keyPath: term] != other.outcome[keyPath: term] {
      return "the \(name) changed from \(outcome[keyPath: term]) to "
        + "\(other.outcome[keyPath: term]) of value"
    }
    return nil
  }

  private func words(_ decision: TriggerDecision) -> String {
    decision.action == .none ? "no action" : "\(decision.action.rawValue) (\(decision.fraction))"
  }

  /// The names of what differs.
  private func told(_ other: Moment) -> String {
    var names: [String] = []
    if snapshot.date != other.snapshot.date { names.append("date") }
    if snapshot.holdings != other.snapshot.holdings { names.append("holdings") }
    if snapshot.basis != other.snapshot.basis { names.append("basis") }
    if snapshot.lastLogReturns != other.snapshot.lastLogReturns { names.append("last returns") }
    let facts = snapshot.facts ?? [:]
    names += facts.keys.sorted().filter { facts[$0] != other.snapshot.facts?[$0] }
    return names.isEmpty ? "memory" : names.joined(separator: ", ")
  }
}

/// An episode as far as it is compared.
private struct Record {
  private(set) var moments: [Moment] = []

  init(_ task: RebalancingTask, _ trigger: any Trigger, _ seed: UInt64, through last: Int) {
    var game = RebalancingEnvironment<Double>(task.informing(trigger))
    _ = game.reset(seed: seed)
    for step in 0...last where !game.hasEnded { moments.append(Moment(step, &game, trigger)) }
  }
}
