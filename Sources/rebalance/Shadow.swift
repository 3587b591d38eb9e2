import ArgumentParser
import Experiments
import Foundation
import Learning

struct Shadow: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Let a challenger run in the shadow of a champion, and price what it would have done.",
    discussion: """
      Example: rebalance shadow --env us-stock-bond-v0 --champion 'rule:calendar(quarterly)' \
      --challenger 'rule:band(0.05)' --out shadow.json

      The champion acts; the challenger sees every request. Each disagreement is priced on the same \
      path with the challenger's decision in that one step. Paths are those that `evaluate` plays \
      under the same seed.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @Option(help: "The policy that acts: a rule, or the folder of a checkpoint or bundle.")
  var champion: String

  @Option(help: "The policy in its shadow, named the same way.")
  var challenger: String

  @Option(help: "Sampled paths; data that is replayed from a fixed day has one.")
  var episodes = 20

  @Option(help: "The seed of the paths.")
  var seed: UInt64 = 1_000_000

  @Option(help: "The file for the report as JSON; nothing is written if absent.")
  var out: String?

  @Option(help: "The file for a figure of the disagreements, as SVG; none if absent.")
  var figure: String?

  @Flag(help: "Print a JSON document, with every disagreement.")
  var json = false

  func validate() throws {
    if episodes < 2 { throw ValidationError("--episodes \(episodes): at least 2 are needed") }
  }

  func run() throws {
    let place = try environment.load()
    let task = place.task
    let report = try ShadowReport(
      place, champion: ShadowParty(champion, for: task),
      challenger: ShadowParty(challenger, for: task), episodes: episodes, seed: seed)
    if let out { try write(report, to: out) }
    if let figure { try draw(report, to: figure) }
    if json { try printJSON(report) } else { print(report.table) }
    if let out, !json { print("written to \(out)") }
  }

  private func draw(_ report: ShadowReport, to path: String) throws {
    guard let svg = try report.figure.svg() else {
      return FileHandle.standardError.write(Data("No figure: gnuplot-nox is not installed\n".utf8))
    }
    try Data(svg.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  /// Replaces the file as a whole.
  private func write(_ report: ShadowReport, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    let document = try encoder.encode(report) + Data("\n".utf8)
    try document.write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
