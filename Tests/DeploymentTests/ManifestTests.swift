import Algebra
import Deployment
import Foundation
import Rebalancing
import Testing

/// A bundle that must be refused: what is changed in it on purpose, and what must be said.
struct BadBundle: Sendable, CustomTestStringConvertible {
  let name: String
  var file = "manifest.json"
  let replace: String
  let with: String
  var accused: String?
  let says: String
  var testDescription: String { name }
}

private let badBundles = [
  BadBundle(
    name: "another format", replace: "rebalancing-policy", with: "rebalancing-polity",
    says: "rebalancing-policy 1 is known"),
  BadBundle(
    name: "a later format", replace: "\"format_version\" : 1", with: "\"format_version\" : 2",
    says: "rebalancing-policy 2"),
  BadBundle(
    name: "a first action that trades", replace: "    0,\n", with: "    0.25,\n",
    says: "the first 0"),
  BadBundle(
    name: "an action beyond the target", replace: "    0.5,\n", with: "    1.5,\n",
    says: "fractions"),
  BadBundle(
    name: "an action too few", replace: "    0.5,\n", with: "", accused: "feature_schema.json",
    says: "2 actions"),
  BadBundle(
    name: "a missing key", replace: "\"version\"", with: "\"revision\"", says: "version"),
  BadBundle(
    name: "an unknown feature", file: "feature_schema.json", replace: "\"scaled_deviation\",",
    with: "\"scaled_derivation\",", says: "scaled_derivation"),
  BadBundle(
    name: "columns of other parts", file: "feature_schema.json",
    replace: "\"name\" : \"scaled_deviation\"", with: "\"name\" : \"deviation\"",
    says: "columns"),
  BadBundle(
    name: "weights cut short", file: "policy.safetensors", replace: "\"kind\":\"network\"",
    with: "\"kind\":\"netwerk\"", says: "netwerk"),
  BadBundle(
    name: "an answer that is no number", file: "conformance.jsonl", replace: "\"NaN\"",
    with: "\"nothing\"", says: "nothing"),
]

private let builder = ObservationBuilder(
  features: [.scaledDeviation(halfWidth: 0.05)], assetCount: 2)

@Suite struct ManifestTests {
  @Test(arguments: [
    ("the fraction of an action", "    0.5,\n", "    0.4,\n"),
    ("the version", "1.2.3", "1.2.4"),
    ("the seed of its training", "\"seed\" : \"1\"", "\"seed\" : \"3\""),
    ("the environment", "test-v0", "test-v1"),
  ])
  func `vouches for itself`(what: String, old: String, new: String) throws {
    try withBundle(network(builder), builder) { folder in
      #expect(throws: Never.self) { try PolicyBundle.load(folder) }
      try change("manifest.json", in: folder, old, new)
      let error = #expect(throws: BundleError.self) { try PolicyBundle.load(folder) }
      #expect(error?.file == "manifest.json")
      #expect(error?.problem.hasPrefix("SHA-256 is ") == true)
      try renewDigests(folder)
      #expect(throws: Never.self) { try PolicyBundle.load(folder) }
    }
  }

  @Test(arguments: badBundles)
  func `refuses what does not fit, though the digests are renewed`(_ bad: BadBundle) throws {
    try withBundle(network(builder), builder) { folder in
      if bad.file == "policy.safetensors" {
        let file = folder.appending(path: bad.file)
        var data = try Data(contentsOf: file)
        let range = try #require(data.range(of: Data(bad.replace.utf8)))
        data.replaceSubrange(range, with: Data(bad.with.utf8))
        try data.write(to: file)
      } else {
        try change(bad.file, in: folder, bad.replace, bad.with)
      }
      // A manifest that cannot be read has no digests to renew.
      try? renewDigests(folder)
      let error = #expect(throws: BundleError.self) { try PolicyBundle.load(folder) }
      #expect(error?.file == bad.accused ?? bad.file)
      #expect(error?.problem.contains(bad.says) == true, "\(error?.problem ?? "")")
    }
  }

  @Test func `is not written over a folder of other files`() throws {
    try withBundle(network(builder), builder) { folder in
      let note = folder.appending(path: "notes.txt")
      try Data("mine".utf8).write(to: note)
      let error = #expect(throws: (any Error).self) {
        try PolicyBundle.write(
          .init(
            name: "other", version: "2.0.0", environment: .init(id: "test-v0", sha256: "0"),
            provenance: [:]), policy: network(builder),
          schema: FeatureSchema(builder, assets: ["A", "B"], moments: [.init()]),
          actions: [0, 0.5, 1], to: folder)
      }
      #expect("\(try #require(error))".contains("“notes.txt”"))
      #expect(try Data(contentsOf: note) == Data("mine".utf8))
      #expect(try PolicyBundle.load(folder).bundle.manifest.version == "1.2.3")
    }
  }
}
