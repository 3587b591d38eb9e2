import Gym
public import Rebalancing

/// A task for people and programs: its spaces, its market, and what its steps cost.
public struct TaskDescription: Sendable, Encodable {
  public var environment: String
  public var assets: [Asset]
  public var observationSpace: ObservationSpace
  public var actionSpace: ActionSpace
  public var market: Market
  /// Costs of trading, the same for several assets once.
  public var costs: [String]
  public var driftCost: String
  public var reward: String
  public var tax: String
  public var payment: String
  public var flows: String
  public var episode: Episode

  /// One asset.
  public struct Asset: Sendable, Encodable {
    public var name: String
    public var target: Double
    enum CodingKeys: String, CodingKey {
      case name
      case target = "target_weight"
    }
  }

  /// A box, one column per number.
  public struct ObservationSpace: Sendable, Encodable {
    public var type = "box"
    public var columns: [Column]
  }

  /// One number of an observation; `nil` for a bound at infinity.
  public struct Column: Sendable, Encodable {
    public var name: String
    public var unit: String
    public var low: Double?
    public var high: Double?

    enum CodingKeys: CodingKey { case name, unit, low, high }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(unit, forKey: .unit)
      // Bounds that are not there are said to be null.
      try container.encode(low, forKey: .low)
      try container.encode(high, forKey: .high)
    }
  }

  /// The actions, in the order of their numbers.
  public struct ActionSpace: Sendable, Encodable {
    /// `discrete`, or `box` of numbers from 0 to 1.
    public var type = "discrete"
    /// Empty for a box.
    public var actions: [Action]
    /// What the numbers of a box mean, one each.
    public var dimensions: [String] = []
  }

  /// One action.
  public struct Action: Sendable, Encodable {
    public var action: Int
    /// How far of the way to the target it goes.
    public var fraction: Double
    public var meaning: String
  }

  /// Where returns come from.
  public struct Market: Sendable, Encodable {
    public var model: String
    public var summary: String
    /// Per asset, where it is the same at all times.
    public var volatilities: [Double]?
    enum CodingKeys: String, CodingKey {
      case model, summary
      case volatilities = "volatility_per_year"
    }
  }

  /// How long an episode is and how it goes on.
  public struct Episode: Sendable, Encodable {
    public var stepsPerYear: Double
    public var horizon: Int
    public var autoreset: String
    public var precision: String
    public var initialValue: Double
    enum CodingKeys: String, CodingKey {
      case autoreset, precision
      case stepsPerYear = "steps_per_year"
      case horizon = "horizon_steps"
      case initialValue = "initial_value"
    }
  }

  enum CodingKeys: String, CodingKey {
    case assets, market, costs, reward, tax, payment, flows, episode
    case environment = "env"
    case observationSpace = "observation_space"
    case actionSpace = "action_space"
    case driftCost = "drift_cost"
  }

  public init(_ task: RebalancingTask) {
    environment = task.id
    assets = zip(task.assets, task.targets).map { Asset(name: $0, target: $1) }
    observationSpace = ObservationSpace(
      columns: task.observation.columns.map {
        Column(
          name: $0.name, unit: $0.unit, low: $0.low.isFinite ? Double($0.low) : nil,
          high: $0.high.isFinite ? Double($0.high) : nil)
      })
    actionSpace =
      switch task.actionFamily {
      case .list: ActionSpace(actions: Self.actions(task))
      case .fraction:
        ActionSpace(type: "box", actions: [], dimensions: ["fraction of the way to the target"])
      case .destination:
        ActionSpace(
          type: "box", actions: [], dimensions: task.assets.map { "post-trade weight of \($0)" })
      }
    market = Market(
      model: task.market.model, summary: task.market.summary(stepsPerYear: task.stepsPerYear),
      volatilities: task.market.volatilities)
    costs = task.costs.descriptions(task.assets)
    driftCost = task.driftCost.summary
    reward = task.rewardSummary
    tax = task.tax.summary
    payment = task.payment.summary(task.assets)
    flows = task.flows.summary
    episode = Episode(
      stepsPerYear: task.stepsPerYear, horizon: task.horizon, autoreset: task.autoreset.rawValue,
      precision: task.precision.rawValue, initialValue: task.initialValue)
  }

  private static func actions(_ task: RebalancingTask) -> [Action] {
    let fractions = task.actions.enumerated().map { index, fraction in
      let meaning =
        fraction == 0
        ? "no action"
        : fraction == 1 ? "to the target" : "\(fraction.percent) of the way to the target"
      return Action(action: index, fraction: fraction, meaning: meaning)
    }
    guard task.hasHarvestAction else { return fractions }
    return fractions + [
      Action(action: fractions.count, fraction: 0, meaning: "harvest losses, trade nothing else")
    ]
  }
}

/// A task in one line of a list.
public struct TaskOutline: Sendable, Encodable {
  public var id: String
  public var assetCount: Int
  public var market: String
  public var stepsPerYear: Double
  public var horizon: Int
  /// The proportional costs in bp, `+` where there are others.
  public var costs: String
  public var tax: String

  enum CodingKeys: String, CodingKey {
    case id, market, costs, tax
    case assetCount = "assets"
    case stepsPerYear = "steps_per_year"
    case horizon = "horizon_steps"
  }

  public init(_ task: RebalancingTask) {
    (id, assetCount, market) = (task.id, task.assets.count, task.market.model)
    (stepsPerYear, horizon) = (task.stepsPerYear, task.horizon)
    (costs, tax) = (task.costs.brief, task.tax.brief)
  }

  /// What stands above `cells` in a table.
  public static let headings = [
    "environment", ">assets", "market", ">/year", ">steps", ">costs", "tax",
  ]

  /// The outline in a table of 80 columns.
  public var cells: [String] {
    [
      id.clipped(26), "\(assetCount)", market, stepsPerYear.short, "\(horizon)", costs.clipped(8),
      tax.clipped(8),
    ]
  }
}
