import Algebra
package import Deployment
import Foundation
import Learning
import Rebalancing

/// The files of a small valid bundle, made anew: a table over one number, two assets, three actions.
package func smallBundle() throws -> BundleFiles {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: folder) }
  let builder = ObservationBuilder(features: [.scaledDeviation(halfWidth: 0.05)], assetCount: 2)
  let policy = LearnedPolicy.table(
    QTable(
      discretizer: TabularDiscretizer(low: [-3], high: [3], bins: [6]), actionCount: 3,
      values: [0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]))
  let schema = FeatureSchema(
    builder, assets: ["A", "B"], moments: [RunningStatistics([-1.5, 0, 1.5])])
  try PolicyBundle.write(
    .init(
      name: "small", version: "1.0.0", environment: .init(id: "small-v0", sha256: "0"),
      provenance: [:]), policy: policy, schema: schema, actions: [0, 0.5, 1], to: folder)
  return try BundleFiles(folder: folder)
}
