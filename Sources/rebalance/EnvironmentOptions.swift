import ArgumentParser
import Experiments
import Foundation

/// The options of commands that name an environment.
struct EnvironmentOptions: ParsableArguments {
  @Option(name: .long, help: "The environment: its file, or its name in envs/.")
  var env: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Override a key of the specification; repeatable.", valueName: "key=value"))
  var overrides: [String] = []

  /// The specification's file.
  var path: String { get throws { try EnvironmentName.path(env) } }

  func load() throws -> EnvironmentSpec {
    try EnvironmentSpec(path: path, overrides: overrides)
  }
}

/// The environments of the folder `envs/`, by name.
enum EnvironmentName {
  private static let folder = "envs"

  /// The files there, in order.
  static var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
  }

  /// The file that a text names: a path, a file in `envs/` without its ending, or an id.
  static func path(_ text: String) throws -> String {
    // A text that looks like a path is one; who reads it says what is wrong with it.
    if text.contains("/") || text.hasSuffix(".yaml") { return text }
    let files = files
    if let file = files.first(where: { $0 == "\(folder)/\(text).yaml" }) { return file }
    if let file = files.first(where: { id(of: $0) == text }) { return file }
    let names = files.map { $0.dropFirst(folder.count + 1).dropLast(5) }.joined(separator: ", ")
    throw SpecError(
      file: text,
      "no environment is called so; valid are a file and the names in \(folder)/: "
        + (names.isEmpty ? "none here" : names))
  }

  private static func id(of file: String) -> String? {
    guard case .map(let fields) = (try? SpecValue(yaml: file))?.content,
      case .string(let id) = fields["id"]?.content
    else { return nil }
    return id
  }
}
