import Algebra
import Foundation

/// A policy of the two-asset chain: where it trades to, and where that jumps or kinks.
struct WeightPolicy {
  /// The weight after the decision at weight w.
  let destination: (Double) -> Double
  /// Weights at which `destination` is not smooth, ascending.
  let breakpoints: [Double]
}

/// What a policy costs in the long run.
public struct ExactScore: Sendable, Hashable {
  /// Transaction plus drift cost, basis points per year.
  public var costPerYear: Double
  /// Transaction cost, basis points per year.
  public var transactionCostPerYear: Double
  /// Drift cost, basis points per year.
  public var driftCostPerYear: Double
  /// One-way |Δw| of the first asset per year, as a fraction of value.
  public var turnoverPerYear: Double
  /// Ex ante and post-trade, √E[dᵀΣd], in basis points.
  public var trackingError: Double
  /// Decisions that trade, per year.
  public var tradesPerYear: Double
}

/// Why a policy has no long-run average.
public struct NoStationaryLaw: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String
}

extension TwoAssetChain {
  /// The long-run score of a policy from the stationary law of the chain that it makes.
  func score(_ policy: WeightPolicy) throws(NoStationaryLaw) -> ExactScore {
    let domain = try reachable(under: policy)
    let quadrature = try quadrature(on: domain, breakpoints: policy.breakpoints)
    let before = quadrature.nodes.map(weight)
    let after = before.map(policy.destination)
    let law = try stationaryLaw(quadrature, arrivals: after.map(logOdds))
    var turnover = 0.0
    var squares = 0.0
    var trades = 0.0
    for i in law.indices {
      turnover += law[i] * abs(after[i] - before[i])
      squares += law[i] * (after[i] - target) * (after[i] - target)
      if after[i] != before[i] { trades += law[i] }
    }
    return score(turnoverPerStep: turnover, meanSquare: squares, tradesPerStep: trades)
  }

  /// The long-run score of trading to target every `period` steps.
  ///
  /// Between trades the log-odds are normal around the target's, so each step is one integral.
  package func score(toTargetEvery period: Int) -> ExactScore {
    var squares = 0.0
    for k in 1..<max(period, 2) where k < period {
      squares += expectation(after: k) { ($0 - target) * ($0 - target) }
    }
    let turnover = expectation(after: period) { abs($0 - target) }
    let steps = Double(period)
    return score(
      turnoverPerStep: turnover / steps, meanSquare: squares / steps, tradesPerStep: 1 / steps)
  }

  /// E f(w) `steps` market moves after a trade to target.
  private func expectation(after steps: Int, _ f: (Double) -> Double) -> Double {
    let scale = deviation * Double(steps).squareRoot()
    let centre = targetLogOdds + mean * Double(steps)
    let quadrature = Quadrature(
      from: centre - Self.reach * scale, to: centre + Self.reach * scale,
      breakpoints: [targetLogOdds], panelWidth: scale)
    return zip(quadrature.nodes, quadrature.weights).reduce(0) {
      $0 + $1.1 * normalDensity(($1.0 - centre) / scale) / scale * f(weight($1.0))
    }
  }

  private func score(
    turnoverPerStep: Double, meanSquare: Double, tradesPerStep: Double
  ) -> ExactScore {
    let transaction = basisPointsPerYear(costPerUnit * turnoverPerStep)
    let activeVariance = volatility * volatility * meanSquare
    let drift = basisPointsPerYear(riskAversion / 2 * activeVariance / stepsPerYear)
    return ExactScore(
      costPerYear: transaction + drift, transactionCostPerYear: transaction,
      driftCostPerYear: drift, turnoverPerYear: turnoverPerStep * stepsPerYear,
      trackingError: activeVariance.squareRoot() * 1e4,
      tradesPerYear: tradesPerStep * stepsPerYear)
  }

  /// The log-odds that the chain can reach from the target, up to a probability of 10⁻¹⁷ a step.
  func reachable(under policy: WeightPolicy) throws(NoStationaryLaw) -> ClosedRange<Double> {
    let centre = targetLogOdds
    let margin = Self.reach * deviation
    var low = centre - margin + min(mean, 0)
    var high = centre + margin + max(mean, 0)
    var (scannedLow, scannedHigh) = (centre, centre)
    var (lowestArrival, highestArrival) = (centre, centre)
    while scannedLow > low || scannedHigh < high {
      // Only the new parts need a look: what they lead to may widen the interval again.
      for z in scan(from: low, to: scannedLow) + scan(from: scannedHigh, to: high) {
        let arrival = logOdds(policy.destination(weight(z)))
        lowestArrival = min(lowestArrival, arrival)
        highestArrival = max(highestArrival, arrival)
      }
      (scannedLow, scannedHigh) = (low, high)
      low = min(low, lowestArrival + mean - margin)
      high = max(high, highestArrival + mean + margin)
      if low < centre - limit || high > centre + limit {
        let edge = weight(low < centre - limit ? low : high)
        throw NoStationaryLaw(
          description: "no stationary law: the weight is not brought back before "
            + "\((edge * 1000).rounded() / 1000)")
      }
    }
    return low...high
  }

  private func scan(from low: Double, to high: Double) -> [Double] {
    let count = Int(((high - low) / (deviation / 8)).rounded(.up))
    guard count > 0 else { return [] }
    return (0...count).map { low + (high - low) * Double($0) / Double(count) }
  }

  /// Probabilities of the nodes: p = ω Kᵀ p, where K holds the densities of one step.
  private func stationaryLaw(
    _ quadrature: Quadrature, arrivals: [Double]
  ) throws(NoStationaryLaw) -> [Double] {
    let count = quadrature.nodes.count
    // Unknown: probability per node. Column j says where node j's probability goes.
    var columns = [Double](repeating: 0, count: count * count)
    for j in 0..<count {
      let centre = arrivals[j] + mean
      let near = quadrature.range(
        from: centre - Self.reach * deviation, to: centre + Self.reach * deviation)
      for i in near {
        let density = normalDensity((quadrature.nodes[i] - centre) / deviation) / deviation
        columns[j * count + i] = -quadrature.weights[i] * density
      }
      columns[j * count + j] += 1
      // The equations sum to zero; the first gives way to "the probabilities sum to one".
      columns[j * count] = 1
    }
    var law = [Double](repeating: 0, count: count)
    law[0] = 1
    do { try solveLinearSystem(columns: &columns, rightHandSides: &law) } catch {
      throw NoStationaryLaw(description: "no unique stationary law: \(error)")
    }
    return law
  }
}

/// The standard normal density.
func normalDensity(_ x: Double) -> Double {
  Foundation.exp(-0.5 * x * x) * 0.398942280401432678
}
