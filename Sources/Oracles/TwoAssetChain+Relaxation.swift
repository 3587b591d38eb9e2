import Algebra
import Foundation
import Markets
import Rebalancing

extension TwoAssetChain {
  /// What a policy that knows the future is charged for it: `V(w′) − E V(w′)` of an approximate value V
  /// of the weight w′ after the market's move, which is zero on average for one that does not.
  public enum Penalty: Sendable, CaseIterable {
    /// Nothing.
    case none
    /// V of the closed form for small costs: `V′ = κ (3y − y³)/2`, `y = x/h` up to the edges.
    case closedForm
    /// The optimal value itself: every path then costs the optimum.
    case optimalValue
  }

  /// What the best policy that knows the future costs on each path, penalty included; the mean is a
  /// lower bound on the expected cost of any policy that does not.
  ///
  /// The inner problem of a path is solved by backward recursion over a grid of log-odds. That its
  /// trades end on nodes raises it by a part in ten thousand; `LowerBound`, which also covers more
  /// assets, has no such error.
  ///
  /// - Parameters:
  ///   - horizon: steps from the target, after which nothing is charged.
  ///   - episodes: paths; path k is sample k of `SampledEvaluation` under the same seed.
  /// - Returns: costs as fractions of value, one per path.
  public func relaxedCosts(
    _ penalty: Penalty, horizon: Int, episodes: Int, seed: UInt64, workers: Int = 2
  ) -> [Double] {
    let problem = PathProblem(self, penalty, horizon: horizon)
    let source = RandomSource(seed: seed)
    var costs = [Double](repeating: 0, count: episodes)
    forEachConcurrently(in: &costs, workers: workers) { copy, cost in
      cost = problem.cost(copy: UInt32(copy), source: source)
    }
    return costs
  }
}

/// The inner problem of all paths.
private struct PathProblem: Sendable {
  private let market: Market<Double>
  private let grid: ChainGrid
  private let trade: @Sendable ([Double]) -> [Double]
  private let horizon: Int
  /// V at the nodes by steps left.
  private let values: [[Double]]
  /// Drift cost and E V of what is held, at the nodes by steps left before the move.
  private let held: [[Double]]

  init(_ chain: TwoAssetChain, _ penalty: TwoAssetChain.Penalty, horizon: Int) {
    let grid = ChainGrid(chain)
    self.grid = grid
    self.horizon = horizon
    market = .logRatio(
      LogRatioMarket(
        volatility: chain.volatility, drift: chain.drift, stepsPerYear: chain.stepsPerYear))
    let values = chain.values(of: penalty, horizon: horizon, on: grid)
    // V is taken as linear between nodes: of that the expectation is exact, so the penalty is zero on
    // average to the last digit.
    let kernel = HatKernel(mean: chain.mean, deviation: chain.deviation, width: grid.width)
    let drift = grid.weights.map { chain.driftCost($0) }
    held = values.dropLast().map { value in
      zip(drift, kernel.expectation(value[...])).map { $0 + $1 }
    }
    self.values = values
    let trade = GridTrade(chain, .unrestricted, grid)
    self.trade = { trade.best($0) }
  }

  /// The least cost with penalty, of which V is split off: what is left is 0 for the optimal value.
  func cost(copy: UInt32, source: RandomSource) -> Double {
    var walk = MarketWalk(market, copy: copy, source: source)
    let moves = (0..<horizon).map { step in
      walk.move(step: step)
      return walk.logReturns[0] - walk.logReturns[1]
    }
    var excess = grid.weights.map { _ in 0.0 }
    for left in 1...horizon {
      let best = trade(ahead(excess, by: moves[horizon - left], plus: held[left - 1]))
      excess = zip(best, values[left]).map { $0 - $1 }
    }
    return excess[grid.targetNode] + values[horizon][grid.targetNode]
  }

  /// The function at z + move, plus another.
  private func ahead(_ function: [Double], by move: Double, plus other: [Double]) -> [Double] {
    let nodes = (move / grid.width).rounded(.down)
    let (offset, share) = (Int(nodes), move / grid.width - nodes)
    let last = function.count - 1
    let (function, other) = (function.span, other.span)
    return function.indices.map { node in
      let low = function[min(max(node + offset, 0), last)]
      let high = function[min(max(node + offset + 1, 0), last)]
      return other[node] + low + share * (high - low)
    }
  }
}

extension TwoAssetChain {
  /// V at the nodes by steps left, none with none left.
  fileprivate func values(
    of penalty: Penalty, horizon: Int, on grid: ChainGrid
  ) -> [[Double]] {
    let zeros = grid.weights.map { _ in 0.0 }
    switch penalty {
    case .none: return Array(repeating: zeros, count: horizon + 1)
    case .optimalValue: return solve(.unrestricted, horizon: horizon).values
    case .closedForm:
      let value = grid.weights.map { smallCostValue($0) }
      return [zeros] + Array(repeating: value, count: horizon)
    }
  }

  /// The relative value for small costs: κh (¾ y² − ⅛ y⁴) inside the edges, and κ per unit beyond; h is
  /// drawn in by what a step overshoots.
  private func smallCostValue(_ w: Double) -> Double {
    let spread = volatility * target * (1 - target)
    let continuous = closedFormHalfWidth(
      costPerUnit: costPerUnit, riskAversion: riskAversion, target: target)
    let h = max(continuous - 0.5826 * spread / stepsPerYear.squareRoot(), 0.2 * continuous)
    let x = abs(w - target)
    let y = min(x / h, 1)
    return costPerUnit * (h * y * y * (0.75 - y * y / 8) + max(x - h, 0))
  }
}
