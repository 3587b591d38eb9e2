import Algebra
import Deployment
import Foundation
import Gym
import Learning
import Oracles
public import Rebalancing

/// Speeds of the parts that matter, measured on this machine.
public struct Benchmark: Sendable, Codable {
  public var machine: Machine
  public var results: [Result]

  /// Where it was measured.
  public struct Machine: Sendable, Codable {
    public var processor: String
    public var cores: Int
    public var blasCore: String
    public var blasThreads: Int
    public var vectorBits: Int
    public var compiler: String
    enum CodingKeys: String, CodingKey {
      case processor, cores, compiler
      case blasCore = "blas_core"
      case blasThreads = "blas_threads"
      case vectorBits = "vector_bits"
    }

    /// This machine.
    public static var current: Machine {
      let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
      let model = lines.split(separator: "\n").first { $0.hasPrefix("model name") }
      let name = model?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
      return Machine(
        processor: name ?? "unknown", cores: ProcessInfo.processInfo.activeProcessorCount,
        blasCore: BLAS.coreName, blasThreads: BLAS.threads,
        vectorBits: VectorUnit.bits, compiler: Provenance.current.compiler)
    }
  }

  /// One figure.
  public struct Result: Sendable, Codable {
    public var name: String
    public var value: Double
    public var unit: String
    public var threads: Int
  }

  /// The groups, in the order in which they run.
  public enum Group: String, Sendable, CaseIterable {
    case environment, ppo, dqn, tabular, decision, solve
  }

  /// Measures groups; each figure is the best of three.
  ///
  /// - Parameters:
  ///   - speedTask: R1, the speed task.
  ///   - exactTask: the daily two-asset task.
  ///   - lotsTask: the task with lots, wash sales and harvesting.
  public init(
    _ groups: [Group], speedTask: RebalancingTask, exactTask: RebalancingTask,
    lotsTask: RebalancingTask,
    progress: (Group) -> Void
  ) throws {
    BLAS.threads = 1
    machine = .current
    results = []
    for group in groups {
      progress(group)
      switch group {
      case .environment: results += Self.environment(speedTask, lots: lotsTask)
      case .ppo:
        results += try Self.ppo(speedTask) + [Self.advantageEstimation()] + Self.choices(speedTask)
      case .dqn: results += Self.dqn(speedTask)
      case .tabular: results += try Self.tabular(exactTask)
      case .decision: results += try Self.decision(speedTask)
      case .solve: results += try Self.solve(exactTask)
      }
    }
  }

  /// Seconds of the fastest of three runs.
  static func best(_ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<3 {
      let time = try ContinuousClock().measure(body)
      best = min(
        best, Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
    }
    return best
  }

  private static func solve(_ task: RebalancingTask) throws -> [Result] {
    let chain = try TwoAssetChain(task)
    return try [
      ("own_actions", TwoAssetChain.ActionSet.fractions(task.actions)),
      ("unrestricted", .unrestricted),
    ].map { name, actions in
      let seconds = try best { _ = try chain.solve(actions) }
      return Result(
        name: "solve/two-asset-daily/\(name)", value: seconds * 1000, unit: "ms", threads: 1)
    }
  }
}
