import Algebra

/// Adam (Kingma & Ba 2015): m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², and each parameter moves by
/// −α · m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε).
public struct Adam: Sendable, Equatable {
  /// β₁, the memory of the first moment.
  public static let firstDecay = 0.9
  /// β₂, the memory of the second moment.
  public static let secondDecay = 0.999

  /// ε, in units of a gradient.
  public let epsilon: Double
  /// t, the number of steps taken.
  public internal(set) var steps = 0
  /// m, one network of moments for each network that is trained.
  public internal(set) var firstMoments: [Network]
  /// v, one network of moments for each network that is trained.
  public internal(set) var secondMoments: [Network]

  /// An optimiser for several networks.
  public init(for networks: [Network], epsilon: Double = 1e-8) {
    self.epsilon = epsilon
    firstMoments = networks.map(\.zeros)
    secondMoments = networks.map(\.zeros)
  }

  /// One step.
  ///
  /// - Parameters:
  ///   - networks: the networks given at the beginning, in that order.
  ///   - gradients: the gradients, of the same shapes.
  ///   - learningRate: α.
  ///   - gradientScale: a factor on the gradients, from clipping.
  public mutating func step(
    _ networks: inout [Network], gradients: [Network], learningRate: Double,
    gradientScale: Float = 1
  ) {
    precondition(
      networks.count == firstMoments.count && gradients.count == networks.count,
      "an optimiser of \(firstMoments.count) networks got \(networks.count) and "
        + "\(gradients.count) gradients")
    steps += 1
    // Powers by multiplication alone would drift over millions of steps; these are exact to an ulp.
    let first = 1 - Self.power(Self.firstDecay, steps)
    let second = 1 - Self.power(Self.secondDecay, steps)
    let rule = AdamRule(
      gradientScale: gradientScale, rate: Float(learningRate / first),
      rootScale: Float(1 / second.squareRoot()), epsilon: Float(epsilon))
    for n in networks.indices {
      for l in networks[n].layers.indices {
        let gradient = gradients[n].layers[l]
        rule.apply(
          &networks[n].layers[l].weights.elements, gradient.weights.elements,
          &firstMoments[n].layers[l].weights.elements,
          &secondMoments[n].layers[l].weights.elements)
        rule.apply(
          &networks[n].layers[l].bias, gradient.bias, &firstMoments[n].layers[l].bias,
          &secondMoments[n].layers[l].bias)
      }
    }
  }

  /// xⁿ by repeated squaring: the same bits everywhere, unlike a library's `pow`.
  static func power(_ x: Double, _ n: Int) -> Double {
    var (result, factor, rest) = (1.0, x, n)
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}

/// The elementwise step with its bias corrections folded in.
private struct AdamRule {
  let gradientScale: Float
  let rate: Float
  let rootScale: Float
  let epsilon: Float

  func apply(_ x: inout [Float], _ g: [Float], _ m: inout [Float], _ v: inout [Float]) {
    precondition(x.count == g.count && m.count == g.count && v.count == g.count, "unequal shapes")
    let count = g.count
    unsafe withMemory(&x) { x in
      unsafe withMemory(g) { g in
        unsafe withMemory(&m) { m in
          unsafe withMemory(&v) { v in
            var i = 0
            while i + 16 <= count {
              let (nx, nm, nv) = unsafe next(x.lanes(i), g.lanes(i), m.lanes(i), v.lanes(i))
              unsafe x.store(nx, i)
              unsafe m.store(nm, i)
              unsafe v.store(nv, i)
              i += 16
            }
            while i < count {
              unsafe (x[i], m[i], v[i]) = unsafe next(x[i], g[i], m[i], v[i])
              i += 1
            }
          }
        }
      }
    }
  }

  @inline(__always) private func next<L: Lanes>(_ x: L, _ gradient: L, _ m: L, _ v: L) -> (
    L, L, L
  ) where L.Scalar == Float {
    let g = gradient * L(repeating: gradientScale)
    let m = m + (g - m) * L(repeating: Float(1 - Adam.firstDecay))
    let v = v + (g * g - v) * L(repeating: Float(1 - Adam.secondDecay))
    let denominator = v.roots() * L(repeating: rootScale) + L(repeating: epsilon)
    return (x - m * L(repeating: rate) / denominator, m, v)
  }
}

extension Network {
  /// The sum of squares of all parameters.
  package var sumOfSquares: Double {
    layers.reduce(0) { $0 + $1.weights.elements.sumOfSquares + $1.bias.sumOfSquares }
  }

  /// Adds another network's parameters.
  mutating func add(_ other: Network) {
    for l in layers.indices {
      layers[l].weights.elements.add(other.layers[l].weights.elements)
      layers[l].bias.add(other.layers[l].bias)
    }
  }

  /// Sets all parameters to zero in place.
  package mutating func clear() {
    for l in layers.indices {
      layers[l].weights.elements.clear()
      layers[l].bias.clear()
    }
  }
}

extension [Float] {
  /// The sum of squares, in sixteen interleaved sums that are then added in order.
  var sumOfSquares: Double {
    let count = count
    return unsafe withMemory(self) { x in
      var sums = Lanes16.zero
      var i = 0
      while i + 16 <= count {
        let lanes = unsafe x.lanes(i)
        sums += lanes * lanes
        i += 16
      }
      var total = sums.total
      while i < count {
        unsafe total += Double(x[i]) * Double(x[i])
        i += 1
      }
      return total
    }
  }

  mutating func add(_ other: [Float]) {
    let count = count
    unsafe withMemory(&self) { x in
      unsafe withMemory(other) { y in
        for i in 0..<count { unsafe x[i] += y[i] }
      }
    }
  }

  mutating func clear() {
    let count = count
    unsafe withMemory(&self) { x in unsafe x.update(repeating: 0, count: count) }
  }
}

extension Lanes16 {
  /// The lanes added in order.
  var total: Double {
    var sum = 0.0
    for i in 0..<16 { sum += Double(self[i]) }
    return sum
  }
}
