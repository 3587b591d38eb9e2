public import Foundation

/// A question and how it is answered: `experiments/NNN-question/experiment.yaml`.
///
/// Paths in it start from the repository's top, the folder that holds `experiments`. The keys of a
/// case may stand at the top, where they hold for all cases, and in each entry of `cases`, where they
/// replace those of the top; `grid` multiplies cases by the values of some keys of the environment.
public struct ExperimentSpec: Sendable {
  /// The folder's name.
  public let name: String
  public let question: String
  /// The experiment's folder.
  public let folder: URL
  /// At least one; names differ.
  public let cases: [ExperimentCase]
  /// The policy that others are compared with over all cases, if any.
  public let baseline: String?
  /// What becomes of the best learned policy of the first case, if anything.
  public let export: Export?

  /// Name and version of a bundle.
  public struct Export: Sendable, Hashable {
    public let name: String
    public let version: String
  }

  /// What was found, in the words of those who ran it: the paragraph of `README.md` in the folder that
  /// begins with `**Answer:`, without the stars; `nil` while nobody has written it.
  public var answer: String? {
    let file = folder.appending(path: "README.md")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
    let paragraph = text.split(separator: "\n\n").first { $0.hasPrefix("**Answer:") }
    return paragraph.map {
      $0.dropFirst("**Answer:".count).replacing("\n", with: " ").filter { !"*`".contains($0) }
        .trimmingCharacters(in: .whitespaces)
    }
  }

  /// The repository's top.
  public var top: URL { folder.deletingLastPathComponent().deletingLastPathComponent() }

  /// Reads the specification in an experiment's folder.
  public init(folder: URL) throws {
    self.folder = folder.standardizedFileURL
    name = self.folder.lastPathComponent
    let file = folder.appending(path: "experiment.yaml").relativePath
    let value = try SpecValue(yaml: file)
    var reader = try SpecReader(value, file: file)
    question = try reader.string("question")
    export =
      reader.has("export_name")
      ? Export(
        name: try reader.string("export_name"), version: try reader.string("export_version")) : nil
    baseline = reader.has("baseline") ? try reader.string("baseline") : nil
    cases = try Self.cases(value, &reader)
    if export != nil, let first = cases.first, first.agents.isEmpty || first.replays.isEmpty {
      let key = first.agents.isEmpty ? "agents" : "replays"
      throw reader.fault("export_name", "\(key): at least one is needed for an export")
    }
  }

  /// The keys that are of the experiment as a whole.
  private static let ownKeys = [
    "question", "export_name", "export_version", "baseline", "cases",
  ]

  private static func cases(
    _ value: SpecValue, _ reader: inout SpecReader
  ) throws -> [ExperimentCase] {
    let common = value.without(ownKeys)
    var variants = [common]
    if let given = reader.optional("cases") {
      guard case .list(let list) = given.content, !list.isEmpty else {
        throw reader.fault("cases", "a list of maps with names is expected")
      }
      variants = []
      for entry in list {
        guard case .map = entry.content else {
          throw SpecError(
            file: reader.file, line: entry.line, "cases: a map is expected in each entry")
        }
        variants.append(common.merging(entry))
      }
    }
    let cases = try variants.flatMap {
      try ExperimentCase.cases($0, file: reader.file, isAlone: variants.count == 1)
    }
    let names = cases.map(\.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw reader.fault("cases", "two are named “\(twice)”")
    }
    return cases
  }
}
