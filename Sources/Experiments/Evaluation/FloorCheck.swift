import Algebra
import Foundation
import Oracles
public import Rebalancing

/// Whether tracking error and turnover are possible without knowing the future: the gate that a report
/// on a driftless two-asset market must pass.
///
/// With x the first asset's deviation from its target w*, s = σ w*(1 − w*) and the tracking error
/// averaged within the step, every policy without foresight has in the long run
///
///     √(E[x²] + s² Δt / 2) · turnover ≥ 0.2887 s²
///
/// (1/√12, that of trading to the edges of the best band). More than 2 % below it is foresight or a
/// fault. The formula takes the volatility of the weight to be what it is at the target; of policies
/// that stray too far for this nothing is said, nor of those without trades or of too short episodes.
public struct FloorCheck: Sendable, Hashable {
  /// The environment's id.
  public let environment: String
  /// σ, volatility of the log ratio per √year.
  public let volatility: Double
  /// w*.
  public let target: Double
  /// Δt, in years.
  public let stepYears: Double

  /// 1/√12.
  public static let floor = 1 / 12.0.squareRoot()
  /// What is tolerated, as a fraction of the floor.
  public static let tolerance = 0.02

  /// What is said of a policy.
  public enum Verdict: Sendable, Hashable {
    /// The product over s², at least 0.98 · 0.2887 to what its error allows.
    case passes(product: Double)
    /// Foresight or a fault, in words.
    case fails(String)
    /// Nothing, and why.
    case undecided(String)
  }

  /// s² per year, the variance of the weight at the target.
  private var weightVariance: Double {
    let s = volatility * target * (1 - target)
    return s * s
  }

  /// - Throws: where the task is not a two-asset chain or its log ratio drifts.
  public init(_ task: RebalancingTask) throws {
    let chain = try TwoAssetChain(task)
    guard chain.drift == 0 else {
      throw SpecError(
        file: task.id,
        "the floor is that of a market without drift, log_ratio_drift is \(chain.drift); "
          + "0 is valid")
    }
    environment = task.id
    volatility = chain.volatility
    target = chain.target
    stepYears = 1 / chain.stepsPerYear
  }

  /// The verdict on a policy's figures in the long run.
  ///
  /// - Parameters:
  ///   - trackingError: after trades, √E[dᵀΣd] per √year, as a fraction.
  ///   - turnover: one-way, of value per year.
  ///   - relativeError: standard error of the product, relative; 0 for exact figures.
  public func verdict(
    trackingError: Double, turnover: Double, relativeError: Double = 0
  ) -> Verdict {
    guard turnover > 0 else { return .undecided("it does not trade") }
    let square = trackingError * trackingError / (volatility * volatility)
    guard curvature * square < Self.tolerance else {
      return .undecided(
        "it strays \(square.squareRoot().percent) from the target: the volatility of the weight is "
          + "another there")
    }
    let deviation = (square + weightVariance * stepYears / 2).squareRoot()
    let product = deviation * turnover / weightVariance
    let limit = (1 - Self.tolerance) * Self.floor
    guard product * (1 + 3 * relativeError) < limit else { return .passes(product: product) }
    return .fails(
      "tracking error × turnover is \(product.fixed(4)) s², the floor without foresight "
        + "\(Self.floor.fixed(4)) s²: look-ahead or a fault")
  }

  /// By how much the mean variance of the weight differs from s² per E[x²], relative: the second-order
  /// term of (w (1 − w))².
  private var curvature: Double {
    let g = target * (1 - target)
    let slope = 1 - 2 * target
    return abs(slope * slope - 2 * g) / (g * g)
  }

  // MARK: - Of evaluations

  /// The verdict on an exact score.
  public func verdict(_ row: ExactEvaluation.Row) -> Verdict {
    guard let trackingError = row.trackingError, let turnover = row.turnover else {
      return .undecided(row.reason ?? "it has no stationary law")
    }
    return verdict(trackingError: trackingError * 1e-4, turnover: turnover)
  }

  /// The verdict on sampled figures, which begin at the target: episodes must be long beside the time
  /// that a weight takes to cross its band, 3 E[x²] / s².
  ///
  /// - Parameter years: of an episode.
  public func verdict(_ row: SampledEvaluation.Row, years: Double) -> Verdict {
    let error = row.trackingError * 1e-4 / volatility
    let crossing = 3 * error * error / weightVariance
    guard years > 100 * crossing else {
      return .undecided(
        "episodes of \(years.short) years are short beside \(crossing.short) that the weight "
          + "takes to cross: play it with FloorCheck.play")
    }
    // Of all it has done, turnover is what samples differ in.
    let relative = row.turnover.mean > 0 ? row.turnover.standardError / row.turnover.mean : 0
    return verdict(
      trackingError: row.trackingError * 1e-4, turnover: row.turnover.mean,
      relativeError: 2 * relative)
  }

  /// Plays a policy long enough for a verdict: paths of a hundred thousand steps each, without their
  /// first twentieth.
  ///
  /// - Parameters:
  ///   - task: the one that the check was made of.
  ///   - paths: at least 2; their scatter says how sure the product is.
  public func play(
    _ policy: any Trigger, on task: RebalancingTask, paths: Int = 8, steps: Int = 100_000,
    seed: UInt64 = 1_000_000, workers: Int = 2
  ) -> Verdict {
    precondition(task.id == environment, "the check is of \(environment), not of \(task.id)")
    precondition(paths >= 2 && steps >= 20, "\(paths) paths of \(steps) steps")
    var informed = task.informing(policy)
    informed.horizon = steps
    let long = informed
    var plays = (0..<paths).map { LongPlay(copy: UInt32($0)) }
    forEachConcurrently(in: &plays, workers: workers) { _, play in
      play.run(long, policy, seed: seed)
    }
    let turnover = RunningStatistics(plays.map { $0.turnover.mean / stepYears })
    let square = RunningStatistics(plays.map(\.activeVariance.mean))
    // The product goes with the turnover and the root of the square; the errors are added up.
    let relative =
      turnover.standardError / max(turnover.mean, .leastNormalMagnitude)
      + square.standardError / max(2 * square.mean, .leastNormalMagnitude)
    return verdict(
      trackingError: square.mean.squareRoot(), turnover: turnover.mean,
      relativeError: relative)
  }
}

/// One long path of a policy.
private struct LongPlay: Sendable {
  let copy: UInt32
  var turnover = RunningStatistics()
  var activeVariance = RunningStatistics()

  mutating func run(_ task: RebalancingTask, _ policy: any Trigger, seed: UInt64) {
    var game = RebalancingEnvironment<Double>(task, copy: copy)
    _ = game.reset(seed: seed)
    for step in 0..<task.horizon where !game.hasEnded {
      let outcome = game.advance(policy.decide(game.snapshot))
      guard step >= task.horizon / 20 else { continue }
      turnover.add(outcome.turnover)
      activeVariance.add(outcome.activeVariance)
    }
  }
}
