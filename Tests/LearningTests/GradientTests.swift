import Algebra
import Foundation
import Learning
import Testing

@Suite struct GradientTests {
  /// What an agent may look like.
  enum Shape: CaseIterable {
    case apart, sharedTrunk, masked, gaussian, sharedGaussian

    var agent: (Activation) -> ActorCritic {
      let outputs = head.outputCount
      return { activation in
        switch self {
        case .apart, .masked, .gaussian:
          ActorCritic(
            actor: sampleNetwork([4, 20, 16, outputs], activation),
            critic: sampleNetwork([4, 17, 1], activation, index: 1), head: head)
        case .sharedTrunk, .sharedGaussian:
          ActorCritic(trunk: sampleNetwork([4, 20, 16, outputs + 1], activation), head: head)
        }
      }
    }

    var head: PolicyHead {
      switch self {
      case .apart, .sharedTrunk, .masked: .categorical(count: 3)
      case .gaussian, .sharedGaussian: .gaussian(dimensions: 2)
      }
    }
  }

  @Test(arguments: Activation.allCases, Shape.allCases)
  func `gradients are the finite differences of the loss`(_ activation: Activation, _ shape: Shape)
  {
    expectDifferences(shape, activation, valueClipRange: nil)
  }

  @Test func `so are those of a clipped value loss`() {
    expectDifferences(.apart, .tanh, valueClipRange: 0.1)
    expectDifferences(.sharedTrunk, .relu, valueClipRange: 0.1)
  }

  private func expectDifferences(_ shape: Shape, _ activation: Activation, valueClipRange: Float?) {
    let agent = shape.agent(activation)
    let loss = PPOLoss(
      clipRange: 0.2, valueClipRange: valueClipRange, valueCoefficient: 0.7,
      entropyCoefficient: 0.03)
    let (rollout, order, range) = sampleRollout(agent, isMasked: shape == .masked)
    let scale = AdvantageScale(mean: 0.1, factor: 1.5)
    var pass = PPOGradientPass(for: agent, rows: 16)
    pass.run(
      rollout, order: order, range: range, minibatchSize: range.count, agent: agent, loss: loss,
      scale: scale)
    let reference = ReferenceLoss(
      rollout: rollout, samples: order[range].map(Int.init), loss: loss, scale: scale,
      head: agent.head)
    let slow = agent.networks.map { ReferenceNetwork($0) }
    for i in slow.indices {
      expectDifferences(pass.gradients[i], of: slow[i]) { changed in
        var networks = slow
        networks[i] = changed
        return reference.total(networks)
      }
    }
    let terms = reference.terms(slow)
    #expect(abs(pass.terms.policyLoss - terms.policyLoss) < 1e-5)
    #expect(abs(pass.terms.valueLoss - terms.valueLoss) < 1e-5)
    #expect(abs(pass.terms.entropy - terms.entropy) < 1e-5)
    #expect(abs(pass.terms.divergence - terms.divergence) < 1e-5)
    #expect(abs(pass.terms.clipped - terms.clipped) < 1e-5)
    #expect(terms.clipped > 0.1 && terms.clipped < 0.9, "both branches of the clip are taken")
  }

  private func expectDifferences(
    _ gradient: Network, of network: ReferenceNetwork, _ loss: (ReferenceNetwork) -> Double
  ) {
    LearningTests.expectDifferences(ReferenceNetwork(gradient), of: network, loss)
  }

  /// Samples with probability ratios inside and outside the clip, and an order that skips some.
  private func sampleRollout(
    _ agent: ActorCritic, isMasked: Bool
  ) -> (Rollout, order: [Int32], range: Range<Int>) {
    var dimensions = 0
    if case .gaussian(let count) = agent.head { dimensions = count }
    var rollout = Rollout(
      copies: 5, steps: 9, features: 4, dimensions: dimensions, maskedActions: isMasked ? 3 : 0)
    let random = RandomSource(seed: 8)
    let networks = agent.networks.map { ReferenceNetwork($0) }
    for i in 0..<rollout.count {
      let x = sampleInput(4, row: i)
      for f in 0..<4 { rollout.observations[i * 4 + f] = x[f] }
      func noise(_ draw: Int) -> Double {
        random.uniform(.evaluation, step: UInt32(i), draw: draw) - 0.5
      }
      rollout.actions[i] = Int32(random.integer(below: 3, .exploration, step: UInt32(i)))
      if isMasked { rollout.masks[i * 3 + (Int(rollout.actions[i]) + 1 + i % 2) % 3] = false }
      for d in 0..<dimensions { rollout.actionValues[i * dimensions + d] = Float(3 * noise(3 + d)) }
      let law = ReferenceLaw(rollout, sample: i, networks, agent.head)
      rollout.logProbabilities[i] = Float(law.logProbability + 1.2 * noise(0))
      rollout.rewards[i] = Float(noise(1))
      rollout.values[i] = Float(law.value + noise(2))
    }
    rollout.estimateAdvantages(discount: 0.9, traceDecay: 0.8)
    let order = (0..<Int32(rollout.count)).reversed() + []
    return (rollout, order, 3..<rollout.count - 1)
  }
}

/// What networks say of a sample, as the definitions say it, in `Double`.
struct ReferenceLaw {
  /// log π(a|o), entropy of π(·|o), V(o).
  let logProbability: Double
  let entropy: Double
  let value: Double

  init(_ rollout: Rollout, sample i: Int, _ networks: [ReferenceNetwork], _ head: PolicyHead) {
    let features = rollout.features
    let x = rollout.observations[i * features..<(i + 1) * features].map(Double.init)
    let outputs = networks[0].scores(x)
    value = networks.count == 1 ? outputs[outputs.count - 1] : networks[1].scores(x)[0]
    switch head {
    case .categorical(let count):
      let valid = (0..<count).filter { rollout.masks.isEmpty || rollout.masks[i * count + $0] }
      let logSum = log(valid.reduce(0) { $0 + exp(outputs[$1]) })
      logProbability = outputs[Int(rollout.actions[i])] - logSum
      entropy = -valid.reduce(0) { $0 + exp(outputs[$1] - logSum) * (outputs[$1] - logSum) }
    case .gaussian(let dimensions):
      var (sum, spread) = (0.0, 0.0)
      for d in 0..<dimensions {
        let (mean, deviation) = (outputs[d], exp(outputs[dimensions + d]))
        let n = (Double(rollout.actionValues[i * dimensions + d]) - mean) / deviation
        sum += -n * n / 2 - log(deviation * (2 * Double.pi).squareRoot())
        spread += log(deviation * (2 * Double.pi * M_E).squareRoot())
      }
      (logProbability, entropy) = (sum, spread)
    }
  }
}

/// The loss as its definition says it, in `Double`.
struct ReferenceLoss {
  let rollout: Rollout
  let samples: [Int]
  let loss: PPOLoss
  let scale: AdvantageScale
  let head: PolicyHead

  func total(_ networks: [ReferenceNetwork]) -> Double {
    let terms = terms(networks)
    return terms.policyLoss + Double(loss.valueCoefficient) * terms.valueLoss
      - Double(loss.entropyCoefficient) * terms.entropy
  }

  func terms(_ networks: [ReferenceNetwork]) -> PPOLossTerms {
    var terms = PPOLossTerms()
    let n = Double(samples.count)
    let range = Double(loss.clipRange)
    for i in samples {
      let law = ReferenceLaw(rollout, sample: i, networks, head)
      let logRatio = law.logProbability - Double(rollout.logProbabilities[i])
      let ratio = exp(logRatio)
      let advantage = Double((rollout.advantages[i] - scale.mean) * scale.factor)
      let bounded = min(max(ratio, 1 - range), 1 + range)
      terms.policyLoss -= min(ratio * advantage, bounded * advantage) / n
      terms.entropy += law.entropy / n
      terms.divergence += (ratio - 1 - logRatio) / n
      terms.clipped += (ratio != bounded ? 1 : 0) / n
      let target = Double(rollout.returns[i])
      var square = (law.value - target) * (law.value - target)
      if let valueRange = loss.valueClipRange.map(Double.init) {
        let old = Double(rollout.values[i])
        let clipped = old + min(max(law.value - old, -valueRange), valueRange) - target
        square = max(square, clipped * clipped)
      }
      terms.valueLoss += 0.5 * square / n
    }
    return terms
  }
}
