import Algebra
import Deployment
import Foundation
import Learning
import Rebalancing
import Testing

/// A registry in a folder of its own, which is removed with it.
private final class Place {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  var registry: PolicyRegistry { PolicyRegistry(folder.appending(path: "policies")) }

  deinit {
    _ = try? FileManager.default.subpathsOfDirectory(atPath: folder.path).map {
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: folder.appending(path: $0).path)
    }
    try? FileManager.default.removeItem(at: folder)
  }

  /// Where something of the policy “steps” lies in the registry.
  func file(_ path: String) -> URL { folder.appending(path: "policies/steps/\(path)") }

  /// Writes the bundle of a version; versions differ by their weights.
  ///
  /// - Parameters:
  ///   - low: the lower end of the interval of what it saves; `nil` for no evaluation.
  ///   - scored: where it is evaluated; the training's environment if absent.
  func bundle(
    _ version: String, low: Double? = 1, seed: UInt64 = 7,
    scored: PolicyBundle.Manifest.Environment? = nil
  ) throws -> URL {
    let builder = ObservationBuilder(features: [.weightDeviation], assetCount: 2)
    let policy = LearnedPolicy.network(
      Network(
        sizes: [builder.size, 4, 3], outputGain: 1, random: RandomSource(seed: seed), index: 0))
    let bundle = folder.appending(path: "bundle-\(version)-\(seed)")
    let environment = PolicyBundle.Manifest.Environment(id: "test-v0", sha256: "0")
    try PolicyBundle.write(
      .init(name: "steps", version: version, environment: environment, provenance: [:]),
      policy: policy,
      schema: FeatureSchema(
        builder, assets: ["A", "B"],
        moments: builder.columns.map { _ in RunningStatistics([-0.1, 0.1]) }),
      actions: [0, 0.5, 1],
      evaluation: low.map {
        evaluation(policy, on: scored ?? environment, trainedOn: environment, low: $0)
      },
      to: bundle)
    return bundle
  }

  /// Adds a version that may be promoted, and promotes it.
  func promote(_ version: String) throws {
    let added = try registry.add(
      bundle(version, seed: UInt64(version.utf8.reduce(0) { $0 + UInt64($1) })))
    try registry.promote("steps", version: version, shadow: shadow(added.version))
  }

  /// A shadow report of a version in the registry.
  func shadow(
    _ version: String, requests: Int = 12, env: String = "test-v0", digest: String = "0",
    high: Double = 0.5
  ) throws -> Data {
    let policy = try registry.load("steps", .version(version)).identity
    return Data(
      """
      {"policy": {"name": "steps", "version": "\(version)", "sha256": "\(policy.sha256)"},
       "champion": {"name": "rule:never", "version": "rule", "sha256": ""},
       "env": "\(env)", "env_sha256": "\(digest)", "requests": \(requests), "disagreements": 1,
       "faults": 0, "saving_bp_per_year": {"mean": -0.25, "low": -1, "high": \(high)}}
      """.utf8)
  }

  var champion: String? { get throws { try registry.version(of: "steps", .champion) } }
}

/// A record of a policy that saves 2 bp a year against a band.
private func evaluation(
  _ policy: LearnedPolicy, on environment: PolicyBundle.Manifest.Environment,
  trainedOn: PolicyBundle.Manifest.Environment, low: Double
) -> EvaluationRecord {
  let rule = EvaluationRecord.Comparison(
    name: "rule:band(0.05)", cost: 10, saving: .init(mean: 2, low: low, high: 3),
    cheaperShare: 0.9)
  return EvaluationRecord(
    policyDigest: sha256(Data(policy.safetensors.encoded())), environment: environment,
    trainedOn: trainedOn, task: [],
    paths: .init(
      seed: 1, sample: "episode", count: 10, firstDate: "2020-01-01", lastDate: "2021-01-01"),
    policy: .init(
      cost: 8, transaction: 4, tax: 0, drift: 4, turnover: 0.1, trades: 1, trackingError: 50),
    rules: [rule], bestRule: rule, leftOut: [], exact: nil,
    failures: .init(worseShare: 0.1, worst: []), provenance: [:])
}

@Suite struct RegistryTests {
  private let place = Place()
  private var registry: PolicyRegistry { place.registry }

  @Test func `lists what was added by name and version, the lowest version first`() throws {
    #expect(try registry.names() == [])
    for version in ["1.10.0", "1.2.0", "1.10.0-rc.2", "1.10.0-rc.11"] {
      #expect(try registry.add(place.bundle(version)).isNew)
    }
    #expect(try registry.names() == ["steps"])
    #expect(
      try registry.versions(of: "steps") == ["1.2.0", "1.10.0-rc.2", "1.10.0-rc.11", "1.10.0"])
    #expect(try registry.load("steps", .version("1.2.0")).manifest.version == "1.2.0")
  }

  @Test func `keeps a version as it is: the same bytes are fine, others are refused`() throws {
    let bundle = try place.bundle("1.0.0")
    #expect(try registry.add(bundle).isNew)
    #expect(try registry.add(bundle).isNew == false)
    let error = #expect(throws: RegistryError.self) {
      try registry.add(place.bundle("1.0.0", seed: 8))
    }
    #expect(error?.kind == .refused)
    #expect(error?.description.contains("versions never change") == true)
    let weights = place.file("1.0.0/policy.safetensors")
    let attributes = try FileManager.default.attributesOfItem(atPath: weights.path)
    #expect(attributes[.posixPermissions] as? Int == 0o444)
  }

  @Test func `keeps no file that the bundle does not vouch for`() throws {
    let bundle = try place.bundle("1.0.0")
    try Data().write(to: bundle.appending(path: "notes.txt"))
    try registry.add(bundle)
    let names = try FileManager.default.contentsOfDirectory(atPath: place.file("1.0.0").path)
    #expect(names.contains("manifest.json"))
    #expect(!names.contains("notes.txt"))
    let weights = bundle.appending(path: "policy.safetensors")
    try Data(try Data(contentsOf: weights).dropLast()).write(to: weights)
    let error = #expect(throws: RegistryError.self) { try registry.add(bundle) }
    #expect(error?.kind == .damaged)
  }

  @Test(arguments: ["..", "a/b", "", ".hidden", "é", String(repeating: "a", count: 101)])
  func `knows no name that leads elsewhere`(name: String) {
    let error = #expect(throws: RegistryError.self) { try registry.load(name, .champion) }
    #expect(error?.kind == .invalid)
  }

  @Test func `says what there is where a policy, version or champion is not`() throws {
    try registry.add(place.bundle("1.0.0"))
    let name = #expect(throws: RegistryError.self) { try registry.versions(of: "other") }
    #expect(name?.description.hasSuffix("there is no policy “other”; there are steps") == true)
    let version = #expect(throws: RegistryError.self) {
      try registry.load("steps", .version("../1.0.0"))
    }
    #expect(version?.description.hasSuffix("there are 1.0.0") == true)
    let champion = #expect(throws: RegistryError.self) { try registry.load("steps", .champion) }
    #expect(
      champion?.description == "steps has no champion yet; promote one of its versions: 1.0.0")
  }

  @Test func `names the damaged file of a champion`() throws {
    try place.promote("1.0.0")
    let weights = place.file("1.0.0/policy.safetensors")
    var bytes = try Data(contentsOf: weights)
    bytes[bytes.count - 1] ^= 1
    try FileManager.default.removeItem(at: weights)
    try bytes.write(to: weights)
    let error = #expect(throws: RegistryError.self) { try registry.load("steps", .champion) }
    #expect(error?.kind == .damaged)
    #expect(error?.description.contains("steps/1.0.0: policy.safetensors: SHA-256") == true)
  }

  @Test func `promotes nothing that misses a condition, and names all of them at once`() throws {
    try place.promote("1.0.0")
    try registry.add(place.bundle("2.0.0", low: -0.5))
    let two = #expect(throws: RegistryError.self) {
      try registry.promote("steps", version: "2.0.0")
    }
    #expect(two?.kind == .refused)
    #expect(
      two?.description == "steps 2.0.0 is not promoted, the champion is unchanged: evaluation: "
        + "2.0 bp a year [-0.5, 3.0] saved against rule:band(0.05); it must lie above zero; shadow: there is no shadow report; give one with --shadow FILE"
    )
    try registry.add(place.bundle("3.0.0", low: nil, seed: 3))
    try FileManager.default.removeItem(at: place.file("3.0.0/conformance.jsonl"))
    let three = #expect(throws: RegistryError.self) {
      try registry.promote("steps", version: "3.0.0", shadow: place.shadow("2.0.0"))
    }
    for part in [
      "conformance: conformance.jsonl: missing", "evaluation: evaluation.json is missing",
      "shadow: not judged before the bundle passes its checks",
    ] { #expect(three?.description.contains(part) == true, "\(part)") }
    #expect(try place.champion == "1.0.0")
  }

  @Test func `wants a shadow report that has seen requests`() throws {
    try registry.add(place.bundle("1.0.0"))
    let none = #expect(throws: RegistryError.self) {
      try registry.promote("steps", version: "1.0.0", shadow: place.shadow("1.0.0", requests: 0))
    }
    #expect(none?.description.contains("shadow: 0 requests") == true)
    let checks = try registry.checks("steps", version: "1.0.0", shadow: place.shadow("1.0.0"))
    #expect(checks.map(\.isMet) == [true, true, true])
  }

  @Test func `takes only signed bundles where a key is configured`() throws {
    let bundle = try place.bundle("1.0.0")
    let trusting = PolicyRegistry(registry.folder, trusting: [SigningKey().verifyingKey])
    let error = #expect(throws: RegistryError.self) { try trusting.add(bundle) }
    #expect(error?.description.contains("manifest.sig: missing") == true)
    try registry.add(bundle)
    #expect(throws: RegistryError.self) { try trusting.load("steps", .version("1.0.0")) }
  }

  @Test func `keeps the shadow report, so that a version can be promoted again without it`() throws
  {
    try place.promote("1.0.0")
    try place.promote("1.1.0")
    let promotion = try registry.promote("steps", version: "1.0.0")
    #expect(promotion.previous == "1.1.0")
    #expect(try place.champion == "1.0.0")
  }

  @Test func `keeps every report by which it has promoted, under the digest in the history`() throws
  {
    try place.promote("1.0.0")
    try place.promote("1.1.0")
    let again = try place.shadow("1.0.0", requests: 99)
    try registry.promote("steps", version: "1.0.0", shadow: again)
    let history = try String(contentsOf: place.file("history.jsonl"), encoding: .utf8)
    let digests = try history.split(separator: "\n").map { line in
      let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return (try #require(entry?["version"] as? String), try #require(entry?["shadow"] as? String))
    }
    #expect(digests.count == 3)
    for (version, digest) in digests {
      let report = try Data(contentsOf: place.file("evidence/\(version)/\(digest).json"))
      #expect(sha256(report) == digest)
    }
    #expect(digests[2].1 == sha256(again))
    // What the last promotion was by counts from then on, and is not taken where it was changed.
    let checks = try registry.checks("steps", version: "1.0.0")
    #expect(checks[2].finding.hasPrefix("99 requests"))
    let file = place.file("evidence/1.0.0/\(digests[2].1).json")
    try FileManager.default.removeItem(at: file)
    try Data("{}".utf8).write(to: file)
    let error = #expect(throws: RegistryError.self) {
      try registry.promote("steps", version: "1.0.0", shadow: again)
    }
    #expect(error?.kind == .damaged)
    #expect(try Data(contentsOf: file) == Data("{}".utf8))
  }

  @Test func `takes no evidence of another environment than that of the training`() throws {
    try registry.add(place.bundle("1.0.0"))
    try registry.add(
      place.bundle("1.1.0", scored: .init(id: "easy-v0", sha256: "0")))
    let cases: [(String, Data, String)] = [
      (
        "1.0.0", try place.shadow("1.0.0", env: "easy-v0"),
        "shadow: 12 requests on easy-v0, 1 disagreements; in charge -0.25 bp a year [-1.0, 0.5] saved "
          + "against rule:never, but on easy-v0, and the policy was trained on test-v0"
      ),
      (
        "1.0.0", try place.shadow("1.0.0", digest: "1"),
        "on test-v0 with other keys than those of the training (SHA-256 1…, not 0…)"
      ),
      (
        "1.1.0", try place.shadow("1.1.0"),
        "evaluation: 2.0 bp a year [1.0, 3.0] saved against rule:band(0.05), but on easy-v0, and the "
          + "policy was trained on test-v0"
      ),
    ]
    for (version, report, says) in cases {
      let error = #expect(throws: RegistryError.self) {
        try registry.promote("steps", version: version, shadow: report)
      }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
    #expect(try place.champion == nil)
  }

  @Test func `promotes nothing that its own shadow report says to cost more`() throws {
    try registry.add(place.bundle("1.0.0"))
    let error = #expect(throws: RegistryError.self) {
      try registry.promote("steps", version: "1.0.0", shadow: place.shadow("1.0.0", high: -0.1))
    }
    #expect(
      error?.description.hasSuffix(
        "in charge -0.25 bp a year [-1.0, -0.1] saved against rule:never; it costs more than what it "
          + "would replace") == true, "\(error?.description ?? "")")
    try registry.promote("steps", version: "1.0.0", shadow: place.shadow("1.0.0", high: 0))
    #expect(try place.champion == "1.0.0")
  }

  @Test func `says nothing of a report where the bundle is damaged`() throws {
    try place.promote("1.0.0")
    try FileManager.default.removeItem(at: place.file("1.0.0/conformance.jsonl"))
    let checks = try registry.checks("steps", version: "1.0.0")
    #expect(checks.map(\.isMet) == [false, false, false])
    for check in checks.dropFirst() {
      #expect(check.finding == "not judged before the bundle passes its checks")
    }
  }

  @Test func `rolls back to the champion before, and before that, as brackets close`() throws {
    for version in ["1.0.0", "1.1.0", "1.2.0"] { try place.promote(version) }
    #expect(try registry.rollback("steps").version == "1.1.0")
    try registry.promote("steps", version: "1.2.0")
    try registry.promote("steps", version: "1.2.0")
    #expect(try registry.rollback("steps").version == "1.1.0")
    #expect(try registry.rollback("steps").version == "1.0.0")
    let error = #expect(throws: RegistryError.self) { try registry.rollback("steps") }
    #expect(error?.description.contains("no champion before 1.0.0") == true)
    #expect(try place.champion == "1.0.0")
  }

  @Test func `does not roll back to a damaged version`() throws {
    for version in ["1.0.0", "1.1.0"] { try place.promote(version) }
    try FileManager.default.removeItem(at: place.file("1.0.0/feature_schema.json"))
    let error = #expect(throws: RegistryError.self) { try registry.rollback("steps") }
    #expect(error?.kind == .damaged)
    #expect(try place.champion == "1.1.0")
  }

  @Test func `passes over what a crash has kept from happening`() throws {
    for version in ["1.0.0", "1.1.0"] { try place.promote(version) }
    // Written, but the link never moved; then a line that was cut short.
    let history = place.file("history.jsonl")
    var text = try String(contentsOf: history, encoding: .utf8)
    let entry = try #require(text.split(separator: "\n").last)
    text +=
      entry.replacingOccurrences(of: "1.1.0", with: "9.9.9")
      .replacingOccurrences(of: "1.0.0", with: "1.1.0") + "\n" + entry.prefix(40)
    try Data(text.utf8).write(to: history)
    #expect(try place.champion == "1.1.0")
    try place.promote("1.2.0")
    #expect(try registry.rollback("steps").version == "1.1.0")
    #expect(try registry.rollback("steps").version == "1.0.0")
    let after = try String(contentsOf: history, encoding: .utf8)
    #expect(after.hasPrefix(text))
  }

  @Test func `serves the old or the new champion while promotions and rollbacks race`() async throws
  {
    for version in ["1.0.0", "1.1.0"] { try place.promote(version) }
    let registry = registry
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<4 {
        group.addTask {
          for _ in 0..<4 {
            switch worker {
            case 0: _ = try? registry.rollback("steps")
            case 1: try registry.promote("steps", version: "1.1.0")
            case 2: try registry.promote("steps", version: "1.0.0")
            default:
              let champion = try registry.load("steps", .champion).manifest.version
              #expect(["1.0.0", "1.1.0"].contains(champion))
            }
          }
        }
      }
      try await group.waitForAll()
    }
    // Every line is whole, and continues from the one before.
    let lines = try String(contentsOf: place.file("history.jsonl"), encoding: .utf8)
      .split(separator: "\n")
    let entries = try lines.map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: String])
    }
    for (before, after) in zip(entries, entries.dropFirst()) {
      #expect(after["previous"] == before["version"])
    }
    #expect(try place.champion == entries.last?["version"])
  }

  @Test func `watches a challenger until it is champion`() throws {
    try place.promote("1.0.0")
    try registry.add(place.bundle("1.1.0", low: nil))
    #expect(try registry.version(of: "steps", .challenger) == nil)
    try registry.challenge("steps", version: "1.1.0")
    #expect(try registry.load("steps", .challenger).manifest.version == "1.1.0")
    #expect(try place.champion == "1.0.0")
    try registry.challenge("steps", version: "1.0.0")
    try registry.promote("steps", version: "1.0.0")
    #expect(try registry.version(of: "steps", .challenger) == nil)
  }
}

@Suite struct SemanticVersionTests {
  @Test(arguments: [
    "1.0", "1.0.0.0", "01.0.0", "1.0.-1", "1.0.0-", "1.0.0+", "1.0.0-a..b", "v1.0.0", "1.0.0/..",
    "",
    "1.0.0-ä", "1.0.0 ", "99999999999999999999.0.0",
  ])
  func `is three numbers`(text: String) { #expect(SemanticVersion(text) == nil) }

  @Test func `has the order of semver`() {
    let texts = [
      "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
      "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.0+build.5", "1.0.1", "1.2.0", "1.10.0",
    ]
    let versions = texts.compactMap(SemanticVersion.init)
    #expect(versions.shuffled().sorted().map(\.description) == texts)
  }
}
