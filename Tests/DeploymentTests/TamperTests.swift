import Deployment
import Foundation
import Learning
import Rebalancing
import Testing

private let builder = ObservationBuilder(
  features: [.scaledDeviation(halfWidth: 0.05)], assetCount: 2)

/// The files of a signed bundle.
private let names = [
  "manifest.json", "manifest.sig", "feature_schema.json", "policy.safetensors",
  "conformance.jsonl", "policy.onnx", "evaluation.json", "MODEL_CARD.md", "guards.json",
]

/// A way of changing a file.
private enum Damage: String, CaseIterable, Sendable {
  case first, middle, last, cut, appended, emptied, missing, swapped, oversize, symbolicLink
  case folder

  /// Changes a file; `other` is the same file of another bundle.
  func apply(to file: URL, other: URL) throws {
    var data = try Data(contentsOf: file)
    let manager = FileManager.default
    switch self {
    case .first: data[0] ^= 1
    case .middle: data[data.count / 2] ^= 1
    case .last: data[data.count - 1] ^= 1
    case .cut: data.removeLast()
    case .appended: data.append(UInt8(ascii: "\n"))
    case .emptied: data = Data()
    case .missing: return try manager.removeItem(at: file)
    case .swapped: data = try Data(contentsOf: other)
    case .oversize:
      let handle = try FileHandle(forWritingTo: file)
      // A hole in the file: no bytes are written.
      return try handle.truncate(atOffset: 65 << 20)
    case .symbolicLink:
      let moved = file.deletingLastPathComponent().appending(path: "moved")
      try manager.moveItem(at: file, to: moved)
      return try manager.createSymbolicLink(at: file, withDestinationURL: moved)
    case .folder:
      try manager.removeItem(at: file)
      return try manager.createDirectory(at: file, withIntermediateDirectories: false)
    }
    try data.write(to: file)
  }
}

/// JSON that is deep, and numbers that no type holds.
private struct Hostile: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let text: String
  init(_ name: String, _ text: String) { (testDescription, self.text) = (name, text) }
}

private let hostile = [
  Hostile("deep arrays", String(repeating: "[", count: 200_000)),
  Hostile("deep objects", String(repeating: "{\"a\":", count: 200_000)),
  Hostile("a large exponent", "{\"actions\":[1e999999]}"),
  Hostile("many digits", "{\"actions\":[\(String(repeating: "9", count: 100_000))]}"),
  Hostile("no whole number", "{\"format_version\":99999999999999999999999999}"),
  Hostile("a zero byte", "\u{0}"), Hostile("an open object", "{\"name\":\"\u{FFFF}\""),
  Hostile("a bare nan", "nan"),
]

/// Two signed bundles of different policies, and the key.
private struct Bundles {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  let key: SigningKey
  var first: URL { folder.appending(path: "first") }
  var second: URL { folder.appending(path: "second") }

  init() throws {
    key = SigningKey()
    try write(first, name: "first", network(builder), assets: ["A", "B"])
    try write(second, name: "second", network(builder, seed: 8), assets: ["A", "C"])
  }

  private func write(
    _ folder: URL, name: String, _ policy: LearnedPolicy, assets: [String]
  ) throws {
    var guards = GuardSettings(fallback: "rule:never")
    guards.assets = assets
    try PolicyBundle.write(
      identity(name), policy: policy, schema: schema(builder, assets: assets),
      actions: [0, 0.5, 1],
      evaluation: record(of: policy, name: name),
      attachments: ["guards.json": try JSONEncoder().encode(guards)], signedBy: key,
      to: folder)
  }
}

@Suite struct TamperTests {
  @Test(arguments: names)
  fileprivate func `names the file that was changed in any way`(name: String) throws {
    let bundles = try Bundles()
    defer { try? FileManager.default.removeItem(at: bundles.folder) }
    let keys = [bundles.key.verifyingKey]
    #expect(throws: Never.self) { try PolicyBundle.load(bundles.first, trusting: keys) }
    let changed = bundles.folder.appending(path: "changed")
    for damage in Damage.allCases {
      try? FileManager.default.removeItem(at: changed)
      try FileManager.default.copyItem(at: bundles.first, to: changed)
      try damage.apply(
        to: changed.appending(path: name), other: bundles.second.appending(path: name))
      let error = #expect(throws: BundleError.self, "\(damage)") {
        try PolicyBundle.load(changed, trusting: keys)
      }
      // Another bundle's manifest is whole, and vouched for by its own signature alone.
      let accused = name == "manifest.json" && damage == .swapped ? "manifest.sig" : name
      #expect(error?.file == accused, "\(damage): \(error?.description ?? "")")
    }
  }

  @Test func `refuses a file that the manifest does not list`() throws {
    try withBundle(network(builder), builder) { folder in
      try Data("{}".utf8).write(to: folder.appending(path: "guards.json"))
      let error = #expect(throws: BundleError.self) { try PolicyBundle.load(folder) }
      #expect(error?.file == "guards.json")
      #expect(error?.problem == "the manifest does not list it")
    }
  }

  @Test(arguments: ["policy.onnx", "evaluation.json"])
  func `refuses what is of other weights, though the digests are renewed`(name: String) throws {
    let bundles = try Bundles()
    defer { try? FileManager.default.removeItem(at: bundles.folder) }
    let file = bundles.first.appending(path: name)
    try Data(contentsOf: bundles.second.appending(path: name)).write(to: file)
    try FileManager.default.removeItem(at: bundles.first.appending(path: "manifest.sig"))
    try renewDigests(bundles.first)
    let error = #expect(throws: BundleError.self) { try PolicyBundle.load(bundles.first) }
    #expect(error?.file == name)
  }

  @Test(arguments: hostile)
  fileprivate func `refuses hostile JSON in every file`(_ hostile: Hostile) throws {
    try withBundle(network(builder), builder) { folder in
      for name in ["feature_schema.json", "conformance.jsonl", "manifest.json"] {
        let file = folder.appending(path: name)
        let old = try Data(contentsOf: file)
        var lines = Data(hostile.text.utf8)
        if name == "conformance.jsonl" { lines += Data("\n".utf8) + old }
        try lines.write(to: file)
        if name != "manifest.json" { try renewDigests(folder) }
        let error = #expect(throws: BundleError.self) { try PolicyBundle.load(folder) }
        #expect(error?.file == name)
        try old.write(to: file)
      }
    }
  }

  @Test(arguments: [
    ("\"regimes\" : 9223372036854775807", "at most"), ("\"regimes\" : -3", "at most"),
    ("\"regimes\" : 1e40", "not valid JSON"),
  ])
  func `refuses a schema of absurd size`(entry: String, says: String) throws {
    try withBundle(network(builder), builder) { folder in
      try change("feature_schema.json", in: folder, "\"parts\" : [", "\(entry), \"parts\" : [")
      try renewDigests(folder)
      let error = #expect(throws: BundleError.self) { try PolicyBundle.load(folder) }
      #expect(error?.file == "feature_schema.json")
      #expect(error?.problem.contains(says) == true, "\(error?.problem ?? "")")
    }
  }

  @Test(arguments: [Float(3e38), 8 * Float.leastNonzeroMagnitude])
  func `refuses a table whose bins are no numbers`(high: Float) throws {
    // Too wide for a difference, and too narrow for a bin.
    let low = high > 1 ? -high : 0
    let table = Safetensors(
      tensors: [
        "low": Tensor([low]), "high": Tensor([high]), "bins": Tensor([Int64(6)]),
        "values": Tensor([Float](repeating: 0, count: 18), shape: [6, 3]),
      ], metadata: ["kind": "table"])
    #expect(throws: PolicyFileError.self) { try LearnedPolicy(table) }
  }
}
