import Algebra
public import Deployment
import Markets
public import Rebalancing

/// Makes the guards of a policy from the paths of its training environment.
public enum GuardCalibration {
  /// What the limits have in hand for paths that were not seen.
  static let margin = 1.25

  /// The guards of a policy.
  ///
  /// Moments are those of one half of the paths; each limit is the largest measure on the other half,
  /// times 1.25. Of data that is replayed from a fixed day there is one path: its days
  /// are dealt out in turn, 63 to each half.
  ///
  /// - Parameters:
  ///   - policy: the policy that is guarded, or any that holds weights where it does.
  ///   - observation: what the policy sees; `nil` for a rule.
  ///   - fallback: a rule that looks at weights, targets and dates only.
  ///   - days: steps of each path that are looked at; all if absent.
  /// - Throws: where the fallback is no such rule, or there are too few paths.
  public static func settings(
    _ task: RebalancingTask, policy: any Trigger, observation: ObservationBuilder?,
    fallback: String, paths: Int = 64, days: Range<Int>? = nil, seed: UInt64 = 0
  ) throws -> GuardSettings {
    _ = try RuleCatalog.plainRule(fallback, assets: task.assets)
    let own = observation ?? ObservationBuilder(features: [], assetCount: task.assets.count)
    let builder = own.forGuards(withReturns: task.tellsReturns)
    let isOnePath = task.isReplayedFromFixedDay
    let production = ProductionPaths(
      task, policy: policy, seed: seed, copies: 0..<UInt32(isOnePath ? 1 : paths), steps: days)
    var halves: [[[Float]]] = [[], []]
    var fault: ObservationBuilder.MissingField?
    var day = 0
    // A long path has more requests than moments need.
    let stride = max(1, (isOnePath ? 1 : paths) * production.steps.count / 60_000)
    production.visit { snapshot, copy in
      day += 1
      guard day % stride == 0 else { return }
      do throws(ObservationBuilder.MissingField) {
        let numbers = try builder.observe(snapshot)
        halves[isOnePath ? day / 63 % 2 : Int(copy) % 2].append(numbers)
      } catch { fault = error }
    }
    if let fault { throw fault }
    var settings = GuardSettings(fallback: fallback)
    settings.outOfDistribution = try model(builder, halves)
    settings.assets = task.assets
    return settings
  }

  private static func model(
    _ builder: ObservationBuilder, _ halves: [[[Float]]]
  ) throws -> OutOfDistribution {
    guard halves.allSatisfy({ $0.count > 1 }) else {
      throw SpecError(
        file: "guards", "\(halves.map(\.count)) requests are too few to learn what is usual")
    }
    var model = try OutOfDistribution(
      names: builder.columns.map(\.name), samples: halves[0])
    let detector = OutOfDistribution.Detector(model)
    let measures = halves[1].map { detector.measures($0) }
    func limit(_ measure: (OutOfDistribution.Detector.Measures) -> Double) -> Double {
      margin * measures.reduce(0) { max($0, measure($1)) }
    }
    model.limits = OutOfDistribution.Limits(
      excess: max(limit(\.excess), 0.01), score: max(limit(\.score), 1),
      distance: max(limit(\.distance), 1))
    return model
  }
}

extension RebalancingTask {
  /// Whether there is one path, the data's.
  var isReplayedFromFixedDay: Bool {
    if case .historical(let market) = market { market.start == .fixed } else { false }
  }

  /// Whether last returns are those of assets: of a ratio one asset is the unit, which never moves.
  fileprivate var tellsReturns: Bool {
    if case .logRatio = market { false } else { true }
  }
}
