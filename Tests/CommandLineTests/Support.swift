import Foundation
import Synchronization
import Testing

/// The repository, and a folder of the test's own that is removed with it.
final class Workplace: Sendable {
  /// The repository's top.
  static let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(
      path: "rebalance-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { remove() }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Writes a file and returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: folder.appending(path: name))
    return path(name)
  }

  /// The names in the folder.
  var names: Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
  }

  /// A file of the repository.
  static func text(_ name: String) throws -> String {
    try String(contentsOf: top.appending(path: name), encoding: .utf8)
  }
}

/// What a run of the program left.
struct Run: Sendable {
  var status: Int32
  var output: String
  var errors: String

  /// The JSON document on standard output.
  func json() throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(object as? [String: Any])
  }
}

/// The program that the build has put beside this test.
let program: URL = {
  // The test bundle lies in the build folder, and so does the program.
  let arguments = CommandLine.arguments
  let bundles = arguments.filter { $0.contains(".xctest") } + [arguments[0]]
  let folders = bundles.map { path -> URL in
    var url = URL(fileURLWithPath: path)
    while url.path != "/",
      !FileManager.default.fileExists(atPath: url.appending(path: "rebalance").path)
    {
      url.deleteLastPathComponent()
    }
    return url
  }
  return (folders.first { $0.path != "/" } ?? Workplace.top.appending(path: ".build/release"))
    .appending(path: "rebalance")
}()

/// Starts the program in the repository's top.
func start(
  _ arguments: [String], input: String = "", environment: [String: String] = [:]
) throws -> (Process, () throws -> Run) {
  let process = Process()
  process.executableURL = program
  process.arguments = arguments
  process.currentDirectoryURL = Workplace.top
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let (output, errors, standardInput) = (Pipe(), Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = errors
  process.standardInput = standardInput
  try process.run()
  // A program that refuses early does not read: that is no fault of the test.
  _ = signal(SIGPIPE, SIG_IGN)
  try? standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
  try standardInput.fileHandleForWriting.close()
  return (
    process,
    {
      let errorText = Mutex("")
      let queue = DispatchQueue(label: "errors")
      let group = DispatchGroup()
      let handle = errors.fileHandleForReading
      queue.async(group: group) {
        let data = handle.readDataToEndOfFile()
        errorText.withLock { $0 = String(decoding: data, as: UTF8.self) }
      }
      let data = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      group.wait()
      return Run(
        status: process.terminationStatus, output: String(decoding: data, as: UTF8.self),
        errors: errorText.withLock { $0 })
    }
  )
}

/// Runs the program in the repository's top.
func rebalance(_ arguments: String..., input: String = "") throws -> Run {
  try start(arguments, input: input).1()
}

/// Runs the program with a list of arguments.
func rebalance(
  _ arguments: [String], input: String = "", environment: [String: String] = [:]
) throws -> Run {
  try start(arguments, input: input, environment: environment).1()
}

/// Trains a small agent.
func train(_ folder: String, agent: String = "q-learning", _ more: String...) throws -> Run {
  try rebalance(
    [
      "train", "--env", "envs/two-asset-monthly-v0.yaml", "--agent", "agents/\(agent).yaml",
      "--seed", "3", "--out", folder, "--steps", "40000",
    ] + more)
}

/// The bytes of every file in a folder, by name.
func contents(_ folder: String) throws -> [String: Data] {
  var contents: [String: Data] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
    contents[name] = FileManager.default.contents(atPath: folder + "/" + name)
  }
  return contents
}
