import Experiments
import Foundation
import Rebalancing

/// The specifications that ship, found beside the tests.
enum Shipped {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "envs").path

  /// Names of all environments in `envs/`.
  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()

  /// Those whose trades are proportional costs and a flat tax, paid pro rata.
  static let plainNames = names.filter { (try? task($0))?.needsAccount == false }

  static func task(_ name: String, _ overrides: [String] = []) throws -> RebalancingTask {
    try EnvironmentSpec(path: "\(folder)/\(name).yaml", overrides: overrides).task
  }

  /// An environment's task with episodes that end after some steps.
  static func task(_ name: String, horizon: Int?) throws -> RebalancingTask {
    var task = try task(name)
    task.horizon = horizon ?? task.horizon
    return task
  }
}
