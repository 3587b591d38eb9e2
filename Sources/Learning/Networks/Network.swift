public import Algebra

/// A multilayer perceptron: h₀ = x, hᵢ₊₁ = f(hᵢ Wᵢ + bᵢ), with a linear last layer.
///
/// Gradients and moments have the same shapes, so they are `Network`s too.
public struct Network: Sendable, Equatable {
  /// One affine map.
  public struct Layer: Sendable, Equatable {
    /// Shape [inputs, outputs], so that forward is `x·W` without a transpose.
    public var weights: Matrix
    /// Shape [outputs].
    public var bias: [Float]

    /// A map of given weights and bias.
    public init(weights: Matrix, bias: [Float]) {
      precondition(
        weights.columns == bias.count, "\(weights.columns) outputs with a bias of \(bias.count)")
      self.weights = weights
      self.bias = bias
    }
  }

  /// At least one.
  public var layers: [Layer]
  /// The nonlinearity between the layers.
  public let activation: Activation

  /// A network of given layers, each of which takes what the one before gives.
  public init(layers: [Layer], activation: Activation) {
    precondition(!layers.isEmpty, "a network needs a layer")
    for (first, second) in zip(layers, layers.dropFirst()) {
      precondition(
        first.weights.columns == second.weights.rows,
        "a layer of \(first.weights.columns) outputs before one of \(second.weights.rows) inputs")
    }
    self.layers = layers
    self.activation = activation
  }

  /// A network with orthogonal weights (Saxe, McClelland, Ganguli 2013) and zero biases.
  ///
  /// - Parameters:
  ///   - sizes: inputs, hidden widths, outputs.
  ///   - outputGain: scale of the last layer; hidden layers have √2.
  ///   - random: its stream `networkInitialization` is read.
  ///   - index: which network of the seed, so that actor and critic differ.
  public init(
    sizes: [Int], activation: Activation = .tanh, outputGain: Double, random: RandomSource,
    index: UInt32
  ) {
    precondition(sizes.count >= 2, "a network needs inputs and outputs, not sizes \(sizes)")
    let last = sizes.count - 2
    let layers = (0...last).map { layer in
      Layer(
        weights: .orthogonal(
          rows: sizes[layer], columns: sizes[layer + 1],
          gain: layer == last ? outputGain : 2.0.squareRoot(), random: random, network: index,
          layer: UInt32(layer)),
        bias: Array(repeating: 0, count: sizes[layer + 1]))
    }
    self.init(layers: layers, activation: activation)
  }

  /// Numbers in an observation.
  public var inputCount: Int { layers[0].weights.rows }
  /// Numbers in an output.
  public var outputCount: Int { layers[layers.count - 1].weights.columns }
  /// The largest number of outputs of a layer.
  var maximumWidth: Int { layers.reduce(0) { max($0, $1.weights.columns) } }

  /// The same shapes, all zero.
  public var zeros: Network {
    Network(
      layers: layers.map {
        Layer(
          weights: Matrix(rows: $0.weights.rows, columns: $0.weights.columns),
          bias: Array(repeating: 0, count: $0.bias.count))
      }, activation: activation)
  }
}

extension Matrix {
  /// A matrix whose shorter side is a set of orthogonal vectors of length `gain`: `WᵀW = gain² I` for
  /// rows ≥ columns, else `WWᵀ = gain² I`.
  static func orthogonal(
    rows: Int, columns: Int, gain: Double, random: RandomSource, network: UInt32, layer: UInt32
  ) -> Matrix {
    let (length, count) = (max(rows, columns), min(rows, columns))
    var vectors = [[Double]]()
    for vector in 0..<count {
      var v = (0..<(length + 3) / 4).flatMap { block in
        let n: (Double, Double, Double, Double) = random.normals(
          .networkInitialization, copy: network, episode: layer, step: UInt32(vector), draw: block)
        return [n.0, n.1, n.2, n.3]
      }
      v.removeLast(v.count - length)
      // Gram–Schmidt, twice: once more removes what rounding left.
      for other in vectors + vectors {
        let overlap = zip(v, other).reduce(0) { $0 + $1.0 * $1.1 }
        for i in v.indices { v[i] -= overlap * other[i] }
      }
      let norm = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vectors.append(v.map { $0 / norm })
    }
    var result = Matrix(rows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns {
        result[i, j] = Float(gain * (rows >= columns ? vectors[j][i] : vectors[i][j]))
      }
    }
    return result
  }
}
