import Algebra
import CAllocationCount
import Learning
import Testing

@Suite struct DQNGradientTests {
  init() { BLAS.threads = 1 }

  /// Two actions, one number seen: outputs are x·w + b, small enough to be worked out by hand.
  private func linear(_ weights: [Float], _ bias: [Float]) -> Network {
    Network(
      layers: [
        Network.Layer(
          weights: Matrix(rows: 1, columns: weights.count, elements: weights), bias: bias)
      ], activation: .relu)
  }

  struct HandTarget: Sendable {
    var isDouble: Bool
    var mask: [Bool]
    var error: Float
  }

  @Test(arguments: [
    // The online network likes action 1 at S′ (Q = 2 against 1), the target network action 0 (5
    // against 3). y = 1 + 0.5·3 for double Q, 1 + 0.5·5 else; Q(S, 0) = 1.
    HandTarget(isDouble: true, mask: [], error: 1 - 2.5),
    HandTarget(isDouble: false, mask: [], error: 1 - 3.5),
    // With its favourite masked a network must take the other.
    HandTarget(isDouble: true, mask: [true, false], error: 1 - 3.5),
    HandTarget(isDouble: false, mask: [false, true], error: 1 - 2.5),
  ])
  func `the target is the one that was computed by hand`(_ hand: HandTarget) {
    let online = linear([1, 2], [0, 0])
    let target = linear([5, 3], [0, 0])
    var replay = ReplayBuffer(capacity: 4, features: 1, maskedActions: hand.mask.count)
    replay.add(
      0, of: [1], action: 0, return: 1, discount: 0.5, length: 1, next: 0, of: [1],
      masks: hand.mask)
    var pass = DQNGradientPass(
      ActionValueHead(actionCount: 2, isDueling: false), network: online, batchSize: 1)
    pass.run(
      replay, online: online, target: target,
      loss: DQNLoss(huberThreshold: 10, isDouble: hand.isDouble))
    #expect(pass.errors == [hand.error])
    #expect(pass.loss == Double(hand.error * hand.error / 2))
    #expect(pass.gradients[0].layers[0].bias == [hand.error, 0])
  }

  @Test func `values relative to a mean reward subtract it once for every step`() {
    let online = linear([1, 2], [0, 0])
    var replay = ReplayBuffer(capacity: 4, features: 1)
    replay.add(0, of: [1], action: 1, return: 7, discount: 1, length: 3, next: 0, of: [0.5])
    replay.add(0, of: [1], action: 1, return: 7, discount: 0, length: 2, next: 0, of: [0.5])
    var pass = DQNGradientPass(
      ActionValueHead(actionCount: 2, isDueling: false), network: online, batchSize: 2)
    pass.samples = [0, 1]
    pass.run(
      replay, online: online, target: online,
      loss: DQNLoss(huberThreshold: 1, isDouble: true, averageReward: 2))
    // 2 − (7 − 3·2 + 1) and, after a termination, 2 − (7 − 2·2).
    #expect(pass.errors == [0, -1])
    #expect(pass.meanNextValue == 1)
  }

  @Test(arguments: [true, false], [true, false])
  func `gradients are the finite differences of the weighted Huber loss`(
    isDueling: Bool, isDouble: Bool
  ) {
    let head = ActionValueHead(actionCount: 3, isDueling: isDueling)
    let online = sampleNetwork([4, 20, 16, head.outputCount], .tanh)
    let target = sampleNetwork([4, 20, 16, head.outputCount], .tanh, index: 1)
    let replay = sampleReplay(40)
    var pass = DQNGradientPass(head, network: online, batchSize: 24)
    for i in 0..<24 {
      pass.samples[i] = Int32(39 - i)
      pass.weights[i] = 1 / Float(1 + i % 5)
    }
    let loss = DQNLoss(huberThreshold: 0.8, isDouble: isDouble, averageReward: 0.1)
    pass.run(replay, online: online, target: target, loss: loss)

    func values(_ network: ReferenceNetwork, _ x: [Double]) -> [Double] {
      let outputs = network.scores(x)
      guard isDueling else { return outputs }
      let mean = outputs[0..<3].reduce(0, +) / 3
      return outputs[0..<3].map { outputs[3] + $0 - mean }
    }
    let (slowOnline, slowTarget) = (ReferenceNetwork(online), ReferenceNetwork(target))
    func goal(_ sample: Int) -> Double {
      let x = replay.nextObservations[4 * sample..<4 * sample + 4].map(Double.init)
      let next = values(slowTarget, x)
      let choices = isDouble ? values(slowOnline, x) : next
      let best = choices.indices.max { choices[$0] < choices[$1] } ?? 0
      return Double(replay.returns[sample]) - 0.1 * Double(replay.lengths[sample])
        + Double(replay.discounts[sample]) * next[best]
    }
    let goals = pass.samples.map { goal(Int($0)) }
    func total(_ network: ReferenceNetwork) -> Double {
      var sum = 0.0
      for (i, sample) in pass.samples.enumerated() {
        let s = Int(sample)
        let x = replay.observations[4 * s..<4 * s + 4].map(Double.init)
        let error = abs(values(network, x)[Int(replay.actions[s])] - goals[i])
        let huber = error < 0.8 ? error * error / 2 : 0.8 * (error - 0.4)
        sum += Double(pass.weights[i]) * huber / 24
      }
      return sum
    }
    #expect(abs(pass.loss - total(slowOnline)) < 1e-5)
    let isLarge = pass.errors.map { abs($0) > 0.8 }
    #expect(isLarge.contains(true) && isLarge.contains(false), "both branches are taken")
    let found = ReferenceNetwork(pass.gradients[0])
    for l in slowOnline.layers.indices {
      for j in slowOnline.layers[l].indices {
        for i in slowOnline.layers[l][j].indices {
          var (up, down) = (slowOnline, slowOnline)
          up.layers[l][j][i] += 1e-6
          down.layers[l][j][i] -= 1e-6
          let difference = (total(up) - total(down)) / 2e-6
          let distance = abs(found.layers[l][j][i] - difference)
          #expect(
            distance < 1e-4 * abs(difference) + 2e-6, "layer \(l), output \(j), input \(i)")
        }
      }
    }
  }

  @Test func `a duelling head folds into a plain layer with the same values`() {
    let head = ActionValueHead(actionCount: 3, isDueling: true)
    let network = sampleNetwork([4, 20, 4], .relu)
    let folded = head.folded(network)
    #expect(folded.outputCount == 3)
    for row in 0..<20 {
      let x = sampleInput(4, row: row)
      let (outputs, values) = (network.scores(x), folded.scores(x))
      for action in 0..<3 {
        #expect(abs(head.value(outputs, row: 0, action: action) - values[action]) < 1e-6)
      }
      let best = head.best(outputs, row: 0, masks: [], maskRow: 0)
      #expect(best == LearnedPolicy.greedyAction(ofScores: values))
    }
    let plain = ActionValueHead(actionCount: 4, isDueling: false)
    #expect(plain.folded(network) == network)
  }

  @Test func `the best action is a valid one, the lowest of equals`() {
    let head = ActionValueHead(actionCount: 3, isDueling: true)
    let outputs: [Float] = [9, 9, 9, 9, 1, 5, 5, 0]
    #expect(head.best(outputs, row: 1, masks: [], maskRow: 0) == 1)
    let masks = [true, true, true, true, false, true]
    #expect(head.best(outputs, row: 1, masks: masks, maskRow: 1) == 2)
    #expect(head.best(outputs, row: 1, masks: [true, false, false], maskRow: 0) == 0)
  }

  @Test func `the target network follows by copies or by shares`() {
    var network = linear([1, 2], [3, 4])
    let other = linear([3, 6], [5, -4])
    network.move(towards: other, by: 0.25)
    #expect(network == linear([1.5, 3], [3.5, 2]))
    network.move(towards: other, by: 1)
    #expect(network == other)
  }

  /// With its kernels for AVX-512 OpenBLAS allocates three times a step itself, with others never.
  @Test(arguments: [0, 0.6])
  func `a gradient step allocates nothing`(priorityExponent: Double) {
    var configuration = DQNConfiguration()
    configuration.priorityExponent = priorityExponent
    configuration.bufferSize = 64
    configuration.targetInterval = 3
    var trainer = QNetworkTrainer(
      configuration: configuration, features: 4, actionCount: 3, random: RandomSource(seed: 1))
    trainer.replay = sampleReplay(64, priorityExponent: priorityExponent)
    for _ in 0..<5 { trainer.step(progress: 0) }
    let before = allocation_count()
    for _ in 0..<20 { trainer.step(progress: 0.5) }
    let ofLibrary: UInt64 = BLAS.coreName == "Haswell" ? 0 : 20 * 3
    #expect(allocation_count() - before <= ofLibrary)
  }

  private func sampleReplay(_ count: Int, priorityExponent: Double = 0) -> ReplayBuffer {
    var replay = ReplayBuffer(
      capacity: count, features: 4, priorityExponent: priorityExponent)
    let random = RandomSource(seed: 8)
    let observations = (0...count).flatMap { sampleInput(4, row: $0) }
    for i in 0..<count {
      replay.add(
        i, of: observations, action: Int32(random.integer(below: 3, .exploration, step: UInt32(i))),
        return: Float(4 * random.uniform(.evaluation, step: UInt32(i)) - 2),
        discount: i % 7 == 0 ? 0 : 0.9, length: 1 + i % 2, next: i + 1, of: observations)
    }
    return replay
  }
}
