public import Foundation
import Learning

/// What an experiment found, as people read it: a question, its answer, and the tables and figures
/// that bear it.
public struct Report: Sendable {
  public var title: String
  public var question: String
  /// Paragraphs.
  public var answer: [String]
  /// What it depends on: name and value.
  public var provenance: [(name: String, value: String)]
  public var sections: [Section]

  public struct Section: Sendable {
    public var heading: String
    public var blocks: [Block]

    public init(_ heading: String, _ blocks: [Block]) {
      (self.heading, self.blocks) = (heading, blocks)
    }
  }

  public enum Block: Sendable {
    case paragraph(String)
    case table(ReportTable)
    case figure(Figure)
  }

  public init(
    title: String, question: String, answer: [String],
    provenance: [(name: String, value: String)] = [], sections: [Section] = []
  ) {
    (self.title, self.question, self.answer) = (title, question, answer)
    (self.provenance, self.sections) = (provenance, sections)
  }

  /// All tables, in order.
  public var tables: [ReportTable] {
    sections.flatMap(\.blocks).compactMap { if case .table(let table) = $0 { table } else { nil } }
  }

  /// The page: it needs no network and no scripts.
  public func html() throws -> String { try HTMLPage(self).text }

  /// Writes `report.html`, every table as `tables/NAME.csv` and every figure as `figures/NAME.svg`.
  ///
  /// - Returns: the files, relative to the folder.
  public func write(to folder: URL) throws -> [String] {
    let page = try html()
    var files: [String: [String: Data]] = ["tables": [:], "figures": [:]]
    for table in tables { files["tables"]?["\(table.name).csv"] = Data(table.csv.utf8) }
    for case .figure(let figure) in sections.flatMap(\.blocks) {
      guard let drawn = try figure.svg() else { continue }
      files["figures"]?["\(figure.name).svg"] = Data(drawn.utf8)
    }
    try createFolder(folder)
    for (name, contents) in files {
      // What an earlier report left must not pass for this one's.
      let subfolder = folder.appending(path: name)
      if FileManager.default.fileExists(atPath: subfolder.path) {
        try FileManager.default.removeItem(at: subfolder)
      }
      if !contents.isEmpty { try writeFolder(contents, to: subfolder) }
    }
    try Data(page.utf8).write(to: folder.appending(path: "report.html"), options: .atomic)
    return ["report.html"]
      + files.flatMap { name, contents in contents.keys.map { "\(name)/\($0)" } }
      .sorted()
  }
}
