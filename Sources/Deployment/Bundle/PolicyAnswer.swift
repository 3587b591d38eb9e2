public import Learning

/// What a policy answers to an observation where some actions may be forbidden.
public struct PolicyAnswer: Sendable, Equatable {
  /// One per action, −∞ where it is forbidden; or the action of an actor.
  public var scores: [Float]
  /// The largest score, the first of equals; `nil` for an actor.
  public var action: Int?

  /// - Parameter allowed: whether each action may be taken; all may if absent, and for an actor.
  /// - Returns: `nil` where the observation must be refused: it has not the policy's size, it or the
  ///   answer is not finite, or no action is allowed.
  public init?(_ policy: LearnedPolicy, to observation: [Float], allowed: [Bool]? = nil) {
    guard observation.count == policy.observationSize, policy.actionCount > 0,
      observation.allSatisfy(\.isFinite)
    else { return nil }
    let answer = policy.scores(observation)
    guard answer.allSatisfy(\.isFinite) else { return nil }
    scores = answer
    guard !policy.isActor else { return }
    if let allowed {
      guard allowed.count == answer.count, allowed.contains(true) else { return nil }
      for index in answer.indices where !allowed[index] { scores[index] = -.infinity }
    }
    action = scores.indices.max {
      scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1)
    }
  }
}

/// Observations that cannot be answered all together.
public struct BatchError: Error, CustomStringConvertible, Sendable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension PolicyBundle {
  /// The answers to many observations, as `policy.onnx` gives them.
  ///
  /// - Parameter batch: `observation`, F32 [batch, features], and where actions are forbidden
  ///   `action_mask`, U8 [batch, actions].
  /// - Returns: `scores`, F32 [batch, actions or dimensions], NaN where an observation is refused, and
  ///   `action`, I64 [batch], −1 there; a box has none.
  public func answers(to batch: Safetensors) throws(BatchError) -> Safetensors {
    let features = policy.observationSize
    let observations = try Self.rows(batch, "observation", features, of: Float.self)
    let isMasked = batch.tensors["action_mask"] != nil && !policy.isActor
    let masks: [[UInt8]] =
      isMasked ? try Self.rows(batch, "action_mask", policy.actionCount, of: UInt8.self) : []
    guard !isMasked || masks.count == observations.count else {
      throw BatchError(
        "action_mask: \(masks.count) rows for \(observations.count) observations")
    }
    let answers = observations.indices.map { row in
      PolicyAnswer(
        policy, to: observations[row], allowed: isMasked ? masks[row].map { $0 != 0 } : nil)
    }
    let width = policy.actionCount
    let none = [Float](repeating: .nan, count: width)
    var tensors = [
      "scores": Tensor(answers.flatMap { $0?.scores ?? none }, shape: [answers.count, width])
    ]
    if !policy.isActor { tensors["action"] = Tensor(answers.map { Int64($0?.action ?? -1) }) }
    return Safetensors(tensors: tensors)
  }

  private static func rows<T: TensorElement>(
    _ batch: Safetensors, _ name: String, _ width: Int, of type: T.Type
  ) throws(BatchError) -> [[T]] {
    guard let tensor = batch.tensors[name] else {
      throw BatchError(
        "\(name): missing; there are \(batch.tensors.keys.sorted())")
    }
    guard let values = tensor.values(as: T.self), tensor.shape.count == 2, tensor.shape[1] == width
    else {
      throw BatchError(
        "\(name): \(tensor.type.rawValue) \(tensor.shape), valid is "
          + "\(T.tensorType.rawValue) [batch, \(width)]")
    }
    return (0..<tensor.shape[0]).map { Array(values[$0 * width..<($0 + 1) * width]) }
  }
}
