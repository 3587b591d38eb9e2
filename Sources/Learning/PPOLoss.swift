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

/// Sixteen samples of a minibatch.
struct PolicySamples {
  let action: SIMD16<Int32>
  let weight: Lanes16
  let advantage: Lanes16
  let oldLogProbability: Lanes16
}

/// Sums over samples, still apart by lane.
struct PolicySums {
  var policyLoss = Lanes16.zero
  var entropy = Lanes16.zero
  var divergence = Lanes16.zero
  var clipped = Lanes16.zero
}

extension PPOLoss {
  /// Replaces scores by ∂loss/∂score_k
  /// = weight · (−[unclipped] ρÂ (1[k = a] − π_k) + c_e π_k (log π_k + H)).
  ///
  /// - Parameters:
  ///   - scores: score k of the samples stands at `k · stride`.
  ///   - probabilities: receives the softmax, in the same places.
  @unsafe @inline(__always) func differentiate(
    _ samples: PolicySamples, scores z: UnsafeMutablePointer<Float>,
    probabilities p: UnsafeMutablePointer<Float>, count: Int, stride: Int, _ sums: inout PolicySums
  ) {
    let (one, zero) = (Lanes16(repeating: 1), Lanes16.zero)
    let logSum = unsafe Self.softmax(z, into: p, count: count, stride: stride)
    var (entropy, logProbability) = (zero, zero)
    for k in 0..<count {
      let logP = unsafe z.lanes(k * stride) - logSum
      unsafe z.store(logP, k * stride)
      unsafe entropy -= p.lanes(k * stride) * logP
      logProbability.replace(with: logP, where: samples.action .== Int32(k))
    }
    let logRatio = logProbability - samples.oldLogProbability
    let ratio = Lanes16.exp(logRatio)
    let bounded = Lanes16.larger(
      Lanes16.smaller(ratio, Lanes16(repeating: 1 + clipRange)), Lanes16(repeating: 1 - clipRange))
    let (free, clipped) = (ratio * samples.advantage, bounded * samples.advantage)
    let push = free.replacing(with: zero, where: clipped .< free) * samples.weight
    let pull = samples.weight * entropyCoefficient
    for k in 0..<count {
      let (logP, probability) = unsafe (z.lanes(k * stride), p.lanes(k * stride))
      let isAction = zero.replacing(with: one, where: samples.action .== Int32(k))
      unsafe z.store(
        pull * probability * (logP + entropy) - push * (isAction - probability), k * stride)
    }
    sums.policyLoss -= Lanes16.smaller(free, clipped) * samples.weight
    sums.entropy += entropy * samples.weight
    sums.divergence += ((ratio - one) - logRatio) * samples.weight
    sums.clipped += zero.replacing(with: samples.weight, where: ratio .!= bounded)
  }

  /// Stores exp(zₖ) / Σ exp(z) and returns log Σ exp(z).
  @unsafe @inline(__always) private static func softmax(
    _ z: UnsafeMutablePointer<Float>, into p: UnsafeMutablePointer<Float>, count: Int, stride: Int
  ) -> Lanes16 {
    var largest = unsafe z.lanes(0)
    for k in 1..<max(count, 1) {
      unsafe largest = Lanes16.larger(largest, z.lanes(k * stride))
    }
    var sum = Lanes16.zero
    for k in 0..<count {
      let exponential = unsafe Lanes16.exp(z.lanes(k * stride) - largest)
      unsafe p.store(exponential, k * stride)
      sum += exponential
    }
    let share = Lanes16(repeating: 1) / sum
    for k in 0..<count { unsafe p.store(p.lanes(k * stride) * share, k * stride) }
    return largest + Lanes16.log(sum)
  }
}
