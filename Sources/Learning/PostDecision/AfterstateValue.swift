import Algebra

/// V(y) = φ(y)ᵀθ, fitted by least squares to all returns so far, the newer the heavier.
///
/// φ are the last hidden layer of a network whose hidden layers are drawn once and stay (random
/// features, Rahimi & Recht 2007), and the constant 1. Against Adam on the same returns there is no step
/// size, and nothing of a return is lost: the fit of n updates is that of all their samples.
struct AfterstateValue: Sendable {
  /// The features and, as last layer, θ.
  private(set) var network: Network
  /// Σ φφᵀ and Σ φG of all samples, shape [size, size] and [size], the constant last.
  private(set) var gram: [Double]
  private(set) var moments: [Double]
  /// Ridge, as a part of the mean diagonal of the Gram matrix.
  private let ridge: Double

  /// A value of 0 everywhere.
  init(inputs: Int, hiddenSizes: [Int], activation: Activation, ridge: Double, random: RandomSource)
  {
    var network = Network(
      sizes: [inputs] + hiddenSizes + [1], activation: activation, outputGain: 0, random: random,
      index: 0)
    network.spreadBiases(random, index: 0)
    self.network = network
    self.ridge = ridge
    let size = network.featureCount + 1
    gram = Array(repeating: 0, count: size * size)
    moments = Array(repeating: 0, count: size)
  }

  /// Forgets all samples; the values stay until the next fit.
  mutating func forget() {
    for i in gram.indices { gram[i] = 0 }
    for i in moments.indices { moments[i] = 0 }
  }

  /// Takes in the sums of new samples and solves for θ.
  ///
  /// - Parameters:
  ///   - memory: the factor on all that was taken in before.
  ///   - shift: subtracted from every return.
  mutating func fit(_ sums: [FeatureSums], memory: Double, shift: Double) {
    let size = moments.count
    for i in gram.indices { gram[i] *= memory }
    for i in moments.indices { moments[i] *= memory }
    for part in sums {
      for i in gram.indices { gram[i] += part.gram[i] }
      for i in moments.indices {
        moments[i] += part.moments[i] - shift * part.gram[i * size + size - 1]
      }
    }
    solve()
  }

  /// θ = (Σ φφᵀ + ridge)⁻¹ Σ φG; the constant is not held back. Stays as it is where there is none.
  private mutating func solve() {
    let size = moments.count
    let trace = (0..<size).reduce(0) { $0 + gram[$1 * size + $1] }
    var (matrix, solution) = (gram, moments)
    for i in 0..<size - 1 { matrix[i * size + i] += ridge * trace / Double(size) }
    do { try solveLinearSystem(columns: &matrix, rightHandSides: &solution) } catch { return }
    guard solution.allSatisfy(\.isFinite) else { return }
    let last = network.layers.count - 1
    for i in 0..<size - 1 { network.layers[last].weights.elements[i] = Float(solution[i]) }
    network.layers[last].bias[0] = Float(solution[size - 1])
  }

  func addTensors(to tensors: inout [String: Tensor]) {
    tensors.merge(network.tensors(prefix: "value.")) { _, new in new }
    tensors["value.gram"] = Tensor(gram, shape: [moments.count, moments.count])
    tensors["value.moments"] = Tensor(moments)
  }

  mutating func restore(_ reader: TensorReader) throws(LearnerStateError) {
    network = try network.reading(reader, prefix: "value.")
    try reader.read("value.gram", shape: [moments.count, moments.count], into: &gram)
    try reader.read("value.moments", shape: [moments.count], into: &moments)
  }
}

/// Σ φφᵀ and Σ φG of one part's samples.
struct FeatureSums: Sendable {
  /// Shape [size, size].
  private(set) var gram: [Double]
  private(set) var moments: [Double]
  /// Of one block, shape [rows, size].
  private var features: [Double]
  private let rows: Int
  private var work: NetworkWorkspace

  init(_ network: Network, rows: Int = 256) {
    let size = network.featureCount + 1
    gram = Array(repeating: 0, count: size * size)
    moments = Array(repeating: 0, count: size)
    features = Array(repeating: 0, count: rows * size)
    self.rows = rows
    work = NetworkWorkspace(for: network, rows: rows)
  }

  /// Sums over the samples 0, interval, 2 · interval, … of each step.
  mutating func sum(_ rollout: AfterstateRollout, _ network: Network, interval: Int) {
    let (rows, size, width) = (rows, moments.count, rollout.features)
    let hidden = network.layers.count - 2
    for i in gram.indices { gram[i] = 0 }
    for i in moments.indices { moments[i] = 0 }
    let samples = rollout.count / interval
    for start in stride(from: 0, to: samples, by: rows) {
      let count = min(rows, samples - start)
      var targets = [Double](repeating: 0, count: count)
      for row in 0..<count {
        // Neighbours in time say nearly the same: every copy gives one of `interval` steps.
        let number = start + row
        let (round, copy) = (number / rollout.copies, number % rollout.copies)
        let sample =
          min(round * interval + copy % interval, rollout.steps - 1) * rollout.copies + copy
        work.input.elements.copy(
          width, from: rollout.afterstates, at: sample * width, to: row * width)
        targets[row] = Double(rollout.returns[sample])
      }
      network.forward(&work)
      take(work.values[hidden].elements, targets)
      addGramMatrix(of: features, columns: size, to: &gram)
    }
  }

  /// Sets the features of a block and adds to the moments; rows without a target are 0.
  private mutating func take(_ values: [Float], _ targets: [Double]) {
    let size = moments.count
    for row in 0..<rows {
      let place = row * size
      guard row < targets.count else {
        for i in 0..<size { features[place + i] = 0 }
        continue
      }
      for i in 0..<size - 1 { features[place + i] = Double(values[row * (size - 1) + i]) }
      features[place + size - 1] = 1
      for i in 0..<size { moments[i] += features[place + i] * targets[row] }
    }
  }
}

extension Network {
  /// Width of the last hidden layer.
  fileprivate var featureCount: Int { layers[layers.count - 1].weights.rows }

  /// Makes the units of the hidden layers bend at places all over the inputs, which are of size 1,
  /// instead of all at 0: weights of deviation 2/√inputs, b = −w·c, c normal with deviation 1.5.
  mutating func spreadBiases(_ random: RandomSource, index: UInt32) {
    for l in 0..<layers.count - 1 {
      let (inputs, units) = (layers[l].weights.rows, layers[l].weights.columns)
      // An orthogonal matrix has entries of mean square 2 / max(inputs, units).
      let factor = Float((2 * Double(max(inputs, units)) / Double(inputs)).squareRoot())
      for i in layers[l].weights.elements.indices { layers[l].weights.elements[i] *= factor }
      for j in layers[l].bias.indices {
        var bias: Float = 0
        for i in 0..<inputs {
          let normals: (Double, Double, Double, Double) = random.normals(
            .networkInitialization, copy: index, episode: UInt32(1000 + l), step: UInt32(j), draw: i
          )
          bias -= layers[l].weights[i, j] * 1.5 * Float(normals.0)
        }
        layers[l].bias[j] = bias
      }
    }
  }
}
