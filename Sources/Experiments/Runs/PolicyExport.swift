import Algebra
public import Deployment
public import Foundation
import Gym
public import Learning
import Rebalancing

/// Turns a checkpoint into a policy bundle.
public enum PolicyExport {
  /// Writes the bundle of a checkpoint's policy.
  ///
  /// The moments of its features are those on paths of its training environment under itself.
  ///
  /// - Parameters:
  ///   - evaluation: of this policy; the manifest says where there is none.
  ///   - key: signs the manifest.
  ///   - folder: a free one, or that of a bundle of the same name and version, which is replaced.
  public static func write(
    _ checkpoint: Checkpoint<RunRecord>, name: String, version: String,
    evaluation: EvaluationRecord?, signedBy key: SigningKey? = nil, to folder: URL
  ) throws {
    try PolicyRegistry.check(name, version: version)
    try checkPlace(folder, name: name, version: version)
    let record = checkpoint.record
    let environment = try record.resolvedEnvironment()
    let trigger = try PolicyReference.trigger(of: checkpoint, name: name)
    let schema = FeatureSchema(
      environment.task.observation, assets: environment.task.assets,
      moments: moments(trigger, environment.task))
    let identity = PolicyBundle.Identity(
      name: name, version: version,
      environment: record.trainedOn,
      provenance: [
        "agent": String(decoding: try record.agent.spec.canonicalJSON(), as: UTF8.self),
        "seed": "\(record.seed)", "steps": "\(checkpoint.steps)",
        "commit": record.provenance.commit, "compiler": record.provenance.compiler,
        "blas_core": record.provenance.blasCore,
      ])
    try PolicyBundle.write(
      identity, policy: checkpoint.policy, schema: schema, actions: environment.task.actions,
      family: environment.task.actionFamily, evaluation: evaluation,
      attachments: [
        FactConstants.fileName: FactConstants(environment.task).encoded(),
        PolicyBundle.guardsName: try guards(trigger, environment.task).encoded(),
      ],
      signedBy: key, to: folder)
  }

  /// Writes the bundle of a checkpoint's folder, whose evaluation lies beside it.
  ///
  /// - Parameters:
  ///   - name: the policy's; that of the folder if nil.
  ///   - unevaluated: whether it goes out without an evaluation.
  public static func write(
    checkpoint folder: URL, name: String? = nil, version: String, unevaluated: Bool = false,
    signedBy key: SigningKey? = nil, to bundle: URL
  ) throws {
    let checkpoint = try Checkpoint<RunRecord>(contentsOf: folder)
    let evaluation =
      unevaluated ? nil : try Checkpoint<RunRecord>.evaluation(of: checkpoint, in: folder)
    guard evaluation != nil || unevaluated else {
      throw EvaluationError(
        "\(folder.relativeToHere): no evaluation record; `rebalance evaluate --env "
          + "\(checkpoint.record.environment.id) --policy \(folder.relativeToHere) --record` makes "
          + "one, --unevaluated goes without; nothing was written")
    }
    try write(
      checkpoint, name: name ?? folder.lastPathComponent, version: version,
      evaluation: evaluation, signedBy: key, to: bundle)
  }

  /// Refuses to write over a bundle of another name or version.
  private static func checkPlace(_ folder: URL, name: String, version: String) throws {
    let file = folder.appending(path: "manifest.json")
    guard let data = FileManager.default.contents(atPath: file.path) else { return }
    let old = try? JSONDecoder().decode(PolicyBundle.Manifest.self, from: data)
    guard old?.name == name, old?.version == version else {
      let found = old.map { "the bundle \($0.name) \($0.version)" } ?? "a manifest that is none"
      throw FolderWritingError(
        path: folder.relativeToHere,
        reason: "it holds \(found), and only one of the same name and version, \(name) \(version), "
          + "is replaced; choose another folder, or remove this one")
    }
  }

  /// Guards that know the paths of the training environment; what they do not know goes to a band.
  private static func guards(
    _ trigger: LearnedTrigger, _ task: RebalancingTask
  ) throws -> GuardSettings {
    try GuardCalibration.settings(
      task, policy: trigger, observation: trigger.observation, fallback: "rule:band(0.05)")
  }

  private static func moments(
    _ trigger: LearnedTrigger, _ task: RebalancingTask
  ) -> [RunningStatistics] {
    var moments = Array(repeating: RunningStatistics(), count: trigger.observation.size)
    for copy in 0..<32 {
      var environment = RebalancingEnvironment<Double>(task, copy: UInt32(copy))
      var observation = environment.reset(seed: 0)
      for _ in 0..<min(task.horizon, 500) {
        for (i, value) in observation.enumerated() { moments[i].add(Double(value)) }
        if let action = trigger.policy.greedyAction(observation) {
          observation = environment.step(action).observation
        } else {
          let values = trigger.policy.values(observation) ?? []
          observation = environment.step(values: values).observation
        }
      }
    }
    return moments
  }
}
