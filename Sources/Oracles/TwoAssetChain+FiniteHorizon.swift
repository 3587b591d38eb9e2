import Algebra

/// The least expected cost of an episode of the two-asset chain.
public struct FiniteHorizonOptimum: Sendable {
  /// Expected cost from the target to the end, where nothing more is charged, as a fraction of value.
  public let cost: Double
  /// The same in basis points per year.
  public let costPerYear: Double
  let grid: ChainGrid
  /// Expected cost to come before the trade, shape [steps left 0...horizon, nodes].
  let values: [[Double]]
}

extension TwoAssetChain {
  /// The least expected cost of `horizon` steps that begin at the target, by backward recursion.
  ///
  /// On a grid of log-odds with the target on a node; the market's move of the piecewise linear value
  /// is integrated exactly, less the variance dz²/6 that the interpolant adds. The long-run optimum is
  /// `solve(_:)`.
  public func solve(_ actions: ActionSet, horizon: Int) -> FiniteHorizonOptimum {
    let grid = ChainGrid(self)
    let variance = deviation * deviation - grid.width * grid.width / 6
    let kernel = HatKernel(
      mean: mean, deviation: variance.squareRoot(), width: grid.width)
    let drift = grid.weights.map { driftCost($0) }
    let trade = GridTrade(self, actions, grid)
    var values = [grid.weights.map { _ in 0.0 }]
    for left in 0..<horizon {
      let ahead = kernel.expectation(values[left][...])
      values.append(trade.best(zip(drift, ahead).map { $0 + $1 }))
    }
    let cost = values[horizon][grid.targetNode]
    return FiniteHorizonOptimum(
      cost: cost, costPerYear: basisPointsPerYear(cost / Double(horizon)), grid: grid,
      values: values)
  }
}

extension FiniteHorizonOptimum {
  /// The weights around the target at which nothing is done with so many steps left, to a node of the
  /// grid; where trades may go anywhere, the optimum is to trade to its edge.
  ///
  /// - Parameter left: steps left, the coming one counted; 1 to the horizon.
  package func noTrade(left: Int, costPerUnit: Double) -> ClosedRange<Double> {
    let (value, weights) = (values[left], grid.weights)
    // Where it pays to trade, the value falls by the trade's cost from node to node.
    func trades(_ node: Int, towards next: Int) -> Bool {
      let cost = costPerUnit * abs(weights[node] - weights[next])
      return value[node] - value[next] >= cost * (1 - 1e-9)
    }
    let low = (1...grid.targetNode).reversed().first { trades($0 - 1, towards: $0) } ?? 0
    let high =
      (grid.targetNode..<weights.count - 1).first { trades($0 + 1, towards: $0) }
      ?? weights.count - 1
    return weights[low]...weights[high]
  }
}

/// Weights at even log-odds around the target.
struct ChainGrid: Sendable {
  /// Between nodes, in log-odds.
  let width: Double
  /// The target's node, the middle one.
  let targetNode: Int
  let weights: [Double]

  init(_ chain: TwoAssetChain) {
    let width = min(chain.deviation / 16, 0.0025)
    let half = min(max(1.5, 20 * chain.deviation), chain.limit)
    let count = Int((half / width).rounded(.up))
    self.width = width
    targetNode = count
    weights = (-count...count).map { weight(chain.targetLogOdds + Double($0) * width) }
  }
}

/// The best trade from every node of a grid.
struct GridTrade {
  private let costPerUnit: Double
  private let weights: [Double]
  /// For each fraction: where it leads from every node. Empty where trades may go to any node.
  private let moves: [[Move]]

  /// A destination between two nodes.
  private struct Move {
    var cost: Double
    var node: Int
    var share: Double
  }

  init(_ chain: TwoAssetChain, _ actions: TwoAssetChain.ActionSet, _ grid: ChainGrid) {
    costPerUnit = chain.costPerUnit
    weights = grid.weights
    guard case .fractions(let fractions) = actions else {
      moves = []
      return
    }
    let lowest = chain.targetLogOdds - Double(grid.targetNode) * grid.width
    let count = grid.weights.count
    moves = fractions.map { fraction in
      grid.weights.map { before in
        let after = before + fraction * (chain.target - before)
        let place = (logOdds(after) - lowest) / grid.width
        let node = min(max(Int(place), 0), count - 2)
        return Move(
          cost: chain.costPerUnit * abs(after - before), node: node,
          share: min(max(place - Double(node), 0), 1))
      }
    }
  }

  /// The least of a trade's cost and the cost of what is held after it, at every node.
  func best(_ held: [Double]) -> [Double] {
    guard moves.isEmpty else {
      return held.indices.map { node in
        moves.reduce(Double.infinity) { least, move in
          let move = move[node]
          let low = held[move.node]
          return min(least, move.cost + low + move.share * (held[move.node + 1] - low))
        }
      }
    }
    // A trade of several nodes is several trades of one: the minimum runs along, up and down.
    var best = held
    for node in best.indices.dropFirst() {
      let step = costPerUnit * (weights[node] - weights[node - 1])
      best[node] = min(best[node], best[node - 1] + step)
    }
    for node in best.indices.dropLast().reversed() {
      let step = costPerUnit * (weights[node + 1] - weights[node])
      best[node] = min(best[node], best[node + 1] + step)
    }
    return best
  }
}
