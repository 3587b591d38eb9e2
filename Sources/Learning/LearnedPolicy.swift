import Algebra
import Gym

/// What learning leaves behind: scores for each action, of which the largest is taken, or the action
/// itself.
public enum LearnedPolicy: Sendable, Equatable {
  /// A network whose outputs are scores.
  case network(Network)
  /// A table of action values over bins of the observation.
  case table(QTable)
  /// A network whose outputs are the action, a point of a box; outside of it the nearest counts.
  case actor(Network)
  /// A network whose outputs are edges between which an action brings positions.
  case band(BandNetwork)
  /// A rule in words, for a catalogue that knows it: it scores nothing itself.
  case rule(String)

  /// Numbers in an observation.
  public var observationSize: Int {
    switch self {
    case .network(let network), .actor(let network): network.inputCount
    case .band(let band): band.network.inputCount
    case .table(let table): table.discretizer.dimensions
    case .rule: 0
    }
  }

  /// Number of actions, or of an action's dimensions.
  public var actionCount: Int {
    switch self {
    case .network(let network), .actor(let network): network.outputCount
    case .band(let band): band.motion.dimensions
    case .table(let table): table.actionCount
    case .rule: 0
    }
  }

  /// Whether it gives the action itself, a point of a box.
  public var isActor: Bool {
    switch self {
    case .actor, .band: true
    case .network, .table, .rule: false
    }
  }

  /// One score per action, or the action itself, in the fixed order of evaluation and production.
  public func scores(_ observation: [Float]) -> [Float] {
    switch self {
    case .network(let network), .actor(let network): network.scores(observation)
    case .band(let band): band.action(observation)
    case .table(let table): table.scores(observation)
    case .rule: []
    }
  }

  /// The action with the largest score, the lowest of equals; nil if the observation has the wrong
  /// size or anything is not finite, so that no action is ever taken on a fault; nil for an actor.
  public func greedyAction(_ observation: [Float]) -> Int? {
    if isActor { return nil }
    guard observation.count == observationSize, observation.allSatisfy(\.isFinite) else {
      return nil
    }
    return Self.greedyAction(ofScores: scores(observation))
  }

  /// The action of an actor; nil on a fault, and for other policies.
  public func values(_ observation: [Float]) -> [Float]? {
    guard isActor, observation.count == observationSize,
      observation.allSatisfy(\.isFinite)
    else { return nil }
    let values = scores(observation)
    return values.allSatisfy(\.isFinite) ? values : nil
  }

  /// The index of the largest score, the lowest of equals; nil if there is none or one is not finite.
  public static func greedyAction(ofScores scores: [Float]) -> Int? {
    guard scores.allSatisfy(\.isFinite) else { return nil }
    return scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) }
  }
}

/// A file that holds no policy.
public struct PolicyFileError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String
}

extension LearnedPolicy {
  /// The policy as a file's content; `kind` in the metadata is `network`, `table`, `actor`, `band` or
  /// `rule`.
  public var safetensors: Safetensors {
    switch self {
    case .network(let network): Self.file(network, kind: "network")
    case .actor(let network): Self.file(network, kind: "actor")
    case .band(let band): Self.file(band)
    case .table(let table):
      Safetensors(tensors: table.tensors, metadata: ["kind": "table"])
    case .rule(let rule):
      Safetensors(tensors: [:], metadata: ["kind": "rule", "rule": rule])
    }
  }

  private static func file(_ network: Network, kind: String) -> Safetensors {
    Safetensors(
      tensors: network.tensors(prefix: ""),
      metadata: ["kind": kind, "activation": network.activation.rawValue])
  }

  /// Reads a policy from a file's content; every tensor must be part of it and finite.
  public init(_ file: Safetensors) throws(PolicyFileError) {
    switch file.metadata["kind"] {
    case "network": self = .network(try Self.network(file))
    case "actor": self = .actor(try Self.network(file))
    case "band": self = .band(try Self.band(file))
    case "table":
      do throws(LearnerStateError) {
        self = .table(try QTable(TensorReader(tensors: file.tensors)))
      } catch {
        throw PolicyFileError(description: error.description)
      }
    case "rule":
      guard let rule = file.metadata["rule"] else {
        throw PolicyFileError(description: "the rule is missing")
      }
      self = .rule(rule)
    case let kind:
      throw PolicyFileError(
        description: "the policy's kind is \(kind ?? "missing"), valid are network, table, "
          + "actor, band, rule")
    }
    guard safetensors.tensors.keys == file.tensors.keys else {
      let extra = file.tensors.keys.filter { safetensors.tensors[$0] == nil }.sorted()
      throw PolicyFileError(description: "unknown tensors: \(extra.joined(separator: ", "))")
    }
  }

  /// The network's file, and the origin of destinations.
  private static func file(_ band: BandNetwork) -> Safetensors {
    var file = file(band.network, kind: "band")
    switch band.motion {
    case .fraction: file.metadata["motion"] = "fraction"
    case .destination(let origin):
      file.metadata["motion"] = "destination"
      file.tensors["origin"] = Tensor(origin)
    }
    return file
  }

  private static func band(_ file: Safetensors) throws(PolicyFileError) -> BandNetwork {
    let network = try network(file)
    let motion: BoxMotion
    switch file.metadata["motion"] {
    case "fraction": motion = .fraction(positions: network.outputCount / 2)
    case "destination":
      do throws(LearnerStateError) {
        motion = .destination(
          origin: try TensorReader(tensors: file.tensors).values(
            "origin", shape: [network.outputCount / 3]))
      } catch {
        throw PolicyFileError(description: error.description)
      }
    case let name:
      throw PolicyFileError(
        description: "the motion is \(name ?? "missing"), valid are fraction, destination")
    }
    guard network.outputCount == motion.outputs, network.inputCount >= motion.positions else {
      throw PolicyFileError(
        description:
          "\(network.inputCount) inputs and \(network.outputCount) outputs are not those "
          + "of \(motion)")
    }
    return BandNetwork(network: network, motion: motion)
  }

  private static func network(_ file: Safetensors) throws(PolicyFileError) -> Network {
    let name = file.metadata["activation"] ?? "missing"
    guard let activation = Activation(rawValue: name) else {
      throw PolicyFileError(description: "the activation is \(name), valid are tanh, relu")
    }
    let reader = TensorReader(tensors: file.tensors)
    var layers = [Network.Layer]()
    while layers.isEmpty || file.tensors["layers.\(layers.count).weights"] != nil {
      layers.append(try layer(layers.count, reader, inputs: layers.last?.bias.count))
    }
    return Network(layers: layers, activation: activation)
  }

  private static func layer(
    _ i: Int, _ reader: TensorReader, inputs: Int?
  ) throws(PolicyFileError) -> Network.Layer {
    do throws(LearnerStateError) {
      let weights: [Float] = try reader.values("layers.\(i).weights", shape: nil)
      let bias: [Float] = try reader.values("layers.\(i).bias", shape: nil)
      let shape = reader.tensors["layers.\(i).weights"]?.shape ?? []
      guard shape.count == 2, shape[0] > 0, shape[1] > 0, shape[0] == inputs ?? shape[0] else {
        throw LearnerStateError(
          "tensor layers.\(i).weights has shape \(shape), valid is "
            + "[\(inputs.map { "\($0)" } ?? "inputs"), outputs]")
      }
      guard bias.count == shape[1] else {
        throw LearnerStateError(
          "tensor layers.\(i).bias has \(bias.count) numbers, valid is \(shape[1])")
      }
      guard weights.allSatisfy(\.isFinite), bias.allSatisfy(\.isFinite) else {
        throw LearnerStateError("layer \(i) has numbers that are not finite")
      }
      return Network.Layer(
        weights: Matrix(rows: shape[0], columns: shape[1], elements: weights), bias: bias)
    } catch {
      throw PolicyFileError(description: error.description)
    }
  }
}

extension LearnedPolicy {
  /// Whether this is a network of the same layers and activation as another.
  func hasShape(of other: LearnedPolicy) -> Bool {
    switch (self, other) {
    case (.network(let a), .network(let b)), (.actor(let a), .actor(let b)):
      a.activation == b.activation && a.layers.map(\.weights.rows) == b.layers.map(\.weights.rows)
        && a.outputCount == b.outputCount
    default: false
    }
  }
}
