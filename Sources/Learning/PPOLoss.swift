import Algebra

/// The loss of proximal policy optimisation (Schulman et al. 2017), with its gradient:
/// mean of −min(ρÂ, clip(ρ, 1 ± ε)Â) + c_v ½(V − R)² − c_e H, where ρ = π(a|o)/π_old(a|o).
package struct PPOLoss: Sendable {
  /// ε.
  package var clipRange: Float
  /// Largest rewarded change of V.
  package var valueClipRange: Float?
  /// c_v.
  package var valueCoefficient: Float
  /// c_e.
  package var entropyCoefficient: Float

  package init(
    clipRange: Float, valueClipRange: Float?, valueCoefficient: Float, entropyCoefficient: Float
  ) {
    self.clipRange = clipRange
    self.valueClipRange = valueClipRange
    self.valueCoefficient = valueCoefficient
    self.entropyCoefficient = entropyCoefficient
  }
}

/// Sums of a loss over samples, already divided by the size of the minibatch.
package struct PPOLossTerms: Sendable, Equatable {
  package var policyLoss = 0.0
  package var valueLoss = 0.0
  package var entropy = 0.0
  /// Mean of (ρ − 1) − log ρ, an estimate of KL(π_old, π).
  package var divergence = 0.0
  /// Share of samples with ρ outside 1 ± ε.
  package var clipped = 0.0

  package init() {}

  mutating func add(_ other: Self) {
    policyLoss += other.policyLoss
    valueLoss += other.valueLoss
    entropy += other.entropy
    divergence += other.divergence
    clipped += other.clipped
  }
}

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
    criticWork.input.elements.copy(rows * features, from: actorWork.input.elements, at: 0)
  }

  /// ∂loss/∂score_k = weight · (−[unclipped] ρÂ (1[k = a] − π_k) + c_e π_k (log π_k + H)).
  private mutating func differentiatePolicy(_ loss: PPOLoss) {
    let (rows, count) = (rows, actorWork.output.columns)
    scores.setTranspose(of: actorWork.output.elements, rows: rows, columns: count)
    var sums = (policy: Lanes16.zero, entropy: Lanes16.zero, kl: Lanes16.zero, clip: Lanes16.zero)
    let (one, zero) = (Lanes16(repeating: 1), Lanes16.zero)
    unsafe withMemory(&scores) { z in
      for row in stride(from: 0, to: rows, by: 16) {
        var largest = unsafe z.lanes(row)
        for k in 1..<max(count, 1) {
          unsafe largest = Lanes16.larger(largest, z.lanes(k * rows + row))
        }
        var sum = Lanes16.zero
        for k in 0..<count { unsafe sum += Lanes16.exp(z.lanes(k * rows + row) - largest) }
        let offset = largest + Lanes16.log(sum)
        let action = Self.lanes(of: actions, row)
        var (entropy, logProbability) = (zero, zero)
        for k in 0..<count {
          let logP = unsafe z.lanes(k * rows + row) - offset
          unsafe z.store(logP, k * rows + row)
          entropy -= Lanes16.exp(logP) * logP
          logProbability.replace(with: logP, where: action .== Int32(k))
        }
        let weight = Self.lanes(of: weights, row)
        let advantage = Self.lanes(of: advantages, row)
        let logRatio = logProbability - Self.lanes(of: oldLogProbabilities, row)
        let ratio = Lanes16.exp(logRatio)
        let bounded = Lanes16.larger(
          Lanes16.smaller(ratio, Lanes16(repeating: 1 + loss.clipRange)),
          Lanes16(repeating: 1 - loss.clipRange))
        let (free, clipped) = (ratio * advantage, bounded * advantage)
        let push = free.replacing(with: zero, where: clipped .< free) * weight
        let pull = weight * loss.entropyCoefficient
        for k in 0..<count {
          let logP = unsafe z.lanes(k * rows + row)
          let p = Lanes16.exp(logP)
          let isAction = zero.replacing(with: one, where: action .== Int32(k))
          unsafe z.store(
            pull * p * (logP + entropy) - push * (isAction - p), k * rows + row)
        }
        sums.policy -= Lanes16.smaller(free, clipped) * weight
        sums.entropy += entropy * weight
        sums.kl += ((ratio - one) - logRatio) * weight
        sums.clip += zero.replacing(with: weight, where: ratio .!= bounded)
      }
    }
    actorWork.outputDelta.elements.setTranspose(of: scores, rows: count, columns: rows)
    terms.policyLoss += sums.policy.total
    terms.entropy += sums.entropy.total
    terms.divergence += sums.kl.total
    terms.clipped += sums.clip.total
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

extension [Float] {
  /// Becomes the transpose of a matrix of `rows` by `columns`.
  mutating func setTranspose(of other: [Float], rows: Int, columns: Int) {
    precondition(
      count == rows * columns && other.count == count, "cannot transpose \(other.count) elements")
    unsafe withMemory(&self) { to in
      unsafe withMemory(other) { from in
        for j in 0..<columns {
          for i in 0..<rows { unsafe to[j * rows + i] = from[i * columns + j] }
        }
      }
    }
  }
}
