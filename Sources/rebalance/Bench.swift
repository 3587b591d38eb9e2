import ArgumentParser
import Experiments
import Foundation

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure speeds on this machine.",
    discussion: """
      Example: rebalance bench environment ppo --json

      Unset OPENBLAS_CORETYPE first, or OpenBLAS may run a slower kernel than it could.
      """)

  @Argument(help: "Groups: environment, ppo, dqn, tabular, decision, solve; all if absent.")
  var groups: [String] = []

  @Option(help: "The folder of the environments.")
  var envs = "envs"

  @Flag(help: "Print a JSON document.")
  var json = false

  func run() throws {
    let chosen = try groups.map { name in
      guard let group = Benchmark.Group(rawValue: name) else {
        let valid = Benchmark.Group.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("there is no group “\(name)”; there are \(valid)")
      }
      return group
    }
    let benchmark = try Benchmark(
      chosen.isEmpty ? Benchmark.Group.allCases : chosen,
      speedTask: try EnvironmentSpec(path: "\(envs)/four-asset-r1-v0.yaml").task,
      exactTask: try EnvironmentSpec(path: "\(envs)/two-asset-daily-v0.yaml").task,
      lotsTask: try EnvironmentSpec(path: "\(envs)/taxable-eight-asset-v0.yaml").task,
      progress: { FileHandle.standardError.write(Data("measuring \($0.rawValue)\n".utf8)) })
    if json { return try printJSON(benchmark) }
    var table = TextTable(["what", ">value", "unit", ">ns", ">threads"])
    for result in benchmark.results {
      let digits = result.value > 1000 ? 0 : 3
      let each = result.unit == "steps/s" ? (1e9 / result.value).fixed(1) : ""
      table.add([
        result.name, result.value.fixed(digits), result.unit, each, "\(result.threads)",
      ])
    }
    print(table.text)
    print("\(benchmark.machine.processor), BLAS core \(benchmark.machine.blasCore)")
  }
}
