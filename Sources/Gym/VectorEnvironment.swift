/// What a vector environment does with a copy whose episode has ended.
public enum Autoreset: String, Sendable, Hashable, CaseIterable, Codable {
  /// The next call of `step` ignores the copy's action, resets it and gives reward 0.
  case nextStep = "next_step"
  /// The ending step itself returns the next episode's first observation; the last observation of
  /// the old one is in `finalObservations`.
  case sameStep = "same_step"
  /// Nothing: the caller resets with `reset(where:)` before the next step.
  case disabled
}

/// Many independent copies of one environment, stepped together.
///
/// Where `actionSpace` is discrete, `step(_:into:)` is called, where it is a box `step(values:into:)`.
public protocol VectorEnvironment: Sendable {
  /// Number of copies.
  var count: Int { get }
  /// The observation space of one copy.
  var observationSpace: Space { get }
  /// The action space of one copy.
  var actionSpace: Space { get }
  /// What happens to copies whose episode has ended.
  var autoreset: Autoreset { get }
  /// Whether some actions are invalid in some states; then every transition says which are valid.
  var masksActions: Bool { get }

  /// Begins the first episode of every copy.
  ///
  /// - Parameter transition: receives the first observations; its rewards and flags are cleared.
  mutating func reset(seed: UInt64, into transition: inout VectorTransition)

  /// Begins the next episode of the copies where `mask` is true, under `.disabled`.
  mutating func reset(where mask: [Bool], into transition: inout VectorTransition)

  /// Steps every copy of an environment with discrete actions.
  ///
  /// - Parameters:
  ///   - actions: one action per copy.
  ///   - transition: receives what the steps led to; its storage is reused.
  mutating func step(_ actions: [Int32], into transition: inout VectorTransition)

  /// Steps every copy of an environment whose actions are a box.
  ///
  /// - Parameters:
  ///   - values: shape [copies, dimensions], finite; what lies outside of the box counts as the
  ///     nearest that does not.
  ///   - transition: receives what the steps led to; its storage is reused.
  mutating func step(values: [Float], into transition: inout VectorTransition)

  /// Everything that the future depends on, so that a run can be continued to the same bits.
  func encodedState() -> [UInt8]
  /// Returns to an encoded state of an environment of the same make and size.
  mutating func restore(encodedState: [UInt8]) throws(EnvironmentStateError)
}

extension VectorEnvironment {
  /// Every action is always valid.
  public var masksActions: Bool { false }

  /// A programmer's error: the actions are whole numbers.
  public mutating func step(values: [Float], into transition: inout VectorTransition) {
    preconditionFailure("the actions are \(actionSpace), not a box")
  }
}

/// An encoded state that does not belong to this environment.
public struct EnvironmentStateError: Error, CustomStringConvertible, Sendable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// What a step of all copies led to.
public struct VectorTransition: Sendable, Equatable {
  /// Shape [copies, features], row after row.
  public var observations: [Float]
  /// Shape [copies, features]; a row is meaningful where the copy's episode has just ended under
  /// `.sameStep`.
  public var finalObservations: [Float]
  /// Shape [copies].
  public var rewards: [Float]
  /// Shape [copies]: the task ended.
  public var terminated: [Bool]
  /// Shape [copies]: the time limit was reached.
  public var truncated: [Bool]
  /// Shape [copies, actions]: the actions that are valid at `observations`, at least one of each
  /// copy. Empty where all are always valid.
  public var actionMasks: [Bool]
  /// Shape [copies, actions]: the actions that are valid at `finalObservations`. Empty where all are
  /// always valid.
  public var finalActionMasks: [Bool]

  /// Storage for `count` copies with observations of `features` numbers.
  ///
  /// - Parameter maskedActions: number of actions whose validity is told; 0 where all are always
  ///   valid.
  public init(count: Int, features: Int, maskedActions: Int = 0) {
    observations = Array(repeating: 0, count: count * features)
    finalObservations = Array(repeating: 0, count: count * features)
    rewards = Array(repeating: 0, count: count)
    terminated = Array(repeating: false, count: count)
    truncated = Array(repeating: false, count: count)
    actionMasks = Array(repeating: true, count: count * maskedActions)
    finalActionMasks = actionMasks
  }

  /// Lends its storage to a body that writes observations, final observations, rewards and flags.
  @inlinable public mutating func withSpans(
    _ body: (
      _ observations: inout MutableSpan<Float>, _ finalObservations: inout MutableSpan<Float>,
      _ rewards: inout MutableSpan<Float>, _ terminated: inout MutableSpan<Bool>,
      _ truncated: inout MutableSpan<Bool>
    ) -> Void
  ) {
    // Spans of two properties at once would both be of `self`: the arrays are taken out meanwhile.
    var (observations, finalObservations) = (observations, finalObservations)
    var (rewards, terminated, truncated) = (rewards, terminated, truncated)
    (self.observations, self.finalObservations) = ([], [])
    (self.rewards, self.terminated, self.truncated) = ([], [], [])
    do {
      var a = observations.mutableSpan
      var b = finalObservations.mutableSpan
      var c = rewards.mutableSpan
      var d = terminated.mutableSpan
      var e = truncated.mutableSpan
      body(&a, &b, &c, &d, &e)
    }
    (self.observations, self.finalObservations) = (observations, finalObservations)
    (self.rewards, self.terminated, self.truncated) = (rewards, terminated, truncated)
  }

  /// Storage that fits an environment.
  public init(for environment: borrowing some VectorEnvironment) {
    self.init(
      count: environment.count, features: environment.observationSpace.size,
      maskedActions: environment.masksActions ? environment.actionSpace.count : 0)
  }
}
