import Algebra
import Learning
import Testing

@Suite struct NetworkTests {
  @Test(arguments: [(12, 64, 2.0.squareRoot()), (64, 3, 0.01), (5, 5, 1)])
  func `begins with orthogonal weights of the given gain`(
    rows: Int, columns: Int, gain: Double
  ) {
    let network = Network(
      sizes: [rows, columns], outputGain: gain, random: RandomSource(seed: 3), index: 0)
    let w = network.layers[0].weights
    let isTall = rows >= columns
    for a in 0..<min(rows, columns) {
      for b in 0..<min(rows, columns) {
        let product = (0..<max(rows, columns)).reduce(0.0) {
          $0 + (isTall ? Double(w[$1, a]) * Double(w[$1, b]) : Double(w[a, $1]) * Double(w[b, $1]))
        }
        #expect(abs(product - (a == b ? gain * gain : 0)) < 1e-6 * gain * gain + 1e-12)
      }
    }
    #expect(network.layers[0].bias.allSatisfy { $0 == 0 })
  }

  @Test func `begins differently for every index and seed, and alike for the same`() {
    func network(_ seed: UInt64, _ index: UInt32) -> Network {
      Network(sizes: [3, 4, 2], outputGain: 1, random: RandomSource(seed: seed), index: index)
    }
    #expect(network(1, 0) == network(1, 0))
    #expect(network(1, 0) != network(1, 1))
    #expect(network(1, 0) != network(2, 0))
  }

  @Test(
    arguments: Activation.allCases, [[12, 64, 64, 3], [3, 20, 5], [1, 1], [7, 130, 33, 16, 2]])
  func `scores are those of the written-out sum`(activation: Activation, sizes: [Int]) {
    let network = sampleNetwork(sizes, activation)
    let x = sampleInput(sizes[0], row: 0)
    let expected = ReferenceNetwork(network).scores(x.map(Double.init))
    for (score, value) in zip(network.scores(x), expected) {
      #expect(abs(Double(score) - value) < 3e-6 * max(1, abs(value)))
    }
  }

  @Test(
    arguments: Activation.allCases, [[12, 64, 64, 3], [3, 20, 5], [1, 1], [7, 130, 33, 16, 2]])
  func `the batched pass gives the scores of every row`(activation: Activation, sizes: [Int]) {
    let network = sampleNetwork(sizes, activation)
    let rows = 37
    var work = NetworkWorkspace(for: network, rows: rows)
    work.input.elements = (0..<rows).flatMap { sampleInput(sizes[0], row: $0) }
    network.forward(&work)
    for row in 0..<rows {
      let scores = network.scores(sampleInput(sizes[0], row: row))
      for (k, score) in scores.enumerated() {
        #expect(abs(work.output[row, k] - score) < 1e-5 * max(1, abs(score)))
      }
    }
  }

  @Test func `scores have the same bits on every machine`() {
    let network = sampleNetwork([5, 70, 17, 3], .tanh)
    let bits = network.scores(sampleInput(5, row: 1)).map(\.bitPattern)
    #expect(bits == [1_058_283_689, 3_185_398_536, 3_211_002_005])
  }

  /// Widths of a multiple of sixteen may be computed by wider vectors than others.
  @Test func `the bits of an activation do not depend on the width of a layer`() {
    let inputs: [Float] =
      [0, -0.0, 1e-30, 0.1, -0.7, 3, -7.9, 7.91, 20, -.infinity, .nan]
      + (0..<117).map { Float($0) / 13 - 4.5 }
    func outputs(width: Int) -> [[UInt32]] {
      let hidden = Network.Layer(
        weights: Matrix(
          rows: 1, columns: width, elements: (0..<width).map { 1 + Float($0) / 16 }),
        bias: (0..<width).map { Float($0) / 100 })
      var identity = Matrix(rows: width, columns: width)
      for i in 0..<width { identity[i, i] = 1 }
      let network = Network(
        layers: [
          hidden, Network.Layer(weights: identity, bias: Array(repeating: 0, count: width)),
        ], activation: .tanh)
      var work = NetworkWorkspace(for: network, rows: inputs.count)
      for (row, x) in inputs.enumerated() { work.input[row, 0] = x }
      network.forward(&work)
      return inputs.indices.map { row in (0..<16).map { work.output[row, $0].bitPattern } }
    }
    let (whole, odd) = (outputs(width: 16), outputs(width: 17))
    for (row, x) in inputs.enumerated() where x.isFinite { #expect(whole[row] == odd[row], "\(x)") }
    #expect(whole[10].allSatisfy { Float(bitPattern: $0).isNaN })
  }

  @Test func `a score of a fault is not a number`() {
    for activation in Activation.allCases {
      let network = sampleNetwork([2, 16, 3], activation)
      #expect(network.scores([.nan, 0]).allSatisfy { $0.isNaN })
    }
  }
}

/// A network whose biases are not zero either.
func sampleNetwork(_ sizes: [Int], _ activation: Activation, index: UInt32 = 0) -> Network {
  let random = RandomSource(seed: 11)
  var network = Network(
    sizes: sizes, activation: activation, outputGain: 1, random: random, index: index)
  for l in network.layers.indices {
    for i in network.layers[l].bias.indices {
      network.layers[l].bias[i] = Float(
        random.uniform(.evaluation, copy: UInt32(l), step: UInt32(i)) - 0.5)
    }
  }
  return network
}

func sampleInput(_ count: Int, row: Int) -> [Float] {
  (0..<count).map {
    Float(RandomSource(seed: 5).uniform(.market, copy: UInt32(row), step: UInt32($0)) * 2 - 1)
  }
}

/// The readable twin of every pass, in `Double`.
struct ReferenceNetwork {
  /// Per layer, one list per output: the weights of the inputs, then the bias.
  var layers: [[[Double]]]
  let activation: Activation

  init(_ network: Network) {
    activation = network.activation
    layers = network.layers.map { layer in
      (0..<layer.bias.count).map { j in
        (0..<layer.weights.rows).map { Double(layer.weights[$0, j]) } + [Double(layer.bias[j])]
      }
    }
  }

  func scores(_ observation: [Double]) -> [Double] {
    var x = observation
    for (l, layer) in layers.enumerated() {
      x = layer.map { weights in
        let sum = zip(weights, x + [1]).reduce(0) { $0 + $1.0 * $1.1 }
        if l == layers.count - 1 { return sum }
        return activation == .tanh ? Double.tanh(sum) : max(sum, 0)
      }
    }
    return x
  }
}

/// Compares every parameter's derivative with a central difference.
func expectDifferences(
  _ gradient: ReferenceNetwork, of network: ReferenceNetwork, _ loss: (ReferenceNetwork) -> Double
) {
  for l in network.layers.indices {
    for j in network.layers[l].indices {
      for i in network.layers[l][j].indices {
        var (up, down) = (network, network)
        up.layers[l][j][i] += 1e-6
        down.layers[l][j][i] -= 1e-6
        let difference = (loss(up) - loss(down)) / 2e-6
        #expect(
          abs(gradient.layers[l][j][i] - difference) < 1e-4 * abs(difference) + 3e-6,
          "layer \(l), output \(j), input \(i)")
      }
    }
  }
}
