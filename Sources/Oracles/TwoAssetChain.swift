import Foundation
import Markets
public import Rebalancing

/// The exactly solvable rebalancing problem: two assets, a Gaussian log ratio, proportional cost and
/// quadratic drift cost, average cost in the long run.
///
/// With z = logit w, a decision moves the weight w to v and costs κ |v − w| + (γ/2) σ² (v − w*)² Δt;
/// then z ← logit v + m Δt + σ √Δt ε. Under any policy that depends on w alone this is a Markov chain
/// on the line. Its density after the market's move is a Gaussian mixture, hence smooth, and the only
/// kinks of all integrals are the policy's own breakpoints: Gauss–Legendre panels between them solve
/// the stationary and the Bellman equation without a grid error (a Nyström method).
public struct TwoAssetChain: Sendable, Hashable {
  /// w*, target weight of the first asset, in (0, 1).
  public let target: Double
  /// σ, volatility of the log ratio per √year.
  public let volatility: Double
  /// m, drift of the log ratio per year.
  public let drift: Double
  /// κ, cost of both legs per unit of weight.
  public let costPerUnit: Double
  /// γ.
  public let riskAversion: Double
  /// 1/Δt.
  public let stepsPerYear: Double

  public init(
    target: Double, volatility: Double, drift: Double, costPerUnit: Double, riskAversion: Double,
    stepsPerYear: Double
  ) {
    self.target = target
    self.volatility = volatility
    self.drift = drift
    self.costPerUnit = costPerUnit
    self.riskAversion = riskAversion
    self.stepsPerYear = stepsPerYear
  }

  /// The chain of a task.
  ///
  /// - Throws: where the task is not of this kind; the message says in what it differs.
  public init(_ task: RebalancingTask) throws(NotExactlySolvable) {
    guard case .logRatio(let market) = task.market else {
      throw NotExactlySolvable(task, "its market is not `log_ratio`")
    }
    guard case .quadratic(let riskAversion) = task.driftCost else {
      throw NotExactlySolvable(task, "its drift cost is not `quadratic`")
    }
    guard task.tax == .none else { throw NotExactlySolvable(task, "it is taxed") }
    guard task.returnCapture == .none else {
      throw NotExactlySolvable(task, "its reward captures returns")
    }
    guard let costs = task.costs.proportionalPerUnit, !task.needsAccount else {
      throw NotExactlySolvable(task, "its costs are not in proportion to trades and paid pro rata")
    }
    self.init(
      target: task.targets[0], volatility: market.volatility, drift: market.drift,
      costPerUnit: costs[0] + costs[1], riskAversion: riskAversion,
      stepsPerYear: task.stepsPerYear)
  }

  /// More nodes than this would take minutes and gigabytes.
  static let nodeLimit = 3000

  /// Panels of two deviations' width, unless there would be too many of them.
  func quadrature(
    on domain: ClosedRange<Double>, breakpoints: [Double]
  ) throws(NoStationaryLaw) -> Quadrature {
    let width = domain.upperBound - domain.lowerBound
    guard width / (2 * deviation) * 12 < Double(Self.nodeLimit) else {
      throw NoStationaryLaw(
        description: "too wide to be solved: weights from \(weight(domain.lowerBound)) to "
          + "\(weight(domain.upperBound)) are \((width / deviation).rounded()) steps of the market apart, "
          + "at most \(Self.nodeLimit / 6) are possible")
    }
    return Quadrature(
      from: domain.lowerBound, to: domain.upperBound, breakpoints: breakpoints.map(logOdds),
      panelWidth: 2 * deviation)
  }

  /// Places in a range at which decisions are compared: every eighth of a deviation, and ever denser
  /// towards the target, where a region of no trade may be narrow.
  func places(on range: ClosedRange<Double>) -> [Double] {
    let width = range.upperBound - range.lowerBound
    let count = max(1, Int((width / (deviation / 8)).rounded(.up)))
    let even = (0...count).map { range.lowerBound + width * Double($0) / Double(count) }
    let dense = (0..<40).flatMap { k -> [Double] in
      let distance = deviation * exp2(-Double(k) / 2)
      return [targetLogOdds - distance, targetLogOdds + distance]
    }
    return (even + dense + [targetLogOdds]).filter(range.contains).sorted()
  }

  /// σ √Δt, deviation of one step.
  var deviation: Double { volatility / stepsPerYear.squareRoot() }
  /// m Δt, mean of one step.
  var mean: Double { drift / stepsPerYear }
  /// The target in log-odds.
  var targetLogOdds: Double { logOdds(target) }
  /// Beyond this many deviations a normal number is not drawn: its probability is 2·10⁻¹⁷.
  static let reach = 8.5
  /// How far from the target the chain is followed, in log-odds: weights from .004 to .998 for .6, and
  /// farther where single steps are longer.
  var limit: Double { min(max(6, 2 * Self.reach * deviation + 2 * abs(mean)), 30) }

  /// (γ/2) σ² (v − w*)² Δt.
  func driftCost(_ v: Double) -> Double {
    let x = v - target
    return riskAversion / 2 * volatility * volatility * x * x / stepsPerYear
  }

  /// Cost of one decision that moves w to v, and of holding v for a step, as a fraction of value.
  public func cost(from w: Double, to v: Double) -> Double {
    costPerUnit * abs(v - w) + driftCost(v)
  }

  /// The probability that the market moves weight `v` to at most `w` in a step.
  public func probability(thatWeight v: Double, movesUpTo w: Double) -> Double {
    0.5 * erfc((logOdds(v) + mean - logOdds(w)) / (deviation * 2.0.squareRoot()))
  }

  /// Basis points per year of a cost per step.
  func basisPointsPerYear(_ costPerStep: Double) -> Double { costPerStep * stepsPerYear * 1e4 }
}

/// log(w / (1 − w)).
func logOdds(_ w: Double) -> Double { Foundation.log(w / (1 - w)) }
/// The weight with given log-odds.
func weight(_ z: Double) -> Double { 1 / (1 + Foundation.exp(-z)) }

/// A task that has no exact solution here.
public struct NotExactlySolvable: Error, CustomStringConvertible, Sendable {
  public let description: String
  init(_ task: RebalancingTask, _ reason: String) {
    description =
      "\(task.id) cannot be solved exactly: \(reason); exact are tasks with two assets, market "
      + "log_ratio, proportional costs, quadratic drift cost, no tax and no return capture"
  }
}
