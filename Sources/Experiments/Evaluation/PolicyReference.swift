import Deployment
import Foundation
import Learning
public import Rebalancing

/// A policy as it is named everywhere: a rule, an agent's file, a checkpoint or a bundle.
public enum PolicyReference {
  /// Finds the policy that a text names.
  ///
  /// - Parameters:
  ///   - text: `rule:NAME(…)`, a rule's `.yaml` file, or the folder of a checkpoint or bundle.
  ///   - task: what rules are made for.
  public static func policy(_ text: String, for task: RebalancingTask) throws -> any Trigger {
    if text.hasPrefix("rule:") { return try RuleCatalog.rule(text, for: task) }
    let url = URL(fileURLWithPath: text)
    if FileManager.default.fileExists(atPath: url.appending(path: "manifest.json").path) {
      return try fitting(try PolicyBundle.load(url).bundle.trigger(), task)
    }
    if FileManager.default.fileExists(atPath: url.appending(path: "record.json").path) {
      return try policy(of: Checkpoint(contentsOf: url), name: text, for: task)
    }
    if text.hasSuffix(".yaml"), FileManager.default.fileExists(atPath: text) {
      guard case .rule(let rule) = try AgentSpec(path: text).algorithm else {
        throw SpecError(file: text, "an agent that must learn first: train it, name its checkpoint")
      }
      return try RuleCatalog.rule(rule, for: task)
    }
    throw SpecError(
      file: text,
      "no policy is there; valid are rule:NAME, a rule's YAML file, and the folder of a checkpoint "
        + "or bundle")
  }

  /// A learned policy, where a task has as many assets as it was trained for.
  static func fitting(
    _ trigger: LearnedTrigger, _ task: RebalancingTask
  ) throws(SpecError) -> LearnedTrigger {
    let (count, given) = (trigger.observation.assetCount, task.assets.count)
    guard count == given else {
      throw SpecError(
        file: trigger.name, "the policy is for \(count) assets, \(task.id) has \(given)")
    }
    return trigger
  }

  /// A checkpoint's policy: a rule, or what was learned.
  static func policy(
    of checkpoint: Checkpoint<RunRecord>, name: String, for task: RebalancingTask
  ) throws -> any Trigger {
    if case .rule(let rule) = checkpoint.policy { return try RuleCatalog.rule(rule, for: task) }
    return try fitting(try trigger(of: checkpoint, name: name), task)
  }

  /// A policy on the task that it was trained on.
  static func policy(
    _ policy: LearnedPolicy, name: String, trainedOn task: RebalancingTask
  ) throws -> any Trigger {
    if case .rule(let rule) = policy { return try RuleCatalog.rule(rule, for: task) }
    return try trigger(policy, name: name, trainedOn: task)
  }

  /// A checkpoint's learned policy behind the trigger interface, seeing what it saw in training.
  static func trigger(of checkpoint: Checkpoint<RunRecord>, name: String) throws -> LearnedTrigger {
    if case .rule(let rule) = checkpoint.policy {
      throw SpecError(
        file: name, "the policy is \(rule): a rule is named as it is, and not exported")
    }
    let environment = try checkpoint.record.resolvedEnvironment()
    return try trigger(checkpoint.policy, name: name, trainedOn: environment.task)
  }

  private static func trigger(
    _ policy: LearnedPolicy, name: String, trainedOn task: RebalancingTask
  ) throws(PolicyMismatch) -> LearnedTrigger {
    try LearnedTrigger(
      name: name, policy: policy, observation: task.observation, actions: task.actions,
      family: task.actionFamily)
  }
}

extension RunRecord {
  /// The environment as it was resolved for the run.
  func resolvedEnvironment() throws -> EnvironmentSpec {
    try EnvironmentSpec(
      environment.spec, file: "the record of \(environment.id)", folder: environment.folder)
  }
}
