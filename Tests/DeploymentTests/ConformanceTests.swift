import Algebra
import Deployment
import Foundation
import Learning
import Rebalancing
import Testing

private let builder = ObservationBuilder(
  features: [.weightDeviation, .lastLogReturn, .unrealizedGain], assetCount: 2)

/// A line of the file, read on its own terms.
private struct Line: Decodable {
  var observation: [Float]
  var mask: [Bool]?
  var scores: [Float]
  var action: Int?

  /// Those without forbidden actions.
  static func unmasked(in folder: URL) throws -> [Line] {
    try all(in: folder).filter { $0.mask == nil }
  }

  static func all(in folder: URL) throws -> [Line] {
    let decoder = JSONDecoder()
    let file = folder.appending(path: "conformance.jsonl")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try decoder.decode(Line.self, from: Data($0.utf8))
    }
  }

  enum CodingKeys: CodingKey { case observation, mask, scores, action }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    observation = try container.decode([Number].self, forKey: .observation).map(\.value)
    scores = try container.decode([Number].self, forKey: .scores).map(\.value)
    mask = try container.decodeIfPresent([Bool].self, forKey: .mask)
    action = try container.decodeIfPresent(Int.self, forKey: .action)
  }

  private struct Number: Decodable {
    var value: Float
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        value = try #require(
          ["NaN": .nan, "Infinity": .infinity, "-Infinity": -.infinity][text])
      } else {
        value = try container.decode(Float.self)
      }
    }
  }
}

@Suite struct ConformanceTests {
  @Test func `writes what the network answers at two thousand places and more`() throws {
    let policy = network(builder)
    let lines = try withBundle(policy, builder) { try Line.unmasked(in: $0) }
    #expect(lines.count >= 2000)
    for line in lines {
      #expect(line.observation.count == builder.size)
      #expect(policy.greedyAction(line.observation) == line.action)
      if line.action != nil { #expect(policy.scores(line.observation) == line.scores) }
    }
    #expect(Set(lines.compactMap(\.action)) == [0, 1, 2])
  }

  @Test func `refuses NaN and infinities in every column, and nothing else`() throws {
    let lines = try withBundle(network(builder), builder) { try Line.unmasked(in: $0) }
    for column in 0..<builder.size {
      let values = lines.map { $0.observation[column] }
      #expect(values.contains { $0.isNaN })
      #expect(values.contains(.infinity))
      #expect(values.contains(-.infinity))
    }
    for line in lines {
      #expect(line.observation.allSatisfy(\.isFinite) == (line.action != nil))
      #expect(line.scores.isEmpty == (line.action == nil))
    }
  }

  @Test func `takes the best action that is allowed, the first of equals`() throws {
    let policy = network(builder)
    let lines = try withBundle(policy, builder) { try Line.all(in: $0) }
    var seen: Set<[Bool]> = []
    for line in lines {
      guard let mask = line.mask else { continue }
      seen.insert(mask)
      let allowed = mask.indices.filter { mask[$0] }
      guard let first = allowed.first else {
        #expect(line.action == nil && line.scores.isEmpty)
        continue
      }
      let scores = policy.scores(line.observation)
      let best = allowed.reduce(first) { scores[$1] > scores[$0] ? $1 : $0 }
      #expect(line.action == best)
      for action in mask.indices {
        #expect(line.scores[action] == (mask[action] ? scores[action] : -.infinity))
      }
    }
    // Three actions can be allowed in eight ways.
    #expect(seen.count == 8)
  }

  @Test(arguments: [
    ("\"mask\":[true,true,false]", "\"mask\":[true,true]"),
    ("\"mask\":[false,false,true]", "\"mask\":[false,true,false]"),
    ("\"mask\":[false,false,false]", "\"mask\":[true,true,true]"),
  ])
  func `finds a forbidden action that has changed`(old: String, new: String) throws {
    try withBundle(network(builder), builder) { folder in
      try change("conformance.jsonl", in: folder, old, new)
      try renewDigests(folder)
      let error = #expect(throws: BundleError.self) { try PolicyBundle.load(folder) }
      #expect(error?.file == "conformance.jsonl")
      #expect(error?.problem.hasSuffix("is not what the policy answers") == true)
    }
  }

  @Test func `shows the first of equals where all scores are equal`() throws {
    let even = LearnedPolicy.table(
      QTable(
        discretizer: TabularDiscretizer(low: [-3], high: [3], bins: [2]), actionCount: 3,
        values: [1, 1, 1, 0, 2, 2]))
    let single = ObservationBuilder(
      features: [.scaledDeviation(halfWidth: 0.05)], assetCount: 2)
    let lines = try withBundle(even, single) { try Line.unmasked(in: $0) }
    #expect(Set(lines.compactMap(\.action)) == [0, 1])
  }

  @Test func `stays within the ranges of the schema`() throws {
    let lines = try withBundle(network(builder), builder) { try Line.all(in: $0) }
    for line in lines where line.action != nil {
      for (value, column) in zip(line.observation, builder.columns) {
        #expect(value >= column.low && value <= column.high)
      }
    }
  }

  @Test func `shows a network's changes of action from both sides`() throws {
    let policy = network(builder)
    let lines = try withBundle(policy, builder) { try Line.unmasked(in: $0) }
    // Neighbours differ in one column by the smallest step, and in the action.
    let pairs = zip(lines, lines.dropFirst()).filter { first, second in
      let differing = zip(first.observation, second.observation).filter { $0 != $1 }
      guard differing.count == 1, first.action != second.action else { return false }
      return differing[0].0.nextUp == differing[0].1
    }
    #expect(!pairs.isEmpty)
  }

  @Test func `finds one weight that has changed, and names the line`() throws {
    guard case .network(var changed) = network(builder) else { return }
    changed.layers[0].weights.elements[0] += 0.01
    let weights = Data(LearnedPolicy.network(changed).safetensors.encoded())
    try withBundle(network(builder), builder) { folder in
      try weights.write(to: folder.appending(path: "policy.safetensors"))
      try renewDigests(folder)
      let error = #expect(throws: BundleError.self) { try PolicyBundle.load(folder) }
      #expect(error?.file == "conformance.jsonl")
      let expected = try Line.all(in: folder).firstIndex { line in
        guard line.action != nil else { return false }
        let scores = LearnedPolicy.network(changed).scores(line.observation)
        return zip(scores, line.scores).contains { abs($0 - $1) > 1e-5 }
      }
      let line = try #require(expected) + 1
      #expect(error?.problem == "line \(line) is not what the policy answers")
    }
  }

  @Test func `accepts a difference of scores below the tolerance`() throws {
    try withBundle(network(builder), builder) { folder in
      guard case .network(var changed) = network(builder) else { return }
      changed.layers[1].bias = changed.layers[1].bias.map { $0 + 1e-6 }
      try Data(LearnedPolicy.network(changed).safetensors.encoded())
        .write(to: folder.appending(path: "policy.safetensors"))
      try renewDigests(folder)
      #expect(try PolicyBundle.load(folder).vectors >= 2000)
    }
  }

  @Test func `needs two thousand vectors`() throws {
    try withBundle(network(builder), builder) { folder in
      let file = folder.appending(path: "conformance.jsonl")
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      try Data(lines.prefix(1999).joined(separator: "\n").utf8).write(to: file)
      try renewDigests(folder)
      let error = #expect(throws: BundleError.self) { try PolicyBundle.load(folder) }
      #expect(error?.problem == "1999 vectors, at least 2000 are needed")
    }
  }
}
