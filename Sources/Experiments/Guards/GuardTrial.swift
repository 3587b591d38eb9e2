import Algebra
public import Deployment
public import Rebalancing

/// How often guards speak on good requests, and on those with a known fault.
public struct GuardTrial: Sendable, Encodable {
  public var environment: String
  public var policy: String
  public var seed: UInt64
  /// Good requests on held-out paths.
  public var requests = 0
  /// Of those, the ones refused or handed to the fallback rule.
  public var falsePositives = 0
  public var faults: [Row] = []

  /// One fault.
  public struct Row: Sendable, Encodable {
    public var fault: String
    /// Requests that it changes.
    public var requests = 0
    /// Found by any guard.
    public var found = 0
    /// Found where a request brings neither units, prices nor the day on which it is asked.
    public var foundWithoutPrices = 0

    enum CodingKeys: String, CodingKey {
      case fault, requests, found
      case foundWithoutPrices = "found_without_prices"
    }

    /// Part of the requests.
    public var share: Double { Double(found) / Double(max(requests, 1)) }
    public var shareWithoutPrices: Double { Double(foundWithoutPrices) / Double(max(requests, 1)) }
  }

  public var falsePositiveShare: Double { Double(falsePositives) / Double(max(requests, 1)) }

  enum CodingKeys: String, CodingKey {
    case policy, seed, requests, faults
    case environment = "env"
    case falsePositives = "false_positives"
  }

  /// Sends good and faulty requests of held-out paths through guards.
  ///
  /// - Parameters:
  ///   - seed: of paths that the guards were not made from.
  ///   - days: steps of each path; all if absent.
  public init(
    _ guarded: GuardedTrigger, _ task: RebalancingTask, seed: UInt64, paths: Int,
    days: Range<Int>? = nil
  ) {
    environment = task.id
    policy = guarded.name
    self.seed = seed
    let production = ProductionPaths(
      task, policy: guarded.trigger, seed: seed,
      copies: 0..<UInt32(task.isReplayedFromFixedDay ? 1 : paths), steps: days)
    let source = RandomSource(seed: seed)
    var rows = RequestFault.allCases.map { Row(fault: $0.rawValue) }
    var (good, alarms) = (0, 0)
    production.visit { request, copy in
      if guarded.alarm(request) { alarms += 1 }
      for (i, fault) in RequestFault.allCases.enumerated() {
        let draw = source.uniform(.evaluation, copy: copy, step: UInt32(good), draw: i)
        guard let faulty = fault.applied(to: request, draw: draw) else { continue }
        rows[i].requests += 1
        if guarded.alarm(faulty) { rows[i].found += 1 }
        if guarded.alarm(faulty.withoutPrices) { rows[i].foundWithoutPrices += 1 }
      }
      good += 1
    }
    (requests, falsePositives, faults) = (good, alarms, rows)
  }
}

extension GuardedTrigger {
  /// Whether a request is refused, or handed to the fallback rule.
  fileprivate func alarm(_ request: PortfolioSnapshot) -> Bool {
    let decision = decide(request)
    return decision.codes.contains(.invalidInput) || decision.codes.contains(.outOfDistribution)
  }
}

extension PortfolioSnapshot {
  fileprivate var withoutPrices: PortfolioSnapshot {
    var bare = self
    (bare.prices, bare.previousPrices, bare.priceDates, bare.requestedOn) = (nil, nil, nil, nil)
    bare.units = nil
    return bare
  }
}

extension GuardTrial {
  /// The trial for people.
  public var table: String {
    var table = TextTable(["request", ">sent", ">found %", ">without prices %"])
    table.add(["good", "\(requests)", (falsePositiveShare * 100).fixed(2), ""])
    for row in faults {
      table.add([
        row.fault, "\(row.requests)", (row.share * 100).fixed(2),
        (row.shareWithoutPrices * 100).fixed(2),
      ])
    }
    return table.text
  }
}

extension GuardTrial {
  /// Makes guards from some paths and tries them on others.
  ///
  /// Data that is replayed from a fixed day has one path: the guards are made from its first two
  /// thirds and tried on the last.
  public static func heldOut(
    _ task: RebalancingTask, policy: any Trigger, fallback: String, paths: Int, seed: UInt64
  ) throws -> (settings: GuardSettings, trial: GuardTrial) {
    let end = task.horizon * 2 / 3
    let days = task.isReplayedFromFixedDay ? (0..<end, end..<task.horizon) : nil
    // A rule sees less than the environment shows: the guards look at all of it.
    let observation = (policy as? LearnedTrigger)?.observation ?? task.observation
    let settings = try GuardCalibration.settings(
      task, policy: policy, observation: observation, fallback: fallback, paths: paths,
      days: days?.0)
    let guarded = try GuardedTrigger(
      policy, settings: settings, observation: observation, assets: task.assets)
    return (settings, GuardTrial(guarded, task, seed: seed, paths: paths, days: days?.1))
  }
}
