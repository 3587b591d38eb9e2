import Algebra
import ArgumentParser
import Experiments
import Foundation
import Rebalancing

struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what is there: envs, agents, experiments or policies.",
    discussion: "Example: rebalance list policies")

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case envs, agents, experiments, policies
  }

  @Argument(help: "envs, agents, experiments or policies.")
  var kind: Kind

  @Flag(help: "Print a JSON document.")
  var json = false

  struct Item: Encodable {
    var name: String
    var summary: String
    /// What a rule needs besides weights and targets.
    var needs: String?
  }

  func run() throws {
    if kind == .envs { return try EnvironmentList().print(json: json) }
    let items = items()
    if json { return try printJSON(items) }
    print(items.map(\.paragraph).joined(separator: "\n"))
  }

  private func items() -> [Item] {
    switch kind {
    case .envs, .agents: specs(in: kind.rawValue)
    case .experiments:
      folders(in: "experiments", with: "experiment.yaml").map { folder in
        let spec = try? ExperimentSpec(folder: URL(fileURLWithPath: folder))
        return Item(name: folder, summary: spec?.question ?? "unreadable experiment.yaml")
      }
    case .policies:
      RuleCatalog.entries.map {
        Item(
          name: "rule:\($0.usage)", summary: $0.summary, needs: $0.needs.isEmpty ? nil : $0.needs)
      }
        + folders(in: "checkpoints", with: "record.json").map {
          Item(name: $0, summary: "checkpoint")
        }
        + folders(in: "checkpoints", with: "manifest.json").map {
          Item(name: $0, summary: "bundle")
        }
    }
  }

  /// YAML files with their first line of comment.
  private func specs(in folder: String) -> [Item] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { name in
      let path = "\(folder)/\(name)"
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      let first = text.split(separator: "\n").first { $0.hasPrefix("# ") }
      return Item(name: path, summary: first.map { String($0.dropFirst(2)) } ?? "")
    }
  }

  /// Folders up to two levels down that hold a file.
  private func folders(in top: String, with file: String) -> [String] {
    let names = (FileManager.default.subpaths(atPath: top) ?? []).sorted()
    return names.filter { ($0 as NSString).lastPathComponent == file && !$0.contains(".tmp/") }
      .map { top + "/" + ($0 as NSString).deletingLastPathComponent }
  }
}

extension List.Item {
  /// The name, and below it what it is in lines of at most 80 columns.
  fileprivate var paragraph: String {
    ([name] + summary.wrapped(indent: 4)
      + (needs.map { "needs \($0)".wrapped(indent: 4) } ?? [])).joined(separator: "\n")
  }
}

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what this machine offers and what is missing.",
    discussion: """
      Example: rebalance doctor --json

      With --bits it steps every environment ten thousand times and prints a digest of what came
      out: the same on every machine, vector width and number of threads.
      """)

  @Flag(help: "Print a JSON document.")
  var json = false

  @Flag(help: "Digest a run of every environment in envs instead.")
  var bits = false

  struct Report: Encodable {
    var machine: Benchmark.Machine
    var data: [String]
    var gnuplot: Bool
    var warnings: [String]
  }

  func run() throws {
    if bits { return try printBits() }
    let machine = Benchmark.Machine.current
    let data = ((try? FileManager.default.contentsOfDirectory(atPath: "envs/data")) ?? [])
      .filter { $0.hasSuffix(".csv") || $0.hasSuffix(".csv.gz") }.sorted()
    let gnuplot = Gnuplot.isInstalled
    let report = Report(
      machine: machine, data: data, gnuplot: gnuplot,
      warnings: warnings(machine, data, gnuplot))
    if json { return try printJSON(report) }
    var table = TextTable(["what", "here"])
    table.add(["processor", "\(machine.processor), \(machine.cores) cores"])
    table.add(["compiler", machine.compiler])
    table.add(["BLAS", "OpenBLAS, core \(machine.blasCore), \(machine.blasThreads) threads"])
    table.add(["vector", "\(machine.vectorBits) bits in this build"])
    table.add(["data", data.isEmpty ? "none" : data.joined(separator: " ")])
    table.add(["gnuplot", gnuplot ? "present" : "absent"])
    print(table.text)
    for warning in report.warnings { print("warning: \(warning)") }
  }

  private func printBits() throws {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "envs")) ?? []
    let digests = try files.filter { $0.hasSuffix(".yaml") }.sorted().map {
      BitsDigest(try EnvironmentSpec(path: "envs/\($0)").task)
    }
    if json { return try printJSON(digests) }
    var table = TextTable(["env", "digest of 10,000 steps"])
    for digest in digests { table.add([digest.environment, String(digest.sha256.prefix(32))]) }
    print(table.text)
    print("\(Benchmark.Machine.current.vectorBits)-bit vectors in this build")
  }

  private func warnings(
    _ machine: Benchmark.Machine, _ data: [String], _ gnuplot: Bool
  ) -> [String] {
    var warnings: [String] = []
    let flags = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let narrow = ["Haswell", "Zen", "Sandybridge", "Nehalem", "Prescott"]
    if flags.contains("avx512f"), narrow.contains(machine.blasCore) {
      let forced = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
      warnings.append(
        "OpenBLAS runs its \(machine.blasCore) kernel on a processor with AVX-512"
          + (forced.map { "; unset OPENBLAS_CORETYPE (now \($0)) to run the fastest" } ?? ""))
    }
    if data.isEmpty {
      warnings.append("no data in envs/data: start from the repository's top folder")
    }
    if !gnuplot { warnings.append("gnuplot-nox is not installed: figures are left out") }
    return warnings
  }
}
