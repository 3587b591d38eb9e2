import Algebra
import Foundation
import Learning
import Testing

@Suite struct GradientTests {
  @Test(arguments: Activation.allCases, [nil, Float(0.1)])
  func `gradients of actor and critic are the finite differences of the loss`(
    activation: Activation, valueClipRange: Float?
  ) {
    let actor = sampleNetwork([4, 20, 16, 3], activation)
    let critic = sampleNetwork([4, 17, 1], activation, index: 1)
    let loss = PPOLoss(
      clipRange: 0.2, valueClipRange: valueClipRange, valueCoefficient: 0.7,
      entropyCoefficient: 0.03)
    let (rollout, order, range) = sampleRollout(actor, critic)
    let scale = AdvantageScale(mean: 0.1, factor: 1.5)
    var pass = PPOGradientPass(actor: actor, critic: critic, rows: 16)
    pass.run(
      rollout, order: order, range: range, minibatchSize: range.count, actor: actor,
      critic: critic, loss: loss, scale: scale)
    let reference = ReferenceLoss(
      rollout: rollout, samples: order[range].map(Int.init), loss: loss, scale: scale)
    let (slowActor, slowCritic) = (ReferenceNetwork(actor), ReferenceNetwork(critic))
    expectDifferences(pass.actorGradient, of: slowActor) {
      reference.total(actor: $0, critic: slowCritic)
    }
    expectDifferences(pass.criticGradient, of: slowCritic) {
      reference.total(actor: slowActor, critic: $0)
    }
    let terms = reference.terms(actor: slowActor, critic: slowCritic)
    #expect(abs(pass.terms.policyLoss - terms.policyLoss) < 1e-5)
    #expect(abs(pass.terms.valueLoss - terms.valueLoss) < 1e-5)
    #expect(abs(pass.terms.entropy - terms.entropy) < 1e-5)
    #expect(abs(pass.terms.divergence - terms.divergence) < 1e-5)
    #expect(abs(pass.terms.clipped - terms.clipped) < 1e-5)
    #expect(terms.clipped > 0.1 && terms.clipped < 0.9, "both branches of the clip are taken")
  }

  /// Compares every parameter's derivative with a central difference.
  private func expectDifferences(
    _ gradient: Network, of network: ReferenceNetwork, _ loss: (ReferenceNetwork) -> Double
  ) {
    let found = ReferenceNetwork(gradient)
    for l in network.layers.indices {
      for j in network.layers[l].indices {
        for i in network.layers[l][j].indices {
          var (up, down) = (network, network)
          up.layers[l][j][i] += 1e-6
          down.layers[l][j][i] -= 1e-6
          let difference = (loss(up) - loss(down)) / 2e-6
          #expect(
            abs(found.layers[l][j][i] - difference) < 1e-4 * abs(difference) + 1e-6,
            "layer \(l), output \(j), input \(i)")
        }
      }
    }
  }

  /// Samples with probability ratios inside and outside the clip, and an order that skips some.
  private func sampleRollout(
    _ actor: Network, _ critic: Network
  ) -> (Rollout, order: [Int32], range: Range<Int>) {
    var rollout = Rollout(copies: 5, steps: 9, features: 4)
    let random = RandomSource(seed: 8)
    let reference = (actor: ReferenceNetwork(actor), critic: ReferenceNetwork(critic))
    for i in 0..<rollout.count {
      let x = sampleInput(4, row: i)
      for f in 0..<4 { rollout.observations[i * 4 + f] = x[f] }
      rollout.actions[i] = Int32(random.integer(below: 3, .exploration, step: UInt32(i)))
      let z = reference.actor.scores(x.map(Double.init))
      let logSum = log(z.reduce(0) { $0 + exp($1) })
      func noise(_ draw: Int) -> Double {
        random.uniform(.evaluation, step: UInt32(i), draw: draw) - 0.5
      }
      rollout.logProbabilities[i] = Float(z[Int(rollout.actions[i])] - logSum + 1.2 * noise(0))
      rollout.rewards[i] = Float(noise(1))
      rollout.values[i] = Float(reference.critic.scores(x.map(Double.init))[0] + noise(2))
    }
    rollout.estimateAdvantages(discount: 0.9, traceDecay: 0.8)
    let order = (0..<Int32(rollout.count)).reversed() + []
    return (rollout, order, 3..<rollout.count - 1)
  }
}

/// The loss as its definition says it, in `Double`.
struct ReferenceLoss {
  let rollout: Rollout
  let samples: [Int]
  let loss: PPOLoss
  let scale: AdvantageScale

  func total(actor: ReferenceNetwork, critic: ReferenceNetwork) -> Double {
    let terms = terms(actor: actor, critic: critic)
    return terms.policyLoss + Double(loss.valueCoefficient) * terms.valueLoss
      - Double(loss.entropyCoefficient) * terms.entropy
  }

  func terms(actor: ReferenceNetwork, critic: ReferenceNetwork) -> PPOLossTerms {
    var terms = PPOLossTerms()
    let n = Double(samples.count)
    let range = Double(loss.clipRange)
    for i in samples {
      let x = rollout.observations[i * 4..<i * 4 + 4].map(Double.init)
      let z = actor.scores(x)
      let logSum = log(z.reduce(0) { $0 + exp($1) })
      let logP = z.map { $0 - logSum }
      let logRatio = logP[Int(rollout.actions[i])] - Double(rollout.logProbabilities[i])
      let ratio = exp(logRatio)
      let advantage = Double((rollout.advantages[i] - scale.mean) * scale.factor)
      let bounded = min(max(ratio, 1 - range), 1 + range)
      terms.policyLoss -= min(ratio * advantage, bounded * advantage) / n
      terms.entropy -= logP.reduce(0) { $0 + exp($1) * $1 } / n
      terms.divergence += (ratio - 1 - logRatio) / n
      terms.clipped += (ratio != bounded ? 1 : 0) / n
      let value = critic.scores(x)[0]
      let target = Double(rollout.returns[i])
      var square = (value - target) * (value - target)
      if let valueRange = loss.valueClipRange.map(Double.init) {
        let old = Double(rollout.values[i])
        let clipped = old + min(max(value - old, -valueRange), valueRange) - target
        square = max(square, clipped * clipped)
      }
      terms.valueLoss += 0.5 * square / n
    }
    return terms
  }
}
