public import Gym
public import Markets

/// A rebalancing problem, complete: market, costs, taxes, actions, observation and episode.
///
/// It is what an environment simulates, an agent learns and an oracle solves; made from a
/// specification file in `envs/`.
public struct RebalancingTask: Sendable {
  /// `name-vN`; a change that alters results makes a new N.
  public var id: String
  /// Names, one per asset.
  public var assets: [String]
  /// w*, target weight per asset; they sum to 1.
  public var targets: [Double]
  /// Where returns come from.
  public var market: Market<Double>
  /// The asset whose volatility is the volatility index where the market brings none.
  public var volatilityReference = 0
  /// Decisions per year, 1/Δt.
  public var stepsPerYear: Double
  /// Steps until an episode is truncated.
  public var horizon: Int
  /// The date of step 0 in synthetic markets.
  public var startDate: CalendarDate
  /// Fractions of the way to target, one per action; the first is 0. Empty where actions are a box.
  public var actions: [Double]
  /// What an action says.
  public var actionFamily = ActionFamily.list
  /// What trading costs, and which trades are done.
  public var costs: TradingCosts
  /// Where costs and tax are taken from.
  public var payment: Payment
  /// Net asset value at an episode's start, in currency.
  public var initialValue: Double
  /// Prices per unit at an episode's start, in currency, one per asset.
  public var initialPrices: [Double]
  /// Deposits and withdrawals.
  public var flows: CashFlows
  /// Whether a further action, after the fractions, trades nothing and harvests losses.
  public var hasHarvestAction: Bool
  /// What being away from the target costs.
  public var driftCost: DriftCost
  /// How realised gains are taxed.
  public var tax: TaxModel
  /// What of the portfolio's return enters the reward.
  public var returnCapture: ReturnCapture
  /// The reward is multiplied by this.
  public var rewardScale: Double
  /// Half-life of the observed trend, in steps.
  public var trendHalfLife = 20.0
  /// Steps over which the rise of the volatility index is taken.
  public var volatilityRiseSteps = 5
  /// What an agent sees.
  public var observation: ObservationBuilder
  /// Facts that snapshots bring besides the observed ones, for triggers that need them.
  public var snapshotFacts: [Fact] = []
  /// What the batched environment does at an episode's end.
  public var autoreset: Autoreset
  /// The arithmetic of the batched environment.
  public var precision: Precision

  /// Arithmetic of weights, costs and rewards; net asset value is always kept in `Double`.
  public enum Precision: String, Sendable, Hashable, CaseIterable {
    case double, float
  }

  public init(
    id: String, assets: [String], targets: [Double], market: Market<Double>, stepsPerYear: Double,
    horizon: Int, startDate: CalendarDate, actions: [Double], costs: TradingCosts,
    driftCost: DriftCost, tax: TaxModel = .none, returnCapture: ReturnCapture = .none,
    rewardScale: Double = 1, observation: ObservationBuilder, autoreset: Autoreset = .sameStep,
    precision: Precision = .double, payment: Payment = .proRata, initialValue: Double = 1,
    initialPrices: [Double]? = nil, flows: CashFlows = CashFlows(),
    hasHarvestAction: Bool = false
  ) {
    self.id = id
    self.assets = assets
    self.targets = targets
    self.market = market
    self.stepsPerYear = stepsPerYear
    self.horizon = horizon
    self.startDate = startDate
    self.actions = actions
    self.costs = costs
    self.driftCost = driftCost
    self.tax = tax
    self.returnCapture = returnCapture
    self.rewardScale = rewardScale
    self.observation = observation
    self.autoreset = autoreset
    self.precision = precision
    self.payment = payment
    self.initialValue = initialValue
    self.initialPrices = initialPrices ?? assets.map { _ in 1 }
    self.flows = flows
    self.hasHarvestAction = hasHarvestAction
  }

  /// Number of actions; 0 where they are a box.
  public var actionCount: Int { actions.count + (hasHarvestAction ? 1 : 0) }

  /// Whether a trade is more than proportional costs and a flat tax, both paid pro rata.
  public var needsAccount: Bool {
    payment != .proRata || tax.lots != nil || costs.proportionalPerUnit == nil
      || !flows.isEmpty || market.paysDividends || market.hasInterruptions
      || market.changesSpreads
  }

  /// Whether anything depends on what was paid for the assets.
  var needsBasis: Bool {
    needsAccount || tax.averageCostRate != 0 || !facts.isEmpty
      || observation.features.contains(.unrealizedGain)
  }

  /// The facts of a snapshot: the observed ones, then the others.
  var facts: [Fact] {
    observation.facts + snapshotFacts.filter { !observation.facts.contains($0) }
  }

  /// The same task with snapshots that bring what a trigger needs.
  public func informing(_ trigger: some Trigger) -> RebalancingTask {
    var task = self
    task.snapshotFacts += trigger.needs.facts.filter { !snapshotFacts.contains($0) }
    return task
  }

  /// Numbers per portfolio that lots and tax position take; 0 without lots.
  var ledgerCount: Int {
    tax.lots.map { $0.layout(assets: assets.count).count + TaxPosition<Double>.count } ?? 0
  }

  /// Volatility indices that are remembered.
  var pastIndexCount: Int { facts.contains(.volatilityIndexRise) ? volatilityRiseSteps : 0 }

  /// Dates of the synthetic markets.
  public var clock: StepClock { StepClock(start: startDate, stepsPerYear: stepsPerYear) }

  /// The first and the last day that an episode may meet.
  var dates: (first: CalendarDate, last: CalendarDate) {
    market.dates ?? (startDate, clock.date(step: horizon))
  }

  /// The closed-form half-width of the first asset, where the formula's conditions hold.
  public var closedFormHalfWidth: Double? {
    costs.proportionalPerUnit.flatMap {
      Rebalancing.closedFormHalfWidth(targets: targets, costPerUnit: $0, driftCost: driftCost)
    }
  }
}

/// The cost per step of weights `d` away from the target, with Σ per year and Δt in years.
public enum DriftCost: Sendable, Hashable, Codable {
  /// (γ/2) dᵀΣd Δt: the certainty-equivalent loss.
  case quadratic(riskAversion: Double)
  /// λ √(dᵀΣd) Δt: the annualised tracking error in proportion.
  case trackingError(weight: Double)
}

/// What of the portfolio's return enters the reward, gross of costs.
public enum ReturnCapture: String, Sendable, Hashable, CaseIterable {
  /// Nothing: the costs alone, with little noise.
  case none
  /// The return minus that of a portfolio at its target weights.
  case active
  /// The return.
  case simple
  /// log(1 + return).
  case log
}
