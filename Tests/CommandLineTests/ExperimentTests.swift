import Foundation
import Testing

private let experiment = """
  # A small one.
  question: Does a run repeat?
  environment: envs/two-asset-monthly-v0.yaml
  agents: [agents/small.yaml]
  seeds: [1, 2]
  rules: ["rule:never", "rule:band(0.05)"]
  episodes: 5
  evaluation_seed: 1000
  replays: [envs/us-stock-bond-v0.yaml]
  export_name: small
  export_version: 0.1.0
  """

@Suite struct ExperimentTests {
  /// A repository with one small experiment.
  private func prepare(_ text: String = experiment) throws -> (Workplace, folder: String) {
    let work = try Workplace()
    let manager = FileManager.default
    for folder in ["agents", "experiments/900-small"] {
      try manager.createDirectory(
        atPath: work.path(folder), withIntermediateDirectories: true)
    }
    try manager.copyItem(
      atPath: Workplace.top.path + "/envs", toPath: work.path("envs"))
    let agent = try Workplace.text("agents/q-learning.yaml")
      .replacingOccurrences(of: "total_steps: 8000000", with: "total_steps: 20000")
    #expect(agent.contains(" 20000"))
    _ = try work.file("agents/small.yaml", agent)
    _ = try work.file("experiments/900-small/experiment.yaml", text)
    return (work, work.path("experiments/900-small"))
  }

  @Test func `trains, compares, exports and decides, and again to the same bytes`() throws {
    let (work, folder) = try prepare()
    let out = work.path("checkpoints/900-small")
    let first = try rebalance("run", folder, "--json", "--record")
    #expect(first.status == 0, "\(first.errors)")
    let document = try first.json()
    for key in ["question", "exact", "sampled", "replays", "exported", "decision"] {
      #expect(document.keys.contains(key))
    }
    let names = Set(try FileManager.default.contentsOfDirectory(atPath: out))
    let expected: Set = [
      "bundle", "request.json", "results.csv", "results.json", "small-seed-1", "small-seed-2",
      "standings.csv",
    ]
    #expect(expected.isSubset(of: names))
    #expect(try rebalance("verify", out + "/bundle").status == 0)
    let table = try contents(out)["results.csv"]
    #expect(table != nil)
    #expect(try contents(folder)["results.csv"] == table)
    let bundle = try contents(out + "/bundle")

    // Finished trainings are kept; a second run gives the same answers.
    let training = try contents(out + "/small-seed-2")
    let second = try rebalance("run", folder, "--json")
    #expect(second.output == first.output)
    #expect(try contents(out)["results.csv"] == table)
    #expect(try contents(out + "/bundle") == bundle)
    #expect(try contents(out + "/small-seed-2") == training)
  }

  @Test func `reports what a run has left on one page, twice to the same bytes`() throws {
    let (work, folder) = try prepare()
    let early = try rebalance("report", folder)
    #expect(early.status == 64)
    #expect(early.errors.contains("no results are there; rebalance run experiments/900-small"))
    #expect(try rebalance("run", folder, "--json").status == 0)
    let run = try rebalance("report", folder, "--json")
    #expect(run.status == 0, "\(run.errors)")
    let files = try #require(try run.json()["files"] as? [String])
    let tables = [
      "attribution-1", "data-1", "exact", "gaps", "path-costs", "sampled", "standings-sampled",
    ]
    let written = files.filter { !$0.hasPrefix("figures/") }
    #expect(written == ["report.html"] + tables.map { "tables/\($0).csv" })
    #expect(files.contains("figures/cost-error.svg"))
    let out = work.path("checkpoints/900-small")
    let page = try String(contentsOfFile: out + "/report.html", encoding: .utf8)
    for words in [
      "Does a run repeat?", "small-seed-2", "<svg", "Where each policy trades", "Learning",
      "limit 0.2887 s²", "US_STOCK", "what each trade was worth", "How the cost spreads",
    ] {
      #expect(page.contains(words), "\(words)")
    }
    // Exact figures are those of the run, with all digits.
    let exact = try String(contentsOfFile: out + "/tables/exact.csv", encoding: .utf8)
    let row = try #require(exact.split(separator: "\n").first { $0.hasPrefix("band(0.05)") })
    let cost = try #require(row.split(separator: ",").dropFirst(2).first.flatMap { Double($0) })
    let document = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: out + "/results.json")))
        as? [String: Any])
    let policies = (document["exact"] as? [String: Any])?["policies"] as? [[String: Any]] ?? []
    let band = try #require(policies.first { $0["name"] as? String == "rule:band(0.05)" })
    #expect(abs((band["cost_bp_per_year"] as? Double ?? .nan) - cost) < 1e-12)
    #expect(try rebalance("report", folder).status == 0)
    #expect(try String(contentsOfFile: out + "/report.html", encoding: .utf8) == page)
    // Results of other cases are not reported under these.
    _ = try work.file(
      "experiments/900-small/experiment.yaml", experiment + "\ncases:\n  - name: other\n")
    let other = try rebalance("report", folder)
    #expect(other.status == 64)
    #expect(other.errors.contains("of other cases"))
  }

  @Test func `reports cases apart and against the baseline`() throws {
    let (work, folder) = try prepare(
      experiment.replacingOccurrences(
        of: "export_name: small\nexport_version: 0.1.0",
        with: """
          baseline: rule:band(0.05)
          cases:
            - name: cheap & <odd>
              set: {cost_per_unit: 0.001}
            - name: dear
              grid: {cost_per_unit: [0.005, 0.007, 0.01]}
          """))
    _ = try work.file("experiments/900-small/README.md", "![a](grid-1.svg) ![b](other.svg)")
    let ran = try rebalance("run", folder, "--json", "--record")
    #expect(ran.status == 0, "\(ran.errors)")
    let run = try rebalance("report", folder, "--record")
    #expect(run.status == 0, "\(run.errors)")
    let out = work.path("checkpoints/900-small")
    let page = try String(contentsOfFile: out + "/report.html", encoding: .utf8)
    for words in [
      "Over all cases", "cheap &amp; &lt;odd&gt;: on sampled paths",
      "dear cost_per_unit=0.007: learning", "Above the optimum, as cost_per_unit grows",
    ] {
      #expect(page.contains(words), "\(words)")
    }
    let ids = page.matches(of: #/\sid=["']([^"']+)["']/#).map { String($0.1) }
    #expect(Set(ids).count == ids.count)
    let names = Set(try FileManager.default.contentsOfDirectory(atPath: out + "/tables"))
    #expect(
      names.isSuperset(of: ["comparison.csv", "exact-1.csv", "exact-2.csv", "sampled-2.csv"]))
    // What is recorded: the numbers with their intervals, and the figure that the page shows.
    let recorded = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(
      Set(recorded) == [
        "README.md", "comparison.csv", "costs.svg", "experiment.yaml", "grid-1.svg", "results.csv",
        "standings.csv",
      ])
    let standings = try String(contentsOfFile: folder + "/standings.csv", encoding: .utf8)
    let columns = standings.split(separator: "\n").map { $0.split(separator: ",").count }
    #expect(columns.count > 20)
    #expect(standings.contains("\ncheap & <odd>,sampled,small,false,2,0,,"))
  }

  @Test func `walked through data, each policy's returns are its own`() throws {
    let (work, folder) = try prepare(
      """
      question: Who grows faster?
      environment: envs/us-stock-bond-v0.yaml
      scores: [sampled]
      rules: ["rule:never", "rule:always"]
      episodes: 2
      evaluation_seed: 1000
      walk_forward: {train_steps: 6000, test_steps: 126}
      """)
    let run = try rebalance("run", folder, "--json")
    #expect(run.status == 0, "\(run.errors)")
    let file = URL(fileURLWithPath: work.path("checkpoints/900-small/results.json"))
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    let walked = try #require((document["cases"] as? [[String: Any]])?.first)
    let rows = try #require((walked["sharpe"] as? [String: Any])?["rows"] as? [[String: Any]])
    #expect(Set(rows.compactMap { $0["family"] as? String }) == ["rule:never", "rule:always"])
    let growths = rows.compactMap { $0["growth_percent_per_year"] as? Double }
    #expect(Set(growths).count == 2, "\(growths)")
  }

  @Test func `what is stored is of the same paths only, where the commit tells the code`() throws {
    let few = experiment.split(separator: "\n").filter {
      !$0.hasPrefix("export") && !$0.hasPrefix("agents") && !$0.hasPrefix("seeds")
        && !$0.hasPrefix("replays")
    }.joined(separator: "\n")
    let (work, folder) = try prepare(few)
    // A commit without changes: what has been evaluated under it counts.
    let git = Process()
    git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    git.currentDirectoryURL = work.folder
    git.arguments = [
      "sh", "-c",
      "git init -q && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a",
    ]
    try git.run()
    git.waitUntilExit()
    #expect(git.terminationStatus == 0)
    let clean = ["GIT_DIR": work.path(".git"), "GIT_WORK_TREE": work.folder.path]
    func sampled() throws -> [String: Any] {
      let run = try rebalance(["run", folder, "--json"], environment: clean)
      #expect(run.status == 0, "\(run.errors)")
      return try #require(try run.json()["sampled"] as? [String: Any])
    }
    func cost(_ evaluation: [String: Any]) -> Double? {
      let row = (evaluation["policies"] as? [[String: Any]])?.last
      return (row?["cost_bp_per_year"] as? [String: Any])?["mean"] as? Double
    }
    let first = try sampled()
    #expect(first["episodes"] as? Int == 5)
    #expect(cost(try sampled()) == cost(first))
    for (old, new) in [("episodes: 5", "episodes: 6"), ("seed: 1000", "seed: 1001")] {
      _ = try work.file(
        "experiments/900-small/experiment.yaml", few.replacingOccurrences(of: old, with: new))
      let changed = try sampled()
      #expect(cost(changed) != cost(first), "\(new)")
      #expect(changed["episodes"] as? Int == (new == "episodes: 6" ? 6 : 5))
    }
  }

  @Test(arguments: [
    ("an unknown key", "episodes: 5", "episodes: 5\nepisode: 5", "experiment.yaml:8:"),
    ("no seeds", "seeds: [1, 2]", "seeds: []", "at least one"),
    ("a seed of training for evaluation", "seed: 1000", "seed: 2", "is a training seed"),
    ("an unknown rule", "rule:never", "rule:newer", "newer"),
    ("no data to decide on", "replays: [envs/us-stock-bond-v0.yaml]", "replays: []", "replays"),
    ("data that is not there", "us-stock-bond-v0", "us-bond-v0", "no such file"),
    (
      "a task without an exact solution", "two-asset-monthly-v0", "four-asset-r1-v0",
      "cannot be solved exactly"
    ),
    (
      "a bound where none is known", "episodes: 5",
      "episodes: 5\nscores: [bound]\nset: {tax: average_cost, tax_rate: 0.2}", "tax"
    ),
    ("an agent that is not there", "small.yaml", "large.yaml", "no such file"),
  ])
  func `refuses a bad experiment`(
    name: String, old: String, new: String, says: String
  ) throws {
    let (work, folder) = try prepare(experiment.replacingOccurrences(of: old, with: new))
    let run = try rebalance("run", folder, "--json")
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(says), "\(run.errors)")
    #expect(!work.names.contains("checkpoints"))
  }
}
