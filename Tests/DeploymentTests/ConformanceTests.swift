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
  var scores: [Float]
  var action: Int?

  static func all(in folder: URL) throws -> [Line] {
    let decoder = JSONDecoder()
    let file = folder.appending(path: "conformance.jsonl")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try decoder.decode(Line.self, from: Data($0.utf8))
    }
  }

  enum CodingKeys: CodingKey { case observation, scores, action }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    observation = try container.decode([Number].self, forKey: .observation).map(\.value)
    scores = try container.decode([Number].self, forKey: .scores).map(\.value)
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
    let lines = try withBundle(policy, builder) { try Line.all(in: $0) }
    #expect(lines.count >= 2000)
    for line in lines {
      #expect(line.observation.count == builder.size)
      #expect(policy.greedyAction(line.observation) == line.action)
      if line.action != nil { #expect(policy.scores(line.observation) == line.scores) }
    }
    #expect(Set(lines.compactMap(\.action)) == [0, 1, 2])
  }

  @Test func `refuses NaN and infinities in every column, and nothing else`() throws {
    let lines = try withBundle(network(builder), builder) { try Line.all(in: $0) }
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
    let lines = try withBundle(policy, builder) { try Line.all(in: $0) }
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
