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
  /// What stands for the score of an action that is not valid: its probability is 0 to the bit.
  static var invalidScore: Float { -1e9 }

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
    let push = push(samples, logProbability: logProbability, entropy: entropy, &sums)
    let pull = samples.weight * entropyCoefficient
    for k in 0..<count {
      let (logP, probability) = unsafe (z.lanes(k * stride), p.lanes(k * stride))
      let isAction = zero.replacing(with: one, where: samples.action .== Int32(k))
      unsafe z.store(
        pull * probability * (logP + entropy) - push * (isAction - probability), k * stride)
    }
  }

  /// Gives invalid actions the invalid score, where `masks` is below 0.
  @unsafe @inline(__always) static func mask(
    _ z: UnsafeMutablePointer<Float>, _ masks: UnsafeMutablePointer<Float>, count: Int, stride: Int
  ) {
    for k in 0..<count {
      let isInvalid = unsafe masks.lanes(k * stride) .< Lanes16.zero
      unsafe z.store(
        z.lanes(k * stride).replacing(with: Lanes16(repeating: invalidScore), where: isInvalid),
        k * stride)
    }
  }

  /// The same for normal actions: replaces μ and log σ by ∂loss/∂μ = −weight ρÂ n/σ and
  /// ∂loss/∂log σ = −weight (ρÂ (n² − 1) + c_e), where n = (a − μ)/σ.
  ///
  /// - Parameters:
  ///   - outputs: μ of dimension i at `i · stride`, log σ at `(dimensions + i) · stride`.
  ///   - actions: a of dimension i at `i · stride`.
  @unsafe @inline(__always) func differentiate(
    _ samples: PolicySamples, outputs z: UnsafeMutablePointer<Float>,
    actions a: UnsafePointer<Float>, dimensions: Int, stride: Int, _ sums: inout PolicySums
  ) {
    var (entropy, logProbability) = (Lanes16.zero, Lanes16.zero)
    for i in 0..<dimensions {
      let logDeviation = unsafe z.lanes((dimensions + i) * stride)
      let n = unsafe (a.lanes(i * stride) - z.lanes(i * stride)) / Lanes16.exp(logDeviation)
      logProbability -= n * n * 0.5 + logDeviation + GaussianSampler.logNormalizer
      entropy += logDeviation + (0.5 + GaussianSampler.logNormalizer)
    }
    let push = push(samples, logProbability: logProbability, entropy: entropy, &sums)
    let pull = samples.weight * entropyCoefficient
    for i in 0..<dimensions {
      let (mean, logDeviation) = (i * stride, (dimensions + i) * stride)
      let deviation = unsafe Lanes16.exp(z.lanes(logDeviation))
      let n = unsafe (a.lanes(mean) - z.lanes(mean)) / deviation
      unsafe z.store(Lanes16.zero - push * n / deviation, mean)
      unsafe z.store(Lanes16.zero - push * (n * n - 1) - pull, logDeviation)
    }
  }

  /// −∂loss/∂log π(a|o): weight · ρÂ, or 0 where the clip binds; adds up the terms of the loss.
  @inline(__always) private func push(
    _ samples: PolicySamples, logProbability: Lanes16, entropy: Lanes16, _ sums: inout PolicySums
  ) -> Lanes16 {
    let (one, zero) = (Lanes16(repeating: 1), Lanes16.zero)
    let logRatio = logProbability - samples.oldLogProbability
    let ratio = Lanes16.exp(logRatio)
    let bounded = Lanes16.larger(
      Lanes16.smaller(ratio, Lanes16(repeating: 1 + clipRange)), Lanes16(repeating: 1 - clipRange))
    let (free, clipped) = (ratio * samples.advantage, bounded * samples.advantage)
    sums.policyLoss -= Lanes16.smaller(free, clipped) * samples.weight
    sums.entropy += entropy * samples.weight
    sums.divergence += ((ratio - one) - logRatio) * samples.weight
    sums.clipped += zero.replacing(with: samples.weight, where: ratio .!= bounded)
    return free.replacing(with: zero, where: clipped .< free) * samples.weight
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
