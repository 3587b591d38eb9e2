import Foundation
import Learning
import Oracles
import Rebalancing

/// What a case comes to: its environments and its agents, read and checked.
struct CasePlan {
  let spec: ExperimentCase
  let stage: Stage
  let replays: [EnvironmentSpec]
  let agents: [NamedAgent]

  /// Where agents train and where all are tested.
  enum Stage {
    case whole(EnvironmentSpec, training: EnvironmentSpec)
    case walk(WalkStage)
  }

  /// An agent under the name of its file.
  struct NamedAgent {
    let name: String
    let spec: AgentSpec
  }

  /// Reads everything that the case names: what is wrong is found before any training.
  ///
  /// - Parameter path: of a file that the experiment names.
  init(_ spec: ExperimentCase, path: (String) -> String) throws {
    self.spec = spec
    let whole = try EnvironmentSpec(path: path(spec.environment), overrides: spec.overrides)
    if spec.scores.contains(.exact) { _ = try TwoAssetChain(whole.task) }
    if spec.scores.contains(.bound) { try LowerBound.check(whole.task) }
    agents = try spec.agents.map { file in
      let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
      return NamedAgent(
        name: name,
        spec: try AgentSpec(path: path(file), overrides: spec.agentOverrides[name] ?? []))
    }
    let names = agents.map(\.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw SpecError(file: spec.name, "agents: two are named \(twice)")
    }
    stage =
      try spec.walkForward.map {
        .walk(try WalkStage($0, whole, path: path(spec.environment), overrides: spec.overrides))
      }
      ?? .whole(
        whole,
        training: spec.trainingOverrides.isEmpty
          ? whole
          : try EnvironmentSpec(
            path: path(spec.environment), overrides: spec.overrides + spec.trainingOverrides))
    replays = try spec.replays.map { try EnvironmentSpec(path: path($0)) }
    for task in ([whole] + replays).map(\.task) {
      for rule in spec.rules { _ = try RuleCatalog.rule(rule, for: task) }
    }
  }

  /// The trainings of an agent, a seed each.
  func trainings(
    of agent: NamedAgent, on environment: EnvironmentSpec, in folder: URL
  ) -> [TrainingRun] {
    spec.seeds.map { seed in
      TrainingRun(
        environment: environment, agent: agent.spec, seed: seed,
        folder: folder.appending(path: "\(agent.name)-seed-\(seed)"))
    }
  }
}
