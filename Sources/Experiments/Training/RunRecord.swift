import Algebra
import Deployment
import Foundation
import Rebalancing

/// What a training run was, in its checkpoint's `record.json`: enough to repeat it.
///
/// It holds no times, thread counts or host names, so equal runs have equal bytes.
public struct RunRecord: Codable, Sendable {
  public var environment: Environment
  public var agent: Agent
  public var seed: UInt64
  public var provenance: Provenance
  /// What the checkpoint was chosen by; absent where it is the last one.
  public var evaluation: TrainingEvaluation?

  /// The environment, resolved.
  public struct Environment: Codable, Sendable {
    public var id: String
    public var sha256: String
    /// The folder that paths in the specification start from.
    public var folder: String
    public var spec: SpecValue
  }

  /// The agent, resolved.
  public struct Agent: Codable, Sendable {
    public var sha256: String
    public var spec: SpecValue
  }

  init(environment: EnvironmentSpec, agent: AgentSpec, seed: UInt64) throws {
    try self.init(environment: environment, agent: agent.resolved, seed: seed)
  }

  /// - Parameter agent: the agent's specification, or what is known of one that learned elsewhere.
  init(environment: EnvironmentSpec, agent: SpecValue, seed: UInt64) throws {
    self.environment = Environment(
      id: environment.task.id, sha256: environment.sha256, folder: environment.folder,
      spec: environment.resolved)
    self.agent = Agent(
      sha256: Deployment.sha256(try agent.canonicalJSON()), spec: agent)
    self.seed = seed
    provenance = .current
  }

  /// Whether it is of the same environment, agent and seed.
  func isOfSameRun(as other: RunRecord) -> Bool {
    environment.sha256 == other.environment.sha256 && agent.sha256 == other.agent.sha256
      && seed == other.seed
  }
}

/// What a figure depends on besides its specification.
public struct Provenance: Codable, Sendable, Hashable {
  /// The version of this package.
  public var version: String
  /// The repository's commit, with `+` where files differ from it.
  public var commit: String
  public var compiler: String
  /// OpenBLAS kernel: training has the same bits on one core type.
  public var blasCore: String

  enum CodingKeys: String, CodingKey {
    case version, commit, compiler
    case blasCore = "blas_core"
  }

  /// The version of this package, until a tag says otherwise.
  public static let packageVersion = "0.1.0"

  /// Of this program, here.
  public static var current: Provenance {
    // A machine that works for another has no repository; it is told the commit.
    let told = ProcessInfo.processInfo.environment["REBALANCING_COMMIT"]
    return Provenance(
      version: packageVersion, commit: told ?? commit, compiler: compiler, blasCore: BLAS.coreName)
  }

  /// Whether the commit is known and nothing differs from it.
  var tellsCode: Bool { commit != "unknown" && !commit.hasSuffix("+") }

  /// Of the repository around the working directory, looked up once.
  private static let commit: String = {
    guard let head = git("rev-parse", "--short=12", "HEAD") else { return "unknown" }
    return head + (git("status", "--porcelain", "--untracked-files=no") == "" ? "" : "+")
  }()

  private static var compiler: String {
    #if compiler(>=6.4)
      "Swift 6.4 or later"
    #elseif compiler(>=6.3)
      "Swift 6.3"
    #else
      "Swift before 6.3"
    #endif
  }

  private static func git(_ arguments: String...) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
