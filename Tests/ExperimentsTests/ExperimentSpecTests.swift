import Experiments
import Foundation
import Testing

@Suite struct ExperimentSpecTests {
  private func spec(_ text: String) throws -> ExperimentSpec {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "experiments-\(UUID().uuidString)/900-small")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
    try Data(text.utf8).write(to: folder.appending(path: "experiment.yaml"))
    return try ExperimentSpec(folder: folder)
  }

  private let common = """
    question: Q?
    environment: envs/two-asset-monthly-v0.yaml
    rules: ["rule:never"]
    episodes: 5
    evaluation_seed: 1000
    """

  @Test func `one case has the keys of the top`() throws {
    let spec = try spec(common)
    #expect(spec.cases.map(\.name) == ["all"])
    #expect(spec.cases[0].scores == [.exact, .sampled])
    #expect(spec.cases[0].episodes == 5)
    #expect(spec.export == nil)
  }

  @Test func `a grid multiplies cases, in the order of keys and values`() throws {
    let spec = try spec(
      common + """

        set: {risk_aversion: 3}
        cases:
          - name: a
            grid: {cost_per_unit: [0.001, 0.01], actions: [[0, 1], [0, 0.5, 1]]}
          - name: b
            rules: ["rule:always"]
        """)
    #expect(
      spec.cases.map(\.name) == [
        "a actions=[0,1] cost_per_unit=0.001", "a actions=[0,1] cost_per_unit=0.01",
        "a actions=[0,0.5,1] cost_per_unit=0.001", "a actions=[0,0.5,1] cost_per_unit=0.01", "b",
      ])
    #expect(
      spec.cases[1].overrides == ["risk_aversion=3", "actions=[0,1]", "cost_per_unit=0.01"])
    #expect(spec.cases[4].rules == ["rule:always"])
  }

  @Test func `a case by the exact law stands beside others that need paths`() throws {
    let spec = try spec(common + "\ncases: [{name: a, scores: [exact]}, {name: b}]")
    #expect(spec.cases.map(\.episodes) == [0, 5])
  }

  @Test func `settings are of the agent whose name leads to them`() throws {
    let spec = try spec(
      common + "\nagents: [agents/ppo.yaml]\nseeds: [1]\nset_agents: {ppo: {copies: 8}}")
    #expect(spec.cases[0].agentOverrides == ["ppo": ["copies=8"]])
  }

  @Test(arguments: [
    ("cases: []", "cases: a list of maps"),
    ("cases: [{name: a}, {name: a}]", "two are named “a”"),
    ("cases: [{rules: []}, {name: a}]", "name"),
    ("grid: {cost_per_unit: 3}", "a list of values"),
    ("scores: [exactly]", "valid are exact, sampled, bound"),
    ("walk_forward: {train_steps: 5, test_steps: 5}", "scores: [sampled]"),
    ("agents: [agents/ppo.yaml]", "seeds: at least one"),
    ("sets: {a: 1}", "experiment.yaml:6: unknown key “sets”"),
    ("export_name: a\nexport_version: 1.0.0", "agents: at least one"),
  ])
  func `says what is wrong`(line: String, words: String) throws {
    let error = #expect(throws: SpecError.self) { _ = try spec(common + "\n" + line) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func `an override of null takes a key away`() throws {
    let value = try SpecValue(yaml: "a: 1\nb: {c: 2, d: 3}", file: "x")
      .setting(["a=null", "b.c=null"], file: "x")
    #expect(try value.canonicalJSON() == Data(#"{"b":{"d":3}}"#.utf8))
  }
}
