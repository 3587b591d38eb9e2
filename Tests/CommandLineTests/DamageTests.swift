import Foundation
import Testing

/// What can happen to a file.
enum Damage: String, CaseIterable, CustomTestStringConvertible {
  case firstByte = "its first byte is changed"
  case middleByte = "a byte in its middle is changed"
  case lateByte = "a byte near its end is changed"
  case cut = "its end is missing"
  case missing = "it is missing"

  var testDescription: String { rawValue }

  /// Does it to a file.
  func happen(to path: String) throws {
    let url = URL(fileURLWithPath: path)
    var data = try Data(contentsOf: url)
    switch self {
    case .firstByte: data[0] ^= 1
    case .middleByte: data[data.count / 2] ^= 1
    case .lateByte: data[data.count - 9] ^= 1
    case .cut: data.removeLast(20)
    case .missing: return try FileManager.default.removeItem(at: url)
    }
    try data.write(to: url)
  }
}

private let checkpointFiles = ["policy.safetensors", "training.safetensors", "record.json"]
private let bundleFiles = [
  "manifest.json", "feature_schema.json", "policy.safetensors", "conformance.jsonl",
  "policy.onnx", "evaluation.json", "MODEL_CARD.md",
]

@Suite struct DamageTests {
  @Test(arguments: bundleFiles, Damage.allCases)
  func `refuses a bundle and names the file`(name: String, damage: Damage) throws {
    let work = try Workplace()
    let bundle = try work.copyOfBundle()
    try damage.happen(to: bundle + "/" + name)
    let request = try Workplace.text("Tests/CommandLineTests/request.json")
    for run in [
      try rebalance("verify", bundle, "--json"),
      try rebalance("decide", "--policy", bundle, input: request),
    ] {
      #expect(run.status == 65)
      #expect(run.output.isEmpty)
      #expect(run.errors.hasPrefix("error: \(name): "), "\(run.errors)")
    }
  }

  @Test(arguments: checkpointFiles, Damage.allCases)
  func `refuses a checkpoint, names the file and leaves it as it is`(
    name: String, damage: Damage
  ) throws {
    let work = try Workplace()
    let checkpoint = try work.copyOfCheckpoint()
    try damage.happen(to: checkpoint + "/" + name)
    let before = try contents(checkpoint)
    for run in [
      try rebalance("export", checkpoint, "--out", work.path("bundle")),
      try train(checkpoint, "--resume", "--json"),
    ] {
      #expect(run.status == 65)
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("error: \(checkpoint)/\(name): "), "\(run.errors)")
    }
    let evaluation = try rebalance(
      "evaluate", "--env", "envs/two-asset-monthly-v0.yaml", "--json", "--policy", checkpoint)
    // A folder without a record is no policy at all.
    let isPolicy = name != "record.json" || damage != .missing
    #expect(evaluation.status == (isPolicy ? 65 : 64))
    #expect(evaluation.output.isEmpty)
    #expect(evaluation.errors.contains(isPolicy ? "/\(name): " : "no policy is there"))
    #expect(try contents(checkpoint) == before)
    #expect(work.names == ["checkpoint"])
  }

  @Test(arguments: [
    ["verify", "FOLDER"], ["decide", "--policy", "FOLDER"], ["export", "FOLDER", "--out", "OUT"],
    ["data", "check", "FOLDER"],
  ])
  func `says that a folder is not there`(arguments: [String]) throws {
    let work = try Workplace()
    let run = try rebalance(
      arguments.map { ["FOLDER": work.path("none"), "OUT": work.path("out")][$0] ?? $0 })
    #expect(run.status == 65)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(work.path("none")), "\(run.errors)")
    #expect(work.names.isEmpty)
  }
}
