/// A task: it shows an observation, takes an action and answers with a reward, one step at a time.
///
/// Environments are values: a copy continues on its own, bit for bit the same under the same actions.
public protocol Environment: Sendable {
  associatedtype Action: Sendable
  /// The valid observations, always a box.
  var observationSpace: Space { get }
  /// The valid actions.
  var actionSpace: Space { get }
  /// Begins the first episode of a seed, or with `nil` the next episode of the present one.
  ///
  /// - Returns: the first observation.
  mutating func reset(seed: UInt64?) -> [Float]
  /// Acts. It is a programmer's error to act outside the action space or after the episode's end.
  mutating func step(_ action: Action) -> Transition
  /// Acts where `actionSpace` is a box; what lies outside of it counts as the nearest that does not.
  mutating func step(values: [Float]) -> Transition
}

extension Environment {
  /// A programmer's error: the actions are no box.
  public mutating func step(values: [Float]) -> Transition {
    preconditionFailure("the actions are \(actionSpace), not a box")
  }
}

/// What one step led to.
public struct Transition: Sendable, Equatable {
  /// What is seen after the step.
  public var observation: [Float]
  /// The reward of the step.
  public var reward: Double
  /// The task itself ended: there is no future to value.
  public var terminated: Bool
  /// The episode was cut off at its time limit: the future exists, it is just not played.
  public var truncated: Bool
  /// Named components of the step, for people and evaluation; agents do not see them.
  public var info: [String: Double]

  public init(
    observation: [Float], reward: Double, terminated: Bool, truncated: Bool,
    info: [String: Double] = [:]
  ) {
    self.observation = observation
    self.reward = reward
    self.terminated = terminated
    self.truncated = truncated
    self.info = info
  }

  /// Whether the episode is over, for either reason.
  public var isLast: Bool { terminated || truncated }
}
