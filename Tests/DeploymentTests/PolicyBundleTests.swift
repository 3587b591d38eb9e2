import Algebra
import Deployment
import Foundation
import Learning
import Markets
import Rebalancing
import Testing

/// A policy over one number: trades half beyond 1 and all beyond 2, on either side.
private let policy = LearnedPolicy.table(
  QTable(
    discretizer: TabularDiscretizer(low: [-3], high: [3], bins: [6]), actionCount: 3,
    values: [0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]))
private let builder = ObservationBuilder(
  features: [.scaledDeviation(halfWidth: 0.05)], assetCount: 2)

private func snapshot(_ weight: Double) throws -> PortfolioSnapshot {
  PortfolioSnapshot(
    date: try #require(CalendarDate(iso: "2020-02-03")), assets: ["A", "B"],
    holdings: [weight * 1000, (1 - weight) * 1000], targets: [0.6, 0.4])
}

/// Writes a bundle, changes it, and loads it.
private func load(
  _ policy: LearnedPolicy, change: (URL) throws -> Void = { _ in }
) throws -> (bundle: PolicyBundle, vectors: Int) {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: folder) }
  let moments = RunningStatistics([-1.5, 0, 1.5])
  try PolicyBundle.write(
    .init(
      name: "steps", version: "1.2.3", environment: .init(id: "test-v0", sha256: "0"),
      provenance: [:]), policy: policy,
    schema: FeatureSchema(builder, assets: ["A", "B"], moments: [moments]),
    actions: [0, 0.5, 1], to: folder)
  try change(folder)
  return try PolicyBundle.load(folder)
}

/// A line of the conformance file, read on its own terms.
private struct Vector: Decodable {
  enum Value: Decodable {
    case number(Float)
    case text(String)
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      self =
        try (try? container.decode(Float.self)).map { .number($0) }
        ?? .text(container.decode(String.self))
    }
  }
  var observation: [Value]
  var mask: [Bool]?
  var action: Int?
}

@Suite struct PolicyBundleTests {
  @Test func `comes back as it was written`() throws {
    let (bundle, vectors) = try load(policy)
    #expect(bundle.policy == policy)
    #expect(vectors >= 2000)
    #expect(try bundle.trigger().observation == builder)
    #expect(bundle.manifest.version == "1.2.3")
  }

  @Test func `shows invalid observations and both sides of every change of action`() throws {
    var lines: [String] = []
    _ = try load(policy) { folder in
      lines = try String(contentsOf: folder.appending(path: "conformance.jsonl"), encoding: .utf8)
        .split(separator: "\n").map(String.init)
    }
    for invalid in ["\"NaN\"", "\"Infinity\"", "\"-Infinity\""] {
      let line = try #require(lines.first { $0.contains("[\(invalid)]") })
      #expect(!line.contains("\"action\""))
    }
    // The policy changes its action at −2, −1, 1 and 2.
    let shown = try lines.compactMap { line -> (Float, Int)? in
      let vector = try JSONDecoder().decode(Vector.self, from: Data(line.utf8))
      guard case .number(let value) = vector.observation[0], let action = vector.action,
        vector.mask == nil
      else {
        return nil
      }
      return (value, action)
    }.sorted { $0.0 < $1.0 }
    let changes = zip(shown, shown.dropFirst()).filter { $0.1 != $1.1 }
    #expect(
      changes.map { ($0.0.0 + $0.1.0) / 2 }.map { ($0 * 1e4).rounded() / 1e4 } == [-2, -1, 1, 2])
    #expect(changes.allSatisfy { $0.1.0 <= $0.0.0.nextUp.nextUp })
  }

  @Test func `refuses weights that do not answer as before, though the digest is renewed`() throws {
    let other = LearnedPolicy.table(
      QTable(
        discretizer: TabularDiscretizer(low: [-3], high: [3], bins: [6]), actionCount: 3,
        values: [0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0.5, 0, 1, 0, 0, 0, 1]))
    let error = #expect(throws: BundleError.self) {
      try load(policy) { folder in
        try replaceWeights(other, in: folder)
      }
    }
    #expect(error?.file == "conformance.jsonl")
    #expect(error?.problem.contains("line ") == true)
  }

  @Test(arguments: ["feature_schema.json", "policy.safetensors", "conformance.jsonl"])
  func `refuses a missing or cut file by its name`(name: String) throws {
    let missing = #expect(throws: BundleError.self) {
      try load(policy) { try FileManager.default.removeItem(at: $0.appending(path: name)) }
    }
    #expect(missing?.file == name)
    let cut = #expect(throws: BundleError.self) {
      try load(policy) { folder in
        let file = folder.appending(path: name)
        try Data(try Data(contentsOf: file).dropLast(20)).write(to: file)
      }
    }
    #expect(cut?.file == name)
  }

  @Test(arguments: [
    (0.62, TriggerDecision.Action.none, 0.0), (0.66, .partial, 0.5), (0.72, .full, 1.0),
    (0.54, .partial, 0.5), (0.45, .full, 1.0),
  ])
  func `decides by the weight`(
    weight: Double, action: TriggerDecision.Action, fraction: Double
  ) throws {
    let bundle = try load(policy).bundle
    let request = try JSONEncoder().encode(snapshot(weight))
    let response = try bundle.decide(request: request)
    #expect(response.action == action)
    #expect(response.fraction == fraction)
    #expect(response.scores.count == 3)
    let trade = try #require(response.trades["A"])
    #expect(abs(trade - fraction * (0.6 - weight) * 1000) < 1e-9)
    #expect(abs(response.trades.values.reduce(0, +)) < 1e-9)
    let decision = try bundle.trigger().decide(snapshot(weight))
    #expect(decision.scores == policy.scores(try builder.observe(snapshot(weight))))
  }

  @Test func `does nothing where it cannot see`() throws {
    let trigger = try LearnedTrigger(
      name: "gain", policy: policy,
      observation: ObservationBuilder(
        features: [.scaledDeviation(halfWidth: 0.05)], assetCount: 3), actions: [0, 0.5, 1])
    let decision = trigger.decide(try snapshot(0.9))
    #expect(decision.action == .none)
    #expect(decision.reasons[0].hasPrefix("invalid_input"))
    var broken = try snapshot(0.9)
    broken.holdings[0] = .nan
    let bundle = try load(policy).bundle
    #expect(try bundle.trigger().decide(broken).reasons[0].hasPrefix("invalid_input"))
  }

  @Test func `refuses parts that do not fit together`() {
    #expect(throws: PolicyMismatch.self) {
      try LearnedTrigger(
        name: "two actions", policy: policy, observation: builder, actions: [0, 1])
    }
  }
}
