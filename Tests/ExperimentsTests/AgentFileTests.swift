import Experiments
import Foundation
import Rebalancing
import Testing

/// The files in `agents/`.
@Suite struct AgentFileTests {
  static let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  static func files(_ prefix: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(top)/agents")) ?? []
    return names.filter { $0.hasPrefix(prefix) }.sorted()
  }

  private static let environments = [
    "two-asset-monthly-v0", "stock-bond-deposits-v0", "three-asset-myrgren-v0",
  ]

  /// Makes a rule for the first environment that it is for.
  private func makeRule(_ make: (RebalancingTask) throws -> any Trigger) throws -> any Trigger {
    var problem: (any Error)?
    for name in Self.environments {
      let path = "\(Self.top)/envs/\(name).yaml"
      do { return try make(EnvironmentSpec(path: path).task) } catch { problem = error }
    }
    throw try #require(problem)
  }

  @Test func `every rule in agents is a rule`() throws {
    let files = Self.files("rule-")
    #expect(files.count >= 20)
    for file in files {
      let path = "\(Self.top)/agents/\(file)"
      let rule = try makeRule { try PolicyReference.policy(path, for: $0) }
      #expect(rule.name.hasPrefix("rule:"), "\(file)")
    }
  }

  @Test(arguments: files("tuned-"))
  func `every search in agents finds a rule`(_ file: String) throws {
    let agent = try AgentSpec(
      path: "\(Self.top)/agents/\(file)",
      overrides: ["total_steps=4000", "population=4", "elites=2", "episodes=1"])
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let rule = try makeRule { task in
      let path = "\(Self.top)/envs/\(task.id).yaml"
      let run = TrainingRun(
        environment: try EnvironmentSpec(path: path), agent: agent, seed: 1,
        folder: folder.appending(path: task.id))
      #expect(try run.run(TrainingRun.Options()) == .finished)
      return try PolicyReference.policy(run.folder.path, for: task)
    }
    #expect(rule.name.hasPrefix("rule:") && !rule.name.contains("{"))
  }
}
