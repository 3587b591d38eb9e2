import Algebra
import Deployment
public import Foundation
import Gym
public import Learning
import Rebalancing

/// Makes a checkpoint of a policy that another library has trained, which is then evaluated, explained
/// and exported like any other.
public enum PolicyImport {
  /// Reads a network from a graph and writes the checkpoint.
  ///
  /// - Parameters:
  ///   - graph: a file in the Open Neural Network Exchange format, see `Network.init(graph:)`: its outputs
  ///     are scores, one per action, or the point of a box.
  ///   - environment: where it was trained.
  ///   - words: what is known of the training, such as `framework` and `algorithm`.
  /// - Returns: what was written.
  @discardableResult
  public static func write(
    graph file: URL, trainedOn environment: EnvironmentSpec, seed: UInt64 = 0, steps: Int = 0,
    words: [String: String] = [:], to folder: URL
  ) throws -> Checkpoint<RunRecord> {
    let data: Data
    do { data = try Data(contentsOf: file) } catch {
      throw PolicyImportError("\(file.path): cannot be read")
    }
    let network: Network
    do { network = try Network(graph: data) } catch {
      throw PolicyImportError("\(file.path): \(error)")
    }
    let task = environment.task
    let (inputs, outputs) = (
      task.observation.size,
      task.actionFamily == .list
        ? task.actionCount : task.actionSpace.size
    )
    guard network.inputCount == inputs, network.outputCount == outputs else {
      throw PolicyImportError(
        "\(file.path): \(network.inputCount) inputs and \(network.outputCount) outputs; "
          + "\(task.id) has \(inputs) features and \(outputs) "
          + (task.actionFamily == .list ? "actions" : "dimensions of actions"))
    }
    var agent = words.mapValues { SpecValue(.string($0)) }
    agent["algorithm"] = SpecValue(.string("imported"))
    if let algorithm = words["algorithm"] { agent["trained_by"] = SpecValue(.string(algorithm)) }
    let checkpoint = Checkpoint(
      policy: task.actionFamily == .list ? .network(network) : .actor(network), steps: steps,
      record: try RunRecord(environment: environment, agent: SpecValue(.map(agent)), seed: seed))
    try checkpoint.write(to: folder)
    return checkpoint
  }
}

/// A policy that cannot be imported.
public struct PolicyImportError: Error, CustomStringConvertible, Sendable {
  public let description: String
  init(_ description: String) { self.description = description }
}
