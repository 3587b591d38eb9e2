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
  package var actorGradient: Network
  package var criticGradient: Network
  package private(set) var terms = PPOLossTerms()
  var actorWork: NetworkWorkspace
  var criticWork: NetworkWorkspace
  private let rows: Int
  // One row per sample of a block.
  private var actions: [Int32]
  private var oldLogProbabilities: [Float]
  private var advantages: [Float]
  private var returns: [Float]
  private var oldValues: [Float]
  /// One over the minibatch's size; 0 for rows without a sample.
  private var weights: [Float]
  /// Shape [actions, rows]: scores with copies side by side, replaced by their gradient.
  private var scores: [Float]
  /// Shape [actions, rows]: softmax of the scores.
  private var probabilities: [Float]

  /// - Parameter rows: samples per block, a multiple of sixteen.
  package init(actor: Network, critic: Network, rows: Int = 128) {
    precondition(rows % 16 == 0 && rows > 0, "\(rows) rows are not whole bundles of sixteen")
    self.rows = rows
    actorGradient = actor.zeros
    criticGradient = critic.zeros
    actorWork = NetworkWorkspace(for: actor, rows: rows)
    criticWork = NetworkWorkspace(for: critic, rows: rows)
    actions = Array(repeating: 0, count: rows)
    let row = [Float](repeating: 0, count: rows)
    (oldLogProbabilities, advantages, returns, oldValues, weights) = (row, row, row, row, row)
    scores = Array(repeating: 0, count: rows * actor.outputCount)
    probabilities = scores
  }

  /// Sets the gradients and terms to those of the samples `order[range]`.
  ///
  /// - Parameter minibatchSize: samples of the whole minibatch, over all parts.
  package mutating func run(
    _ rollout: Rollout, order: [Int32], range: Range<Int>, minibatchSize: Int, actor: Network,
    critic: Network, loss: PPOLoss, scale: AdvantageScale
  ) {
    actorGradient.clear()
    criticGradient.clear()
    terms = PPOLossTerms()
    actor.prepareBackward(&actorWork)
    critic.prepareBackward(&criticWork)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: rows) {
      let block = start..<min(start + rows, range.upperBound)
      gather(rollout, order: order, block: block, weight: 1 / Float(minibatchSize), scale: scale)
      actor.forward(&actorWork)
      differentiatePolicy(loss)
      actor.backward(&actorWork, addingTo: &actorGradient)
      // The critic sees what the actor saw; the next block overwrites either.
      swap(&actorWork.input, &criticWork.input)
      critic.forward(&criticWork)
      differentiateValue(loss)
      critic.backward(&criticWork, addingTo: &criticGradient)
    }
  }

  private mutating func gather(
    _ rollout: Rollout, order: [Int32], block: Range<Int>, weight: Float, scale: AdvantageScale
  ) {
    let features = rollout.features
    for (row, position) in block.enumerated() {
      let sample = Int(order[position])
      actorWork.input.elements.copy(
        features, from: rollout.observations, at: sample * features, to: row * features)
      actions[row] = rollout.actions[sample]
      oldLogProbabilities[row] = rollout.logProbabilities[sample]
      advantages[row] = (rollout.advantages[sample] - scale.mean) * scale.factor
      returns[row] = rollout.returns[sample]
      oldValues[row] = rollout.values[sample]
      weights[row] = weight
    }
    for row in block.count..<rows { weights[row] = 0 }
  }

  /// Sets the actor's output delta.
  private mutating func differentiatePolicy(_ loss: PPOLoss) {
    let count = actorWork.output.columns
    scores.setTranspose(of: actorWork.output.elements, rows: rows, columns: count)
    var sums = PolicySums()
    for row in stride(from: 0, to: rows, by: 16) {
      let samples = PolicySamples(
        action: Self.lanes(of: actions, row), weight: Self.lanes(of: weights, row),
        advantage: Self.lanes(of: advantages, row),
        oldLogProbability: Self.lanes(of: oldLogProbabilities, row))
      let rows = rows
      unsafe withMemory(&scores) { z in
        unsafe withMemory(&probabilities) { p in
          unsafe loss.differentiate(
            samples, scores: z + row, probabilities: p + row, count: count, stride: rows, &sums)
        }
      }
    }
    actorWork.outputDelta.elements.setTranspose(of: scores, rows: count, columns: rows)
    terms.policyLoss += sums.policyLoss.total
    terms.entropy += sums.entropy.total
    terms.divergence += sums.divergence.total
    terms.clipped += sums.clipped.total
  }

  /// ∂loss/∂V = weight · c_v (V − R), or 0 where clipping the change of V makes the loss larger.
  private mutating func differentiateValue(_ loss: PPOLoss) {
    var sum = Lanes16.zero
    let values = criticWork.output.elements
    for row in stride(from: 0, to: rows, by: 16) {
      let value = Self.lanes(of: values, row)
      let weight = Self.lanes(of: weights, row)
      let target = Self.lanes(of: returns, row)
      let error = value - target
      var (slope, square) = (error, error * error)
      if let range = loss.valueClipRange {
        let old = Self.lanes(of: oldValues, row)
        let change = Lanes16.larger(
          Lanes16.smaller(value - old, Lanes16(repeating: range)), Lanes16(repeating: -range))
        let clippedError = (old + change) - target
        let isWorse = square .< clippedError * clippedError
        slope = slope.replacing(with: Lanes16.zero, where: isWorse)
        square = square.replacing(with: clippedError * clippedError, where: isWorse)
      }
      sum += 0.5 * square * weight
      let delta = slope * (weight * loss.valueCoefficient)
      unsafe withMemory(&criticWork.outputDelta.elements) { unsafe $0.store(delta, row) }
    }
    terms.valueLoss += sum.total
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
