import ArgumentParser
import Experiments
import Foundation

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the report of an experiment: one HTML file with tables and figures.",
    discussion: """
      Example: rebalance report experiments/001-two-asset

      It is made from what `rebalance run` has left. The page needs no network and no scripts, and \
      can be read on a phone; every table is also written as CSV, in the folder tables, and every \
      figure as SVG, in figures. Where figures cannot be, the exit code is 70.
      """)

  @Argument(help: "The experiment's folder, or that of its results.")
  var experiment: String

  @Option(help: "The folder for report.html and tables; where the results are if absent.")
  var out: String?

  @Flag(help: "Copy the figures that the experiment's README.md shows into its folder.")
  var record = false

  @Flag(help: "Print a JSON document.")
  var json = false

  func run() throws {
    let source = try ExperimentReport(folder: URL(fileURLWithPath: experiment))
    let folder = out.map { URL(fileURLWithPath: $0) } ?? source.folder
    let files = try source.report().write(to: folder)
    if json {
      try printJSON(Document(folder: folder.path, files: files))
    } else {
      print("written to \(folder.path): \(files.joined(separator: ", "))")
      if !Gnuplot.isInstalled { print("No figures: gnuplot-nox is not installed") }
    }
    try refuse(source.findings)
    if record { try source.record(files, from: folder) }
  }

  private struct Document: Encodable {
    var folder: String
    var files: [String]
  }
}
