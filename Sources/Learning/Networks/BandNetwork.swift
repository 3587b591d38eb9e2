import Algebra
public import Gym

/// A policy with a region of no action (Imaki et al. 2021): the network says, for each position, two
/// edges that it is brought between; inside of them nothing is done, exactly.
///
/// Positions x are the first numbers of an observation, and 0 is where they are at their best but for
/// costs. The edges of xᵢ are on both sides of it: loᵢ = −exp z₂ᵢ and hiᵢ = exp z₂ᵢ₊₁ of outputs z,
/// so no action leads away.
public struct BandNetwork: Sendable, Equatable {
  public var network: Network
  /// What an action does to positions.
  public let motion: BoxMotion

  public init(network: Network, motion: BoxMotion) {
    precondition(
      network.outputCount == motion.outputs && network.inputCount >= motion.positions,
      "\(network.outputCount) outputs for \(motion.positions) positions")
    (self.network, self.motion) = (network, motion)
  }

  /// The action at an observation, in the fixed order of evaluation and production.
  public func action(_ observation: [Float]) -> [Float] {
    let edges = network.scores(observation)
    var action = [Float](repeating: 0, count: motion.dimensions)
    var values = action.mutableSpan
    motion.act(observation.span, edges: edges.span, into: &values)
    return action
  }
}

extension BoxMotion {
  /// Outputs of a network of edges: two for each position, and for destinations how far it gives way.
  var outputs: Int {
    switch self {
    case .fraction(let positions): 2 * positions
    case .destination(let origin): 3 * origin.count
    }
  }

  /// The action that brings positions between edges.
  ///
  /// - Parameters:
  ///   - observation: the positions stand first.
  ///   - edges: z, the network's outputs.
  func act(_ observation: Span<Float>, edges: Span<Float>, into action: inout MutableSpan<Float>) {
    switch self {
    case .fraction: action[0] = fraction(observation, edges)
    case .destination(let origin): move(observation, edges, origin, &action)
    }
  }

  /// The smallest f for which every (1 − f) xᵢ lies between its edges.
  private func fraction(_ x: Span<Float>, _ edges: Span<Float>) -> Float {
    var fraction: Float = 0
    for i in 0..<positions {
      let (lo, hi) = edges.pair(i)
      if x[i] > hi { fraction = max(fraction, 1 - hi / x[i]) }
      if x[i] < lo { fraction = max(fraction, 1 - lo / x[i]) }
      // Where a number is none the answer is none.
      if !(x[i] + lo + hi).isFinite { return .nan }
    }
    return fraction
  }

  /// vᵢ = originᵢ + clip(xᵢ, loᵢ + kᵢτ, hiᵢ + kᵢτ), kᵢ = exp z₂ₚ₊ᵢ for p positions, with the τ for which Σv
  /// stays what it was; all zero, which is no action, where that is x itself.
  ///
  /// τ is the price of what is exchanged: where the sum of positions is fixed, this is the optimum
  /// under proportional costs for a loss Σ xᵢ² / kᵢ, which any quadratic of three positions is.
  private func move(
    _ x: Span<Float>, _ edges: Span<Float>, _ origin: [Float], _ action: inout MutableSpan<Float>
  ) {
    var (low, high) = (Float.infinity, -Float.infinity)
    for i in 0..<positions {
      let (lo, hi) = edges.pair(i)
      let yield = Float.exp(edges[2 * positions + i])
      low = min(low, (x[i] - lo) / yield)
      high = max(high, (x[i] - hi) / yield)
      action[i] = (x[i] + lo + hi + yield).isFinite ? 0 : .nan
    }
    guard high > low else { return }
    // What is sold falls with τ, what is bought rises.
    for _ in 0..<24 {
      let shift = (low + high) / 2
      var excess: Float = 0
      for i in 0..<positions {
        let (lo, hi) = edges.pair(i)
        let own = Float.exp(edges[2 * positions + i]) * shift
        excess += max(x[i] - hi - own, 0) - max(lo + own - x[i], 0)
      }
      if excess > 0 { low = shift } else { high = shift }
    }
    let shift = (low + high) / 2
    for i in 0..<positions {
      let (lo, hi) = edges.pair(i)
      let own = Float.exp(edges[2 * positions + i]) * shift
      action[i] += max(origin[i] + min(max(x[i], lo + own), hi + own), 0)
    }
  }
}

extension Span<Float> {
  /// lo and hi of a position; what is no number stays none.
  @inline(__always) fileprivate func pair(_ i: Int) -> (Float, Float) {
    let (low, high) = (self[2 * i], self[2 * i + 1])
    return (-Float.exp(low), Float.exp(high))
  }
}

extension Network {
  /// Adds to every output a number of its own.
  mutating func shiftOutputs(_ shifts: [Float]) {
    let last = layers.count - 1
    for j in shifts.indices { layers[last].bias[j] += shifts[j] }
  }
}
