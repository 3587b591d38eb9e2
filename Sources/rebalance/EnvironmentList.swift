import Experiments
import Foundation

/// What `list envs` shows: a line per file in `envs/`.
struct EnvironmentList {
  private let items = EnvironmentName.files.map(Item.init)

  func print(json: Bool) throws {
    if json { return try printJSON(items) }
    var table = TextTable(TaskOutline.headings)
    for item in items {
      if let outline = item.outline { table.add(outline.cells) }
    }
    StandardOutput.show(table.text + "\n")
    for item in items {
      if let error = item.error { StandardOutput.show("unreadable: \(error)\n") }
    }
  }

  /// An environment's file: its name, the first line of its comment and what is in it.
  private struct Item: Encodable {
    let name: String
    let summary: String
    let outline: TaskOutline?
    let error: String?

    init(_ path: String) {
      name = path
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      let first = text.split(separator: "\n").first { $0.hasPrefix("# ") }
      summary = first.map { String($0.dropFirst(2)) } ?? ""
      let task = Result { try EnvironmentSpec(path: path).task }
      outline = try? TaskOutline(task.get())
      if case .failure(let reason) = task { error = "\(reason)" } else { error = nil }
    }

    enum CodingKeys: CodingKey { case name, summary, error }

    func encode(to encoder: any Encoder) throws {
      try outline?.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(summary, forKey: .summary)
      try container.encodeIfPresent(error, forKey: .error)
    }
  }
}
