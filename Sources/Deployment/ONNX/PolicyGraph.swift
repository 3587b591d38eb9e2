import Foundation
import Learning
import SwiftProtobuf

/// A policy as a graph of the Open Neural Network Exchange format: operators of version 17, format of
/// version 8, any number of observations at once.
///
/// | name | what |
/// |---|---|
/// | `observation` | `[batch, features]` numbers, as `feature_schema.json` has them |
/// | `action_mask` | `[batch or 1, actions]`, false where an action is forbidden; all allowed if absent |
/// | `scores` | `[batch, actions]`, −∞ where forbidden; or `[batch, dimensions]` of a box |
/// | `action` | `[batch]`, the largest score, the first of equals, −1 if there is none; a box: the scores |
///
/// An observation that is not finite, and an answer that is not, has NaN for scores and −1 for action:
/// nobody takes the place of a NaN for an action.
struct PolicyGraph {
  private var model = Onnx_ModelProto()

  static let operatorVersion: Int64 = 17
  static let formatVersion: Int64 = 8

  /// - Parameters:
  ///   - policy: what answers.
  ///   - words: what the file says of itself.
  /// - Returns: `nil` for a rule, which has no graph.
  init?(_ policy: LearnedPolicy, name: String, words: [String: String]) {
    var graph = GraphBuilder(name: "policy")
    let observation = graph.input(
      "observation", .float, [.named("batch"), .fixed(policy.observationSize)],
      "Features in the order of feature_schema.json, as they are")
    let isGiven = graph.isFinite(observation)
    let zero = graph.constant([Float(0)])
    let clean = graph("Where", isGiven, observation, zero)
    guard let answer = graph.answer(of: policy, to: clean) else { return nil }
    let isAnswer = graph.isFinite(answer)
    let whole = graph("Concat", isGiven, isAnswer, attributes: [.integer("axis", 1)])
    let isValid = graph.all(whole)
    if policy.isActor {
      Self.finish(&graph, answer, isValid, count: policy.actionCount)
    } else {
      Self.choose(&graph, answer, isValid, count: policy.actionCount)
    }
    model.irVersion = Self.formatVersion
    model.producerName = "rebalancing"
    model.docString = name
    var operators = Onnx_OperatorSetIdProto()
    (operators.domain, operators.version) = ("", Self.operatorVersion)
    model.opsetImport = [operators]
    model.graph = graph.graph
    model.metadataProps = words.sorted { $0.key < $1.key }.map { key, value in
      var property = Onnx_StringStringEntryProto()
      (property.key, property.value) = (key, value)
      return property
    }
  }

  /// Reads what `encoded` gave.
  init(decoding data: Data) throws { model = try Onnx_ModelProto(serializedBytes: data) }

  /// The bytes of the file: equal graphs have equal bytes.
  func encoded() throws -> Data { try model.serializedData() }

  /// What the file says of itself.
  var words: [String: String] {
    Dictionary(model.metadataProps.map { ($0.key, $0.value) }) { first, _ in first }
  }

  /// Forbids actions and takes the best.
  private static func choose(
    _ graph: inout GraphBuilder, _ answer: String, _ isValid: String, count: Int
  ) {
    let mask = graph.input(
      "action_mask", .bool, [.named("mask_batch"), .fixed(count)],
      "False where an action is forbidden; all are allowed if this is not given")
    // An initial value of an input's name makes the input optional.
    _ = graph.constant(Array(repeating: true, count: count), [1, count], name: mask)
    let (none, least) = (graph.constant([Float.nan]), graph.constant([-Float.infinity]))
    let masked = graph("Where", mask, answer, least)
    let scores = graph("Where", isValid, masked, none)
    let best = graph(
      "ArgMax", masked,
      attributes: [.integer("axis", 1), .integer("keepdims", 1), .integer("select_last_index", 0)])
    let isAllowed = graph.any(mask)
    let isChoice = graph("And", isValid, isAllowed)
    let refusal = graph.constant([Int64(-1)])
    let choice = graph("Where", isChoice, best, refusal)
    let axis = graph.constant([Int64(1)], [1])
    let action = graph("Squeeze", choice, axis)
    graph.output(
      "scores", .float, [.named("batch"), .fixed(count)],
      "One per action; -inf where forbidden, NaN where the observation is refused", from: scores)
    graph.output(
      "action", .int64, [.named("batch")],
      "The action with the largest score, the first of equals; -1 where there is none",
      from: action)
  }

  /// A point of a box is the answer itself.
  private static func finish(
    _ graph: inout GraphBuilder, _ answer: String, _ isValid: String, count: Int
  ) {
    let none = graph.constant([Float.nan])
    let scores = graph("Where", isValid, answer, none)
    for (name, words) in [("scores", "The action"), ("action", "The same")] {
      graph.output(
        name, .float, [.named("batch"), .fixed(count)],
        "\(words), a point of the box; NaN where the observation is refused", from: scores)
    }
  }
}
