import Algebra
import Gym

/// What an actor's outputs mean.
package enum PolicyHead: Sendable, Equatable {
  /// Scores of actions, of which one is drawn with probability softmax(scores).
  case categorical(count: Int)
  /// Means and logarithms of deviations, [μ…, log σ…], of an action's independent normal numbers.
  case gaussian(dimensions: Int)

  /// Outputs that the actor has.
  package var outputCount: Int {
    switch self {
    case .categorical(let count): count
    case .gaussian(let dimensions): 2 * dimensions
    }
  }
}

/// The networks of an actor and a critic: apart, or one trunk with the value as its last output.
package struct ActorCritic: Sendable, Equatable {
  /// Actor and critic, or the one network that is both.
  package var networks: [Network]
  package let head: PolicyHead

  /// Networks apart.
  package init(actor: Network, critic: Network, head: PolicyHead? = nil) {
    networks = [actor, critic]
    self.head = head ?? .categorical(count: actor.outputCount)
  }

  /// One network whose last output is the value.
  package init(trunk: Network, head: PolicyHead) {
    precondition(trunk.outputCount == head.outputCount + 1, "the last output is the value")
    networks = [trunk]
    self.head = head
  }

  /// Fresh networks for a space of actions.
  ///
  /// A normal action begins in the middle of its range, with a third of the range as deviation.
  init(_ configuration: PPOConfiguration, inputs: Int, actions: Space, random: RandomSource) {
    let sizes = [inputs] + configuration.hiddenSizes
    switch actions {
    case .discrete(let count): head = .categorical(count: count)
    case .box(let low, _): head = .gaussian(dimensions: low.count)
    }
    var actor = Network(
      sizes: sizes + [head.outputCount], activation: configuration.activation, outputGain: 0.01,
      random: random, index: 0)
    if case .box(let low, let high) = actions {
      let last = actor.layers.count - 1
      for (i, (low, high)) in zip(low, high).enumerated() {
        actor.layers[last].bias[i] = (low + high) / 2
        actor.layers[last].bias[i + head.outputCount / 2] = Float.log((high - low) / 3)
      }
    }
    let critic = Network(
      sizes: sizes + [1], activation: configuration.activation, outputGain: 1, random: random,
      index: 1)
    networks =
      configuration.sharedTrunk ? [actor.appendingOutputs(of: critic)] : [actor, critic]
  }

  package var isShared: Bool { networks.count == 1 }
  /// The network that values, by its last output.
  var critic: Network { networks[networks.count - 1] }

  /// The deterministic actor: scores, or the means.
  var actor: Network {
    switch head {
    case .categorical(let count): networks[0].keepingOutputs(count)
    case .gaussian(let dimensions): networks[0].keepingOutputs(dimensions)
    }
  }

  /// Names of the networks in saved tensors.
  var names: [String] { isShared ? ["trunk"] : ["actor", "critic"] }
}

extension Network {
  /// This network with the outputs of another's last layer, on this one's hidden layers.
  func appendingOutputs(of other: Network) -> Network {
    var result = self
    let last = layers.count - 1
    let (own, more) = (layers[last], other.layers[last])
    let columns = own.weights.columns + more.weights.columns
    var weights = Matrix(rows: own.weights.rows, columns: columns)
    for i in 0..<weights.rows {
      for j in 0..<columns {
        weights[i, j] =
          j < own.weights.columns
          ? own.weights[i, j] : more.weights[i, j - own.weights.columns]
      }
    }
    result.layers[last] = Layer(weights: weights, bias: own.bias + more.bias)
    return result
  }

  /// This network with its first outputs only.
  func keepingOutputs(_ count: Int) -> Network {
    guard count < outputCount else { return self }
    var result = self
    let last = layers.count - 1
    var weights = Matrix(rows: layers[last].weights.rows, columns: count)
    for i in 0..<weights.rows {
      for j in 0..<count { weights[i, j] = layers[last].weights[i, j] }
    }
    result.layers[last] = Layer(weights: weights, bias: Array(layers[last].bias.prefix(count)))
    return result
  }
}
