import Algebra
import Deployment
import Foundation
import Learning
import Rebalancing

/// The repository's top.
let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// A network over all columns of a builder, with weights large enough that it changes its mind.
func network(_ builder: ObservationBuilder, seed: UInt64 = 7) -> LearnedPolicy {
  .network(
    Network(
      sizes: [builder.size, 16, 3], outputGain: 1, random: RandomSource(seed: seed), index: 0))
}

/// Writes the bundle of a policy over two assets, hands over its folder, and removes it.
func withBundle<Result>(
  _ policy: LearnedPolicy, _ builder: ObservationBuilder, assets: [String] = ["A", "B"],
  _ body: (URL) throws -> Result
) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: folder) }
  try PolicyBundle.write(
    identity("steps"), policy: policy, schema: schema(builder, assets: assets),
    actions: [0, 0.5, 1], to: folder)
  return try body(folder)
}

/// Replaces text in a file of a bundle; the text must be there.
func change(_ name: String, in folder: URL, _ old: String, _ new: String) throws {
  let file = folder.appending(path: name)
  let text = try String(contentsOf: file, encoding: .utf8)
  precondition(text.contains(old), "\(name) does not hold \(old)")
  try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: file)
}

/// Replaces the weights of a bundle, takes away the graph of the old ones, and renews all digests.
func replaceWeights(_ policy: LearnedPolicy, in folder: URL) throws {
  try Data(policy.safetensors.encoded()).write(to: folder.appending(path: "policy.safetensors"))
  try FileManager.default.removeItem(at: folder.appending(path: "policy.onnx"))
  try renewDigests(folder)
}

/// Renews all digests of a bundle, as one does who changes it on purpose.
func renewDigests(_ folder: URL) throws {
  let file = folder.appending(path: "manifest.json")
  var manifest = try JSONDecoder().decode(
    PolicyBundle.Manifest.self, from: Data(contentsOf: file))
  for name in manifest.files.keys {
    let data = try? Data(contentsOf: folder.appending(path: name))
    manifest.files[name] = data.map { sha256($0) }
  }
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  manifest.sha256 = String(repeating: "0", count: 64)
  manifest.sha256 = sha256(try encoder.encode(manifest))
  try encoder.encode(manifest).write(to: file)
}

/// What tests call their bundles.
func identity(_ name: String) -> PolicyBundle.Identity {
  .init(
    name: name, version: "1.2.3", environment: .init(id: "test-v0", sha256: "0"),
    provenance: ["seed": "1"])
}

/// A schema over two assets.
func schema(_ builder: ObservationBuilder, assets: [String] = ["A", "B"]) -> FeatureSchema {
  FeatureSchema(
    builder, assets: assets,
    moments: builder.columns.map { _ in RunningStatistics([-0.15, 0, 0.15]) })
}

/// An evaluation of a policy, with figures that nobody has measured.
func record(of policy: LearnedPolicy, name: String) -> EvaluationRecord {
  let rule = EvaluationRecord.Comparison(
    name: "rule:never", cost: 3, saving: .init(mean: 1, low: 0.5, high: 1.5), cheaperShare: 0.75)
  let place = PolicyBundle.Manifest.Environment(id: "test-v0", sha256: "0")
  return EvaluationRecord(
    policyDigest: sha256(Data(policy.safetensors.encoded())), environment: place, trainedOn: place,
    task: [.init(about: "assets", text: "A 60 %, B 40 %")],
    paths: .init(
      seed: 1, sample: "episode", count: 4, firstDate: "2020-01-01", lastDate: "2030-01-01"),
    policy: .init(
      cost: 2, transaction: 1, tax: 0, drift: 1, turnover: 0.1, trades: 3, trackingError: 40),
    rules: [rule], bestRule: rule, leftOut: [.init(name: "rule:closed_form", reason: "no")],
    exact: nil, failures: .init(worseShare: 0.25, worst: [.init(sample: 2, saving: -1)]),
    provenance: ["policy": name])
}
