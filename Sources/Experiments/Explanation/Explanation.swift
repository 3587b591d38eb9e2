import Deployment
public import Markets
import Oracles
public import Rebalancing

/// Why a policy acts at a state: what it decides there and around it, what is optimal, and which rule
/// decides most like it.
public struct Explanation: Sendable, Encodable {
  public var environment: String
  public var policy: String
  public var state: State
  public var decision: Decision
  /// Along the asset that is farthest from its target, the first of two.
  public var line: DecisionLine
  /// Over the two assets that are farthest from their targets; `nil` with two assets.
  public var plane: DecisionPlane?
  /// Where the task is an exactly solvable chain.
  public var optimum: Optimum?
  /// The rules that decide most like the policy, the nearest first.
  public var rules: [RuleAgreement]
  /// Rules of the catalogue, of which those are the nearest.
  public var comparedRules: Int
  /// States on which they are compared.
  public var comparedStates: Int

  /// The portfolio.
  public struct State: Sendable, Encodable {
    public var origin: String
    public var date: CalendarDate
    /// In currency.
    public var value: Double
    public var assets: [String]
    public var weights: [Double]
    public var targets: [Double]

    enum CodingKeys: String, CodingKey {
      case origin, date, value, assets, weights
      case targets = "target_weights"
    }
  }

  /// What is done at the state.
  public struct Decision: Sendable, Encodable {
    public var action: String
    public var fraction: Double
    /// Weights after it, before costs.
    public var destination: [Double]
    public var reasons: [String]
    /// What the actions are worth to a learned policy, in their order.
    public var scores: [Score]?
  }

  /// An action and what it is worth, in the policy's own unit.
  public struct Score: Sendable, Encodable {
    public var action: String
    public var score: Float
  }

  /// What is optimal in the long run, over the environment's actions and over any trade.
  public struct Optimum: Sendable, Encodable {
    public var noTrade: [Double]
    public var fullTradeBelow: Double?
    public var fullTradeAbove: Double?
    public var unrestrictedNoTrade: [Double]
    /// Where it goes when it trades a part.
    var step: Step

    /// A trade that does not go all of the way.
    enum Step: Sendable, Hashable {
      case toEdge
      case fraction(Double)
      /// Of several fractions, which one is not said.
      case several
    }

    enum CodingKeys: String, CodingKey {
      case noTrade = "no_trade"
      case fullTradeBelow = "full_trade_below"
      case fullTradeAbove = "full_trade_above"
      case unrestrictedNoTrade = "unrestricted_no_trade"
    }
  }

  enum CodingKeys: String, CodingKey {
    case policy, state, decision, line, plane, optimum, rules
    case environment = "env"
    case comparedRules = "compared_rules"
    case comparedStates = "compared_states"
  }

  /// Rules that are kept of the catalogue.
  private static let kept = 5

  /// Places along each side of the plane.
  private static let cells = 65

  /// - Parameters:
  ///   - seed: of the episodes on which rules are compared.
  public init(
    _ task: RebalancingTask, policy: any Trigger, at state: ExplainedState, seed: UInt64
  ) throws {
    let snapshot = state.snapshot
    let decided = policy.decide(snapshot)
    if let fault = decided.reasons.first(where: { $0.hasPrefix("invalid_input") }) {
      throw SpecError(file: policy.name, fault)
    }
    environment = task.id
    self.policy = policy.name
    self.state = State(
      origin: state.origin, date: snapshot.date, value: snapshot.value, assets: snapshot.assets,
      weights: snapshot.weights, targets: snapshot.targets)
    decision = Decision(decided, at: snapshot, by: policy)
    let order = Self.farthest(snapshot)
    line = DecisionLine(order[0], around: state) { policy.decide($0) }
    if order.count > 2 {
      plane = DecisionPlane(
        (order[0], order[1]), around: state,
        columns: Self.window(order[0], snapshot, line),
        rows: Self.window(order[1], snapshot, line)
      ) { policy.decide($0) }
    }
    optimum = Optimum(task)
    let candidates = RuleCandidates.rules(for: task)
    let informed = candidates.reduce(task.informing(policy)) { $0.informing($1) }
    let visited = VisitedStates(informed, policy, seed: seed)
    comparedRules = candidates.count
    comparedStates = visited.snapshots.count
    let agreements = candidates.map { visited.agreement(of: $0) }
    rules = Array(agreements.sorted { $0.isNearer(than: $1) }.prefix(Self.kept))
  }

  /// Assets from the farthest off its target to the nearest; of two the first leads.
  private static func farthest(_ snapshot: PortfolioSnapshot) -> [Int] {
    let deviations = snapshot.deviations
    guard deviations.count > 2 else { return Array(deviations.indices) }
    return deviations.indices.sorted {
      let (a, b) = (abs(deviations[$0]), abs(deviations[$1]))
      return a == b ? $0 < $1 : a > b
    }
  }

  /// Weights around the target that show the state and the edges of no trade.
  private static func window(
    _ asset: Int, _ snapshot: PortfolioSnapshot, _ line: DecisionLine
  ) -> [Double] {
    let range = shownRange(
      target: snapshot.targets[asset], here: snapshot.weights[asset],
      halfWidth: line.halfWidth ?? 0.05)
    return weightGrid(range, Self.cells)
  }
}

extension Explanation.Optimum {
  /// `nil` where the task has no exact solution.
  init?(_ task: RebalancingTask) {
    guard let chain = try? TwoAssetChain(task),
      let free = try? chain.solve(.unrestricted),
      let own = task.actions.isEmpty ? free : try? chain.solve(.fractions(task.actions))
    else { return nil }
    noTrade = [own.noTrade.lowerBound, own.noTrade.upperBound]
    (fullTradeBelow, fullTradeAbove) = (own.fullTradeBelow, own.fullTradeAbove)
    unrestrictedNoTrade = [free.noTrade.lowerBound, free.noTrade.upperBound]
    let partial = task.actions.filter { $0 > 0 && $0 < 1 }
    step = task.actions.isEmpty ? .toEdge : partial.count == 1 ? .fraction(partial[0]) : .several
  }
}

extension DecisionLine {
  /// How far the farther edge of the no-trade region is from the target; `nil` where there is none.
  var halfWidth: Double? {
    noTrade.map { max(target - $0.lowerBound, $0.upperBound - target) }
  }
}

/// Weights, symmetric around the target, that show a state and a region twice over.
func shownRange(target: Double, here: Double, halfWidth: Double) -> ClosedRange<Double> {
  let reach = max(1.15 * abs(here - target), 1.9 * halfWidth, 0.02)
  return max(target - reach, 0)...min(target + reach, 1)
}

extension Explanation.Decision {
  fileprivate init(
    _ decision: TriggerDecision, at snapshot: PortfolioSnapshot, by policy: any Trigger
  ) {
    action = decision.action.rawValue
    fraction = decision.fraction
    destination =
      decision.destination
      ?? zip(snapshot.weights, snapshot.targets).map { $0 + decision.fraction * ($1 - $0) }
    reasons = decision.reasons
    guard let learned = policy as? LearnedTrigger, learned.family == .list,
      let given = decision.scores
    else { return }
    scores = zip(learned.actions, given).map {
      Explanation.Score(action: $0 == 0 ? "none" : "\(($0 * 100).fixed(0)) %", score: $1)
    }
  }
}
