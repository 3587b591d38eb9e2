import Algebra
import Gym
import Learning

extension GraphBuilder {
  /// What a policy answers to finite observations, shape [batch, actions] or [batch, dimensions]; `nil`
  /// for a rule, which is words.
  mutating func answer(of policy: LearnedPolicy, to observation: String) -> String? {
    switch policy {
    case .network(let network), .actor(let network): outputs(of: network, observation)
    case .table(let table): values(of: table, observation)
    case .band(let band): action(of: band, observation)
    case .rule: nil
    }
  }

  /// h ← f(h W + b) for each layer, the last without f; training's normaliser is in the first W and b.
  private mutating func outputs(of network: Network, _ observation: String) -> String {
    var value = observation
    for (place, layer) in network.layers.enumerated() {
      let weights = constant(
        layer.weights.elements, [layer.weights.rows, layer.weights.columns])
      let bias = constant(layer.bias, [layer.bias.count])
      let product = self("MatMul", value, weights)
      value = self("Add", product, bias)
      if place < network.layers.count - 1 {
        value = self(network.activation == .tanh ? "Tanh" : "Relu", value)
      }
    }
    return value
  }

  /// The values of an observation's cell, summed over tilings.
  private mutating func values(of table: QTable, _ observation: String) -> String {
    let bins = table.discretizer
    let (dimensions, tilings) = (bins.dimensions, bins.tilings)
    let low = constant(bins.low, [dimensions])
    let density = constant(bins.density, [dimensions])
    let offsets = constant(bins.offsets, [1, tilings, dimensions])
    let last = constant(bins.tilingBins.map { Float($0 - 1) }, [dimensions])
    let zero = constant([Float(0)])
    let deviation = self("Sub", observation, low)
    let scaled = self("Mul", deviation, density)
    let axis = constant([Int64(1)], [1])
    let spread = self("Unsqueeze", scaled, axis)
    let position = self("Add", spread, offsets)
    let above = self("Max", position, zero)
    let bounded = self("Min", above, last)
    let bin = cast(bounded, to: .int64)
    // The row-major index of a bin within its tiling, and where the tiling begins.
    let stride = constant(strides(of: bins.tilingBins).map(Int64.init), [dimensions])
    let first = constant((0..<tilings).map { Int64($0 * bins.cells / tilings) }, [1, tilings])
    let steps = self("Mul", bin, stride)
    let lastAxis = constant([Int64(2)], [1])
    let within = self("ReduceSum", steps, lastAxis, attributes: [.integer("keepdims", 0)])
    let cell = self("Add", within, first)
    let values = constant(table.values, [bins.cells, table.actionCount])
    let found = self("Gather", values, cell, attributes: [.integer("axis", 0)])
    let tilingAxis = constant([Int64(1)], [1])
    return self("ReduceSum", found, tilingAxis, attributes: [.integer("keepdims", 0)])
  }
}

/// How far apart neighbours of each dimension are, the last dimension fastest.
private func strides(of lengths: [Int]) -> [Int] {
  var strides = lengths.map { _ in 1 }
  for d in lengths.indices.dropLast().reversed() { strides[d] = strides[d + 1] * lengths[d + 1] }
  return strides
}

// MARK: - Bands

extension GraphBuilder {
  /// The action that brings positions between a network's edges; NaN where a number is not finite.
  private mutating func action(of band: BandNetwork, _ observation: String) -> String {
    let count = band.motion.positions
    let outputs = outputs(of: band.network, observation)
    let x = columns(observation, Array(0..<count))
    let lowOutputs = columns(outputs, (0..<count).map { 2 * $0 })
    let below = self("Exp", lowOutputs)
    let lo = self("Neg", below)
    let highOutputs = columns(outputs, (0..<count).map { 2 * $0 + 1 })
    let hi = self("Exp", highOutputs)
    switch band.motion {
    case .fraction: return fraction(x, lo, hi)
    case .destination(let origin):
      let yieldOutputs = columns(outputs, Array(2 * count..<3 * count))
      let yield = self("Exp", yieldOutputs)
      return destination(x, lo, hi, yield, origin)
    }
  }

  /// The smallest f for which every (1 − f) xᵢ lies between its edges.
  private mutating func fraction(_ x: String, _ lo: String, _ hi: String) -> String {
    let (zero, one) = (constant([Float(0)]), constant([Float(1)]))
    let highShare = self("Div", hi, x)
    let fromAbove = self("Sub", one, highShare)
    let isAbove = self("Greater", x, hi)
    let high = self("Where", isAbove, fromAbove, zero)
    let lowShare = self("Div", lo, x)
    let fromBelow = self("Sub", one, lowShare)
    let isBelow = self("Less", x, lo)
    let either = self("Where", isBelow, fromBelow, high)
    let largest = reduced("ReduceMax", either)
    let fraction = self("Max", largest, zero)
    let lowSum = self("Add", x, lo)
    let sum = self("Add", lowSum, hi)
    return nothing(unless: sum, fraction)
  }

  /// NaN in rows where some number is not finite, else a value.
  private mutating func nothing(unless number: String, _ value: String) -> String {
    let isFinite = isFinite(number)
    let isWhole = all(isFinite)
    let none = constant([Float.nan])
    return self("Where", isWhole, value, none)
  }

  /// vᵢ = originᵢ + clip(xᵢ, loᵢ + kᵢτ, hiᵢ + kᵢτ) with the τ for which the sum stays, found by halving as
  /// `BandNetwork` does; all zero where nothing is to be moved.
  private mutating func destination(
    _ x: String, _ lo: String, _ hi: String, _ yield: String, _ origin: [Float]
  ) -> String {
    let (zero, half) = (constant([Float(0)]), constant([Float(0.5)]))
    let overLow = self("Sub", x, lo)
    let lowPrices = self("Div", overLow, yield)
    var low = reduced("ReduceMin", lowPrices)
    let overHigh = self("Sub", x, hi)
    let highPrices = self("Div", overHigh, yield)
    var high = reduced("ReduceMax", highPrices)
    let moves = self("Greater", high, low)
    for _ in 0..<24 {
      let shift = middle(low, high, half)
      let own = self("Mul", yield, shift)
      let excess = excess(overLow, overHigh, own, zero)
      let isMore = self("Greater", excess, zero)
      low = self("Where", isMore, shift, low)
      high = self("Where", isMore, high, shift)
    }
    let shift = middle(low, high, half)
    let own = self("Mul", yield, shift)
    let lowEdge = self("Add", lo, own)
    let highEdge = self("Add", hi, own)
    let risen = self("Max", x, lowEdge)
    let clipped = self("Min", risen, highEdge)
    let home = constant(origin, [origin.count])
    let weight = self("Add", home, clipped)
    let positive = self("Max", weight, zero)
    let answer = self("Where", moves, positive, zero)
    let lowSum = self("Add", x, lo)
    let edgeSum = self("Add", lowSum, hi)
    let sum = self("Add", edgeSum, yield)
    return nothing(unless: sum, answer)
  }

  private mutating func middle(_ low: String, _ high: String, _ half: String) -> String {
    let sum = self("Add", low, high)
    return self("Mul", sum, half)
  }

  /// Σ (xᵢ − hiᵢ − kᵢτ)⁺ − (loᵢ + kᵢτ − xᵢ)⁺: what is sold less what is bought.
  private mutating func excess(
    _ overLow: String, _ overHigh: String, _ own: String, _ zero: String
  ) -> String {
    let aboveEdge = self("Sub", overHigh, own)
    let sold = self("Max", aboveEdge, zero)
    let belowEdge = self("Sub", own, overLow)
    let bought = self("Max", belowEdge, zero)
    let difference = self("Sub", sold, bought)
    return sum(difference)
  }
}
