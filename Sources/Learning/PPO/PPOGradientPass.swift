import Algebra

/// What the advantages of a minibatch are shifted and scaled by.
package struct AdvantageScale: Sendable {
  package var mean: Float = 0
  package var factor: Float = 1
  package init(mean: Float = 0, factor: Float = 1) {
    self.mean = mean
    self.factor = factor
  }
}

/// One part's share of a minibatch: its losses and gradients, block by block so that everything
/// stays in the cache of one core.
package struct PPOGradientPass: Sendable {
  /// One per network.
  package private(set) var gradients: [Network]
  package private(set) var terms = PPOLossTerms()
  /// One per network.
  var works: [NetworkWorkspace]
  private let rows: Int
  private let head: PolicyHead
  // One row per sample of a block.
  private var actions: [Int32]
  private var oldLogProbabilities: [Float]
  private var advantages: [Float]
  private var returns: [Float]
  private var oldValues: [Float]
  /// One over the minibatch's size; 0 for rows without a sample.
  private var weights: [Float]
  /// Shape [outputs of the first network, rows]: outputs with samples side by side, replaced by
  /// their gradient.
  private var outputs: [Float]
  /// Shape [rows]: V, where the critic is a network of its own, replaced by its gradient.
  private var values: [Float]
  /// Shape [actions, rows]: the softmax of scores; or the numbers of normal actions.
  private var companions: [Float]
  /// Whether some actions are invalid.
  private var isMasked = false

  /// - Parameter rows: samples per block, a multiple of sixteen.
  package init(for agent: ActorCritic, rows: Int = 128) {
    precondition(rows % 16 == 0 && rows > 0, "\(rows) rows are not whole bundles of sixteen")
    self.rows = rows
    head = agent.head
    gradients = agent.networks.map(\.zeros)
    works = agent.networks.map { NetworkWorkspace(for: $0, rows: rows) }
    actions = Array(repeating: 0, count: rows)
    let row = [Float](repeating: 0, count: rows)
    (oldLogProbabilities, advantages, returns, oldValues, weights) = (row, row, row, row, row)
    outputs = Array(repeating: 0, count: rows * agent.networks[0].outputCount)
    values = row
    companions = Array(repeating: 0, count: rows * agent.head.outputCount)
  }

  /// Sets the gradients and terms to those of the samples `order[range]`.
  ///
  /// - Parameter minibatchSize: samples of the whole minibatch, over all parts.
  package mutating func run(
    _ rollout: Rollout, order: [Int32], range: Range<Int>, minibatchSize: Int,
    agent: ActorCritic, loss: PPOLoss, scale: AdvantageScale
  ) {
    terms = PPOLossTerms()
    for i in gradients.indices {
      gradients[i].clear()
      agent.networks[i].prepareBackward(&works[i])
    }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: rows) {
      let block = start..<min(start + rows, range.upperBound)
      gather(rollout, order: order, block: block, weight: 1 / Float(minibatchSize), scale: scale)
      agent.networks[0].forward(&works[0])
      differentiateFirst(loss)
      agent.networks[0].backward(&works[0], addingTo: &gradients[0])
      guard !agent.isShared else { continue }
      passInput()
      agent.networks[1].forward(&works[1])
      differentiateSecond(loss)
      agent.networks[1].backward(&works[1], addingTo: &gradients[1])
    }
  }

  private mutating func gather(
    _ rollout: Rollout, order: [Int32], block: Range<Int>, weight: Float, scale: AdvantageScale
  ) {
    let features = rollout.features
    // Rows without a sample repeat the last one, so that all numbers are such as occur, with weight 0.
    for row in 0..<rows {
      let sample = Int(order[min(block.lowerBound + row, block.upperBound - 1)])
      works[0].input.elements.copy(
        features, from: rollout.observations, at: sample * features, to: row * features)
      oldLogProbabilities[row] = rollout.logProbabilities[sample]
      advantages[row] = (rollout.advantages[sample] - scale.mean) * scale.factor
      returns[row] = rollout.returns[sample]
      oldValues[row] = rollout.values[sample]
      weights[row] = row < block.count ? weight : 0
      switch head {
      case .categorical: actions[row] = rollout.actions[sample]
      case .gaussian(let dimensions):
        for i in 0..<dimensions {
          companions[i * rows + row] = rollout.actionValues[sample * dimensions + i]
        }
      }
    }
    gatherMasks(rollout, order: order, block: block)
  }

  /// The masks wait where the probabilities will stand: 0 for valid, −1 for invalid.
  private mutating func gatherMasks(_ rollout: Rollout, order: [Int32], block: Range<Int>) {
    guard case .categorical(let count) = head, !rollout.masks.isEmpty else { return }
    for row in 0..<rows {
      let sample = Int(order[min(block.lowerBound + row, block.upperBound - 1)])
      for k in 0..<count {
        companions[k * rows + row] = rollout.masks[sample * count + k] ? 0 : -1
      }
    }
    isMasked = true
  }

  /// The critic sees what the actor saw; the next block overwrites either.
  private mutating func passInput() {
    var input = Matrix(rows: 0, columns: 0)
    swap(&input, &works[0].input)
    swap(&input, &works[1].input)
    swap(&input, &works[0].input)
  }

  /// Sets the output delta of the network that acts, and values too where it is shared.
  private mutating func differentiateFirst(_ loss: PPOLoss) {
    let columns = works[0].output.columns
    outputs.setTranspose(of: works[0].output.elements, rows: rows, columns: columns)
    differentiatePolicy(loss)
    if columns > head.outputCount {
      let first = head.outputCount * rows
      terms.valueLoss += differentiateValue(loss, &outputs, at: first)
    }
    works[0].outputDelta.elements.setTranspose(of: outputs, rows: columns, columns: rows)
  }

  /// Sets the output delta of a critic that is a network of its own.
  private mutating func differentiateSecond(_ loss: PPOLoss) {
    values.copy(rows, from: works[1].output.elements, at: 0)
    terms.valueLoss += differentiateValue(loss, &values, at: 0)
    works[1].outputDelta.elements.copy(rows, from: values, at: 0)
  }

  private mutating func differentiatePolicy(_ loss: PPOLoss) {
    var sums = PolicySums()
    for row in stride(from: 0, to: rows, by: 16) {
      let samples = PolicySamples(
        action: Self.lanes(of: actions, row), weight: Self.lanes(of: weights, row),
        advantage: Self.lanes(of: advantages, row),
        oldLogProbability: Self.lanes(of: oldLogProbabilities, row))
      let (rows, head, isMasked) = (rows, head, isMasked)
      unsafe withMemory(&outputs) { z in
        unsafe withMemory(&companions) { p in
          switch head {
          case .categorical(let count):
            if isMasked { unsafe PPOLoss.mask(z + row, p + row, count: count, stride: rows) }
            unsafe loss.differentiate(
              samples, scores: z + row, probabilities: p + row, count: count, stride: rows, &sums)
          case .gaussian(let dimensions):
            unsafe loss.differentiate(
              samples, outputs: z + row, actions: p + row, dimensions: dimensions, stride: rows,
              &sums)
          }
        }
      }
    }
    terms.policyLoss += sums.policyLoss.total
    terms.entropy += sums.entropy.total
    terms.divergence += sums.divergence.total
    terms.clipped += sums.clipped.total
  }

  /// Replaces V by ∂loss/∂V = weight · c_v (V − R), or 0 where clipping the change of V makes the loss
  /// larger; returns the sum of the losses.
  private func differentiateValue(
    _ loss: PPOLoss, _ values: inout [Float], at first: Int
  ) -> Double {
    var sum = Lanes16.zero
    for row in stride(from: 0, to: rows, by: 16) {
      let value = Self.lanes(of: values, first + row)
      let weight = Self.lanes(of: weights, row)
      let target = Self.lanes(of: returns, row)
      let error = value - target
      var (slope, square) = (error, error * error)
      if let range = loss.valueClipRange {
        let old = Self.lanes(of: oldValues, row)
        let change = Lanes16.larger(
          Lanes16.smaller(value - old, Lanes16(repeating: range)), Lanes16(repeating: -range))
        let clippedError = (old + change) - target
        // Within the range both are the same but for rounding, which must not decide.
        let isWorse =
          (square .< clippedError * clippedError)
          .& (Lanes16(repeating: range) .< (value - old).absolute)
        slope = slope.replacing(with: Lanes16.zero, where: isWorse)
        square = square.replacing(with: clippedError * clippedError, where: isWorse)
      }
      sum += 0.5 * square * weight
      let delta = slope * (weight * loss.valueCoefficient)
      unsafe withMemory(&values) { unsafe $0.store(delta, first + row) }
    }
    return sum.total
  }

  @inline(__always) private static func lanes(of array: [Float], _ row: Int) -> Lanes16 {
    unsafe withMemory(array) { unsafe $0.lanes(row) }
  }

  @inline(__always) private static func lanes(of array: [Int32], _ row: Int) -> SIMD16<Int32> {
    unsafe array.withUnsafeBytes {
      unsafe $0.loadUnaligned(fromByteOffset: row * 4, as: SIMD16<Int32>.self)
    }
  }
}
