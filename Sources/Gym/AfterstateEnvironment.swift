/// A vector environment that can say what every action leads to before the world moves.
///
/// A step has two parts: the action turns a state s into an afterstate y, at a reward that is known at
/// the decision, and then the world moves, whatever the action was. The value of y does not depend on
/// how it came about.
public protocol AfterstateEnvironment: VectorEnvironment {
  /// Numbers that describe an afterstate.
  var afterstateSize: Int { get }
  /// What an action does, where actions are a box; nil where they are not.
  var motion: BoxMotion? { get }
  /// Writes what each action of a discrete space would lead to now; no copy moves.
  mutating func writeAfterstates(into afterstates: inout Afterstates)
  /// Writes what each of a few points of a box would lead to now; no copy moves.
  ///
  /// - Parameter values: shape [candidates, copies, dimensions].
  mutating func writeAfterstates(of values: [Float], into afterstates: inout Afterstates)
  /// Begins the next episode of the copies where `mask` is true at any state that can be, under
  /// `.disabled`: exploring starts (Sutton & Barto 2018, section 5.3).
  mutating func resetAnywhere(where mask: [Bool], into transition: inout VectorTransition)
}

/// What the points of a box do to positions, the numbers that stand first in an observation.
public enum BoxMotion: Sendable, Hashable {
  /// A point is one number, the fraction of the way from the positions to 0.
  case fraction(positions: Int)
  /// A point less the origin is the new positions, of the same sum; all zero is no action.
  case destination(origin: [Float])

  /// Number of positions.
  public var positions: Int {
    switch self {
    case .fraction(let positions): positions
    case .destination(let origin): origin.count
    }
  }

  /// Numbers of an action.
  public var dimensions: Int {
    switch self {
    case .fraction: 1
    case .destination(let origin): origin.count
    }
  }
}

/// What each of a few actions would lead to, for all copies.
public struct Afterstates: Sendable, Equatable {
  /// Number of copies.
  public let copies: Int
  /// Number of actions.
  public let actions: Int
  /// Shape [actions, copies]: the part of the reward that is known at the decision.
  public var rewards: [Float]
  /// Shape [actions, copies, features]: what is left when the action is done.
  public var features: [Float]

  public init(copies: Int, actions: Int, features: Int) {
    self.copies = copies
    self.actions = actions
    rewards = Array(repeating: 0, count: copies * actions)
    self.features = Array(repeating: 0, count: copies * actions * features)
  }
}
