import Algebra
import Foundation
import Learning
import Testing

/// What PyTorch makes of fixed batches; `python/fixtures/learning.py` wrote it.
private struct Fixture: Decodable {
  struct Loss: Decodable { let clip, valueClip, value, entropy: Float }
  struct Optimizer: Decodable { let learningRate, epsilon, norm: Double }
  struct Layer: Decodable {
    let weights: [[Float]]
    let bias: [Float]
  }
  struct Networks: Decodable {
    let actor: [Layer]
    let critic: [Layer]
  }
  struct Expected: Decodable {
    let values: [Float]
    let policyLoss, valueLoss, entropy, norm: Double
    let gradients: Networks
    let stepped: Networks
  }
  struct Case: Decodable {
    let kind: String
    let networks: Networks
    let observations, actions, oldLogProbabilities, advantages, oldValues, returns: [Float]
    let expected: Expected
  }
  struct QNetworks: Decodable {
    let online: [Layer]
    let target: [Layer]
  }
  struct QExpected: Decodable {
    let errors: [Float]
    let loss, norm: Double
    let gradients: [Layer]
    let stepped: [Layer]
  }
  struct QCase: Decodable {
    let double, dueling: Bool
    let huber: Float
    let networks: QNetworks
    let observations, nextObservations, returns, discounts, weights: [Float]
    let actions: [Int32]
    let masks: [Bool]
    let expected: QExpected
  }
  let loss: Loss
  let adam: Optimizer
  let cases: [Case]
  let qCases: [QCase]

  static func read() throws -> Fixture {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appending(path: "Fixtures/learning.json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Fixture.self, from: data)
  }
}

extension Network {
  fileprivate init(_ layers: [Fixture.Layer]) {
    self.init(
      layers: layers.map {
        Layer(
          weights: Matrix(
            rows: $0.weights.count, columns: $0.bias.count, elements: Array($0.weights.joined())),
          bias: $0.bias)
      }, activation: .tanh)
  }

  /// The largest difference of any parameter from another network's.
  fileprivate func distance(_ other: [Fixture.Layer]) -> Float {
    let theirs = Network(other)
    return zip(layers, theirs.layers).reduce(0) { worst, pair in
      let weights = zip(pair.0.weights.elements, pair.1.weights.elements).map { abs($0 - $1) }
      let bias = zip(pair.0.bias, pair.1.bias).map { abs($0 - $1) }
      return (weights + bias).reduce(worst) { $1.isFinite ? max($0, $1) : .infinity }
    }
  }
}

@Suite struct TorchFixtureTests {
  init() { BLAS.threads = 1 }

  @Test(arguments: 0..<2)
  func `losses, values, gradients and a step of Adam are those of PyTorch to 1e-5`(
    _ index: Int
  ) throws {
    let fixture = try Fixture.read()
    let given = fixture.cases[index]
    let head: PolicyHead =
      given.kind == "gaussian" ? .gaussian(dimensions: 2) : .categorical(count: 3)
    var agent = ActorCritic(
      actor: Network(given.networks.actor), critic: Network(given.networks.critic), head: head)
    let rollout = rollout(given)
    let count = given.advantages.count
    var pass = PPOGradientPass(for: agent, rows: 16)
    let loss = PPOLoss(
      clipRange: fixture.loss.clip, valueClipRange: fixture.loss.valueClip,
      valueCoefficient: fixture.loss.value, entropyCoefficient: fixture.loss.entropy)
    pass.run(
      rollout, order: (0..<Int32(count)).map { $0 }, range: 0..<count, minibatchSize: count,
      agent: agent, loss: loss, scale: AdvantageScale())
    #expect(abs(pass.terms.policyLoss - given.expected.policyLoss) < 1e-5)
    #expect(abs(pass.terms.valueLoss - given.expected.valueLoss) < 1e-5)
    #expect(abs(pass.terms.entropy - given.expected.entropy) < 1e-5)
    #expect(pass.gradients[0].distance(given.expected.gradients.actor) < 1e-5)
    #expect(pass.gradients[1].distance(given.expected.gradients.critic) < 1e-5)
    for i in 0..<count {
      let observation = Array(given.observations[i * 5..<(i + 1) * 5])
      #expect(abs(agent.networks[1].scores(observation)[0] - given.expected.values[i]) < 1e-5)
    }
    let norm = pass.gradients.reduce(0) { $0 + $1.sumOfSquares }.squareRoot()
    #expect(abs(norm - given.expected.norm) < 1e-5)
    var optimizer = Adam(for: agent.networks, epsilon: fixture.adam.epsilon)
    optimizer.step(
      &agent.networks, gradients: pass.gradients, learningRate: fixture.adam.learningRate,
      gradientScale: Float(min(1, fixture.adam.norm / (norm + 1e-6))))
    #expect(agent.networks[0].distance(given.expected.stepped.actor) < 1e-5)
    #expect(agent.networks[1].distance(given.expected.stepped.critic) < 1e-5)
    #expect(agent.networks[0].distance(given.networks.actor) > 1e-3, "the step moved something")
  }

  @Test(arguments: 0..<3)
  func `errors, loss, gradients and a step of deep Q-learning are those of PyTorch to 1e-5`(
    _ index: Int
  ) throws {
    let fixture = try Fixture.read()
    let given = fixture.qCases[index]
    let online = Network(given.networks.online)
    let count = given.returns.count
    var replay = ReplayBuffer(capacity: count, features: 5, maskedActions: 3)
    for i in 0..<count {
      replay.add(
        i, of: given.observations, action: given.actions[i], return: given.returns[i],
        discount: given.discounts[i], length: 1, next: i, of: given.nextObservations,
        masks: given.masks)
    }
    var pass = DQNGradientPass(
      ActionValueHead(actionCount: 3, isDueling: given.dueling), network: online,
      batchSize: count)
    pass.samples = (0..<Int32(count)).map { $0 }
    pass.weights = given.weights
    pass.run(
      replay, online: online, target: Network(given.networks.target),
      loss: DQNLoss(huberThreshold: given.huber, isDouble: given.double))
    #expect(abs(pass.loss - given.expected.loss) < 1e-5)
    for (error, expected) in zip(pass.errors, given.expected.errors) {
      #expect(abs(error - expected) < 1e-5)
    }
    #expect(pass.gradients[0].distance(given.expected.gradients) < 1e-5)
    let norm = pass.gradients[0].sumOfSquares.squareRoot()
    #expect(abs(norm - given.expected.norm) < 1e-5)
    var networks = [online]
    var optimizer = Adam(for: networks, epsilon: fixture.adam.epsilon)
    optimizer.step(
      &networks, gradients: pass.gradients, learningRate: fixture.adam.learningRate,
      gradientScale: Float(min(1, fixture.adam.norm / (norm + 1e-6))))
    #expect(networks[0].distance(given.expected.stepped) < 1e-5)
    #expect(networks[0].distance(given.networks.online) > 1e-3, "the step moved something")
  }

  /// One step of as many copies as there are samples.
  private func rollout(_ given: Fixture.Case) -> Rollout {
    let count = given.advantages.count
    let dimensions = given.kind == "gaussian" ? 2 : 0
    var rollout = Rollout(copies: count, steps: 1, features: 5, dimensions: dimensions)
    rollout.observations = given.observations
    rollout.logProbabilities = given.oldLogProbabilities
    rollout.values = given.oldValues
    if dimensions > 0 {
      rollout.actionValues = given.actions
    } else {
      rollout.actions = given.actions.map { Int32($0) }
    }
    rollout.advantages = given.advantages
    rollout.returns = given.returns
    return rollout
  }
}
