import ArgumentParser
import Experiments
import Foundation
import Learning

struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Play one episode and look at every step.",
    discussion: """
      Example: rebalance simulate --env envs/us-stock-bond-v0.yaml --policy 'rule:band(0.05)' \
      --out checkpoints/look

      The folder gets steps.csv, a line per step, and the figure episode.svg and episode.png: \
      prices, weights, trades and cumulated costs. Episode k is the path that `evaluate` plays as \
      its sample k under the same seed.
      """)

  @OptionGroup var environment: EnvironmentOptions

  @OptionGroup var path: PathOptions

  @Option(help: "The folder for steps.csv and the figure; nothing is written if absent.")
  var out: String?

  @Flag(help: "Print a JSON document, with every step.")
  var json = false

  func run() throws {
    let task = try environment.load().task
    let simulation = try Simulation(
      task, policy: PolicyReference.policy(path.policy, for: task), seed: path.seed,
      episode: path.episode)
    let written = try out.map { try write(simulation, to: $0) } ?? []
    if json { return try printJSON(Document(simulation: simulation, files: written)) }
    print(simulation.table)
    if let out { print("written to \(out): \(written.joined(separator: ", "))") }
    if out != nil, !Gnuplot.isInstalled { print("No figure: gnuplot-nox is not installed") }
  }

  /// - Returns: the names of the files.
  private func write(_ simulation: Simulation, to folder: String) throws -> [String] {
    var files = try SimulationFigure(simulation).files() ?? [:]
    files["steps.csv"] = Data(simulation.csv.utf8)
    try writeFolder(files, to: URL(fileURLWithPath: folder))
    return files.keys.sorted()
  }

  /// The episode and, beside its keys, the files that were written.
  private struct Document: Encodable {
    var simulation: Simulation
    var files: [String]

    enum CodingKeys: String, CodingKey { case files }

    func encode(to encoder: any Encoder) throws {
      try simulation.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(files, forKey: .files)
    }
  }
}
